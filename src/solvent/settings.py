"""What a deployment may set: environment variables with the prefix SOLVENT_, or a file .env beside the process."""

import os
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from solvent.errors import SettingsError

CHILD_VARIABLES = frozenset({"SOLVENT_API_URL"})
"""Variables with our prefix that are no settings: the dashboard's page learns from it where the API is."""


class Environment(StrEnum):
    """Where we run: on one machine for one person, or for a lender."""

    LOCAL = "local"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    """How log events are written."""

    CONSOLE = "console"
    JSON = "json"


class Settings(BaseSettings):
    """Facts of a deployment; facts of a model live in its bundle."""

    model_config = SettingsConfigDict(env_prefix="SOLVENT_", env_file=".env", extra="ignore", frozen=True)

    environment: Environment = Environment.LOCAL
    home: Path = Field(Path(".solvent"), description="folder of the embedded database, the MLflow store and the demo")
    database_url: SecretStr | None = Field(None, description="postgresql://...; unset: the embedded server, local only")
    mlflow_tracking_uri: str | None = Field(None, description="unset: an SQLite file in the home folder")
    log_format: LogFormat = LogFormat.CONSOLE
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    max_body_bytes: int = Field(256 * 1024, ge=1024, description="largest body of /predict")
    max_batch_body_bytes: int = Field(4 * 1024 * 1024, ge=1024, description="largest body of /predict-batch")

    @cached_property
    def tracking_uri(self) -> str:
        """Where MLflow keeps its runs."""
        if self.mlflow_tracking_uri:
            return self.mlflow_tracking_uri
        return f"sqlite:///{(self.home / 'mlflow' / 'mlflow.db').resolve()}"

    @property
    def database_directory(self) -> Path:
        """Where the embedded server keeps its data."""
        return self.home / "postgres"


def read_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsError: a setting is unknown or does not fit; the message names it and never shows its value.
    """
    _refuse_unknown_names()
    try:
        settings = Settings()
    except ValidationError as error:
        names = ", ".join(f"SOLVENT_{'_'.join(map(str, fault['loc'])).upper()}" for fault in error.errors())
        raise SettingsError(f"settings with a wrong value: {names}; see docs/settings.md") from None
    if settings.environment is Environment.PRODUCTION and settings.database_url is None:
        raise SettingsError("SOLVENT_DATABASE_URL is missing: production needs a PostgreSQL of its own")
    return settings


def _refuse_unknown_names() -> None:
    """A mistyped SOLVENT_DATABASE_URL must not end in the embedded server."""
    known = {f"SOLVENT_{name.upper()}" for name in Settings.model_fields} | CHILD_VARIABLES
    unknown = sorted(name for name in os.environ if name.startswith("SOLVENT_") and name not in known)
    if unknown:
        raise SettingsError(f"unknown settings: {', '.join(unknown)}; see docs/settings.md")

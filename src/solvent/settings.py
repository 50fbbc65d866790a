"""What a deployment may set: environment variables with the prefix SOLVENT_, a file .env, or a folder of secrets."""

import os
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from solvent.errors import SettingsError

SECRETS_FOLDER = "SOLVENT_SECRETS_FOLDER"
"""Variable that names a folder whose files are settings: the form in which containers are handed secrets."""

CHILD_VARIABLES = frozenset({"SOLVENT_API_URL"})
"""Variables with our prefix that are no settings: the dashboard's page learns from it where the API is."""

MAX_AT_WORK, MAX_IN_QUEUE, QUEUE_MS = 32, 32, 250
"""What the writer commits at once (`batching.MAX_BATCH`), and as many behind them."""


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
    authentication: bool | None = Field(None, description="ask callers for a key; unset: not in local, else yes")
    allowed_hosts: str = Field("", description="names that a Host header may hold, with commas; empty: see the page")
    max_at_work: int = Field(MAX_AT_WORK, ge=1, description="requests for decisions at work in one worker")
    max_in_queue: int = Field(MAX_IN_QUEUE, ge=0, description="requests that wait for a place at work in one worker")
    queue_ms: int = Field(QUEUE_MS, ge=1, description="longest wait for a place at work")
    max_connections: int = Field(2000, ge=1, description="connections of one worker")
    max_memory_mb: int = Field(2048, ge=64, description="resident memory of a worker from which it decides no more")
    rate_per_key: int = Field(1000, ge=0, description="requests per second of one key; 0: no limit")
    rate_per_address: int = Field(2000, ge=0, description="requests per second of one address; 0: no limit")
    drain_seconds: float = Field(0.0, ge=0, le=30, description="time to answer on after SIGTERM, not ready any more")
    audit_folder: Path | None = Field(None, description="where the ledger is kept outside the database; unset: in home")
    audit_key_file: Path | None = Field(None, description="Ed25519 key that signs the ledger; unset: in home")
    decisions_kept_days: int = Field(5 * 366, ge=183, description="age at which months of decisions are dropped")
    failures_kept_days: int = Field(5 * 366, ge=30, description="the same for requests that got no decision")
    telemetry_kept_days: int = Field(30, ge=1, description="the same for scores of shadow models")
    claims_kept_hours: int = Field(72, ge=24, description="age at which an Idempotency-Key may be used anew")
    promotion_gates: Path | None = Field(
        None, description="TOML file of promotion gates; unset: those that are shipped"
    )
    alert_rules: Path | None = Field(None, description="TOML file of alert rules; unset: those that are shipped")
    alert_webhook: SecretStr | None = Field(None, description="http(s) URL that is told of alerts; unset: none")
    bundle_public_key: Path | None = Field(None, description="take only bundles that the key with this half has signed")
    dashboard_password: SecretStr | None = Field(None, description="asked of everybody who opens the dashboard")
    dashboard_user_header: str | None = Field(
        None, pattern="^[A-Za-z0-9-]+$", description="header in which a trusted proxy names the signed-in person"
    )
    dashboard_proxy_secret: SecretStr | None = Field(None, description="what that proxy says of itself in a header")
    shadow_bundle: Path | None = Field(None, description="a bundle that scores beside the model in force")

    @cached_property
    def tracking_uri(self) -> str:
        """Where MLflow keeps its runs."""
        if self.mlflow_tracking_uri:
            return self.mlflow_tracking_uri
        return f"sqlite:///{(self.home / 'mlflow' / 'mlflow.db').resolve()}"

    @property
    def models_folder(self) -> Path:
        """Where promotion puts the champion's bundle."""
        return self.home / "models"

    @property
    def asks_for_keys(self) -> bool:
        """Whether callers need a key."""
        return self.environment is not Environment.LOCAL if self.authentication is None else self.authentication

    @property
    def ledger_folder(self) -> Path:
        """Where the ledger is kept outside the database."""
        return self.audit_folder or self.home / "audit"

    @property
    def signing_key_file(self) -> Path:
        """The key that signs the ledger."""
        return self.audit_key_file or self.home / "audit" / "signing.key"

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
    secrets = _find_secrets()
    try:
        settings = Settings(_secrets_dir=secrets)
    except ValidationError as error:
        names = ", ".join(f"SOLVENT_{'_'.join(map(str, fault['loc'])).upper()}" for fault in error.errors())
        raise SettingsError(f"settings with a wrong value: {names}; see docs/settings.md") from None
    if settings.environment is Environment.PRODUCTION and settings.database_url is None:
        raise SettingsError("SOLVENT_DATABASE_URL is missing: production needs a PostgreSQL of its own")
    return settings


def _find_secrets() -> Path | None:
    """The folder of secrets, if one is named."""
    named = os.environ.get(SECRETS_FOLDER)
    if named is not None and not Path(named).is_dir():
        raise SettingsError(f"{SECRETS_FOLDER} names no folder: mount the secrets there, or remove the setting")
    return Path(named) if named is not None else None


def _refuse_unknown_names() -> None:
    """A mistyped SOLVENT_DATABASE_URL must not end in the embedded server."""
    known = {f"SOLVENT_{name.upper()}" for name in Settings.model_fields} | CHILD_VARIABLES | {SECRETS_FOLDER}
    unknown = sorted(name for name in os.environ if name.startswith("SOLVENT_") and name not in known)
    if unknown:
        raise SettingsError(f"unknown settings: {', '.join(unknown)}; see docs/settings.md")

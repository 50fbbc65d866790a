import re
from pathlib import Path

import pytest

from solvent.errors import SettingsError
from solvent.settings import Environment, Settings, read_settings

DOCUMENT = Path(__file__).parents[1] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SOLVENT_{name.upper()}", raising=False)


def test_defaults_are_those_of_one_machine(tmp_path: Path) -> None:
    settings = read_settings()
    assert settings.environment is Environment.LOCAL
    assert settings.database_url is None
    assert settings.database_directory == Path(".solvent/postgres")
    assert settings.tracking_uri == f"sqlite:///{tmp_path}/.solvent/mlflow/mlflow.db"


def test_a_tracking_uri_replaces_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLVENT_MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert read_settings().tracking_uri == "http://127.0.0.1:5000"


def test_production_needs_a_database_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLVENT_ENVIRONMENT", "production")
    with pytest.raises(SettingsError, match="SOLVENT_DATABASE_URL is missing"):
        read_settings()


def test_production_starts_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLVENT_ENVIRONMENT", "production")
    monkeypatch.setenv("SOLVENT_DATABASE_URL", "postgresql://solvent@127.0.0.1/solvent")
    assert read_settings().environment is Environment.PRODUCTION


def test_a_wrong_value_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLVENT_LOG_LEVEL", "s3cret")
    with pytest.raises(SettingsError, match="SOLVENT_LOG_LEVEL") as caught:
        read_settings()
    assert "s3cret" not in str(caught.value)


def test_a_mistyped_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLVENT_DATABSE_URL", "postgresql://127.0.0.1/solvent")
    with pytest.raises(SettingsError, match="unknown settings: SOLVENT_DATABSE_URL"):
        read_settings()


def test_a_database_url_does_not_show_in_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLVENT_DATABASE_URL", "postgresql://solvent:s3cret@127.0.0.1/solvent")
    assert "s3cret" not in repr(read_settings())


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    documented = set(re.findall(r"^\| `(SOLVENT_\w+)`", DOCUMENT.read_text(), re.MULTILINE))
    assert documented == {f"SOLVENT_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize(
    ("environment", "authentication", "asks"),
    [("local", None, False), ("local", "on", True), ("production", None, True), ("production", "off", False)],
)
def test_callers_are_asked_for_keys_outside_local_unless_it_is_said(
    monkeypatch: pytest.MonkeyPatch, environment: str, authentication: str | None, *, asks: bool
) -> None:
    monkeypatch.setenv("SOLVENT_ENVIRONMENT", environment)
    monkeypatch.setenv("SOLVENT_DATABASE_URL", "postgresql://solvent@127.0.0.1/solvent")
    if authentication is not None:
        monkeypatch.setenv("SOLVENT_AUTHENTICATION", authentication)
    assert read_settings().asks_for_keys is asks


def test_a_file_of_the_secrets_folder_holds_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "solvent_database_url").write_text("postgresql://solvent@127.0.0.1/from-a-file")
    monkeypatch.setenv("SOLVENT_SECRETS_FOLDER", str(tmp_path))
    url = read_settings().database_url
    assert url is not None
    assert url.get_secret_value() == "postgresql://solvent@127.0.0.1/from-a-file"


def test_a_variable_comes_before_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "solvent_log_level").write_text("ERROR")
    monkeypatch.setenv("SOLVENT_SECRETS_FOLDER", str(tmp_path))
    monkeypatch.setenv("SOLVENT_LOG_LEVEL", "DEBUG")
    assert read_settings().log_level == "DEBUG"


def test_a_secrets_folder_that_is_absent_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOLVENT_SECRETS_FOLDER", str(tmp_path / "absent"))
    with pytest.raises(SettingsError, match="SOLVENT_SECRETS_FOLDER names no folder"):
        read_settings()


def test_decisions_cannot_be_kept_for_less_than_six_months(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLVENT_DECISIONS_KEPT_DAYS", "182")
    with pytest.raises(SettingsError, match="SOLVENT_DECISIONS_KEPT_DAYS"):
        read_settings()
    monkeypatch.setenv("SOLVENT_DECISIONS_KEPT_DAYS", "183")
    assert read_settings().decisions_kept_days == 183

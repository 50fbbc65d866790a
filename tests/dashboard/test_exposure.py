import pytest

from solvent.dashboard.exposure import check_exposure, is_loopback
from solvent.errors import SettingsError
from solvent.settings import Settings


def settings(**values: str) -> Settings:
    return Settings.model_validate(values)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("192.0.2.1", False),
        ("10.0.0.7", False),
        ("lan", False),
    ],
)
def test_knows_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_is_open_on_this_machine() -> None:
    check_exposure("127.0.0.1", settings())


def test_refuses_to_be_open_to_others() -> None:
    with pytest.raises(SettingsError, match=r"would be open to all at 192\.0\.2\.1: set SOLVENT_DASHBOARD_PASSWORD"):
        check_exposure("192.0.2.1", settings())


@pytest.mark.parametrize(
    "values", [{"dashboard_password": "correct horse"}, {"dashboard_user_header": "X-Forwarded-User"}]
)
def test_may_be_reached_by_others_if_it_asks_who_they_are(values: dict[str, str]) -> None:
    check_exposure("192.0.2.1", settings(**values))


def test_refuses_a_short_password_everywhere() -> None:
    with pytest.raises(SettingsError, match="at least 12 characters"):
        check_exposure("127.0.0.1", settings(dashboard_password="short"))  # noqa: S106 - too short for any use

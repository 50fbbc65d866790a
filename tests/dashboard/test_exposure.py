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


BY_PROXY = {"dashboard_user_header": "X-Forwarded-User", "dashboard_proxy_secret": "x" * 24}


@pytest.mark.parametrize("values", [{"dashboard_password": "correct horse"}, BY_PROXY])
def test_may_be_reached_by_others_if_it_asks_who_they_are(values: dict[str, str]) -> None:
    check_exposure("192.0.2.1", settings(**values))


def test_refuses_a_short_password_everywhere() -> None:
    with pytest.raises(SettingsError, match="at least 12 characters"):
        check_exposure("127.0.0.1", settings(dashboard_password="short"))  # noqa: S106 - too short for any use


@pytest.mark.parametrize("others", [{}, {"dashboard_password": "correct horse"}])
def test_refuses_a_proxy_that_others_could_pose_as(others: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"whoever reaches 192\.0\.2\.1 could write X-Forwarded-User"):
        check_exposure("192.0.2.1", settings(dashboard_user_header="X-Forwarded-User", **others))


def test_believes_a_proxy_without_a_secret_on_this_machine() -> None:
    check_exposure("127.0.0.1", settings(dashboard_user_header="X-Forwarded-User"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (BY_PROXY | {"dashboard_proxy_secret": "x" * 23}, "at least 24 characters"),
        ({"dashboard_proxy_secret": "x" * 24}, "asked of nobody: set SOLVENT_DASHBOARD_USER_HEADER"),
        (BY_PROXY | {"dashboard_proxy_secret": "é" * 24}, "must be ASCII"),
        (
            BY_PROXY | {"dashboard_user_header": "x-solvent-proxy-secret"},
            "let SOLVENT_DASHBOARD_USER_HEADER be another",
        ),
    ],
)
def test_refuses_a_secret_that_keeps_nobody_out(values: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        check_exposure("127.0.0.1", settings(**values))

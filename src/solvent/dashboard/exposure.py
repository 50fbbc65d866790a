"""Where the dashboard may be served: what it shows must not be open to everybody who reaches a port."""

from ipaddress import ip_address

from solvent.errors import SettingsError
from solvent.settings import Settings

SHORTEST_PASSWORD = 12


def check_exposure(host: str, settings: Settings) -> None:
    """Return if the dashboard may be served at an address.

    Raises:
        SettingsError: others could reach it and nothing would ask who they are, or the password is too short.
    """
    password = settings.dashboard_password
    if password is not None and len(password.get_secret_value()) < SHORTEST_PASSWORD:
        raise SettingsError(f"SOLVENT_DASHBOARD_PASSWORD is too short: at least {SHORTEST_PASSWORD} characters")
    if password is None and settings.dashboard_user_header is None and not is_loopback(host):
        raise SettingsError(
            f"the dashboard shows clients' data and would be open to all at {host}: set SOLVENT_DASHBOARD_PASSWORD, "
            "or SOLVENT_DASHBOARD_USER_HEADER behind a proxy that signs people in"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

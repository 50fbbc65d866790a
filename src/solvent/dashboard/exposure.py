"""Where the dashboard may be served: what it shows must not be open to everybody who reaches a port."""

from ipaddress import ip_address

from solvent.errors import SettingsError
from solvent.settings import Settings

PROXY_HEADER = "X-Solvent-Proxy-Secret"
"""In which a proxy that signs people in shows that it is the proxy: others may reach the port."""
SHORTEST_PASSWORD = 12
SHORTEST_PROXY_SECRET = 24
"""Nobody has to remember it, and wrong ones are not counted."""


def check_exposure(host: str, settings: Settings) -> None:
    """Return if the dashboard may be served at an address.

    Raises:
        SettingsError: others could reach it and nothing would ask who they are, they could name themselves as the proxy
            does, or a secret is too short.
    """
    password = settings.dashboard_password
    if password is not None and len(password.get_secret_value()) < SHORTEST_PASSWORD:
        raise SettingsError(f"SOLVENT_DASHBOARD_PASSWORD is too short: at least {SHORTEST_PASSWORD} characters")
    _check_proxy(host, settings)
    if password is None and settings.dashboard_user_header is None and not is_loopback(host):
        raise SettingsError(
            f"the dashboard shows clients' data and would be open to all at {host}: set SOLVENT_DASHBOARD_PASSWORD, "
            "or SOLVENT_DASHBOARD_USER_HEADER behind a proxy that signs people in"
        )


def _check_proxy(host: str, settings: Settings) -> None:
    secret = settings.dashboard_proxy_secret
    if secret is not None and len(secret.get_secret_value()) < SHORTEST_PROXY_SECRET:
        raise SettingsError(f"SOLVENT_DASHBOARD_PROXY_SECRET is too short: at least {SHORTEST_PROXY_SECRET} characters")
    if secret is not None and not secret.get_secret_value().isascii():
        raise SettingsError("SOLVENT_DASHBOARD_PROXY_SECRET must be ASCII: headers carry nothing else")
    if (settings.dashboard_user_header or "").lower() == PROXY_HEADER.lower():
        raise SettingsError(f"{PROXY_HEADER} carries the secret: let SOLVENT_DASHBOARD_USER_HEADER be another header")
    if secret is not None and settings.dashboard_user_header is None:
        raise SettingsError("SOLVENT_DASHBOARD_PROXY_SECRET is asked of nobody: set SOLVENT_DASHBOARD_USER_HEADER too")
    if secret is None and settings.dashboard_user_header is not None and not is_loopback(host):
        raise SettingsError(
            f"whoever reaches {host} could write {settings.dashboard_user_header} as the proxy does: set "
            "SOLVENT_DASHBOARD_PROXY_SECRET, and let the proxy send it (docs/dashboard.md)"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

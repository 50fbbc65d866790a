"""Who may look: everybody on a loopback address, elsewhere who has the password or whom a trusted proxy names."""

import hmac
import time
from collections import deque
from collections.abc import Mapping

import streamlit as st

from solvent.dashboard.exposure import PROXY_HEADER, check_exposure
from solvent.dashboard.texts import common
from solvent.dashboard.visit import Visit
from solvent.errors import SettingsError
from solvent.settings import Settings

SIGNED_IN = "signed_in"
MOST_ATTEMPTS, ATTEMPT_SECONDS = 10, 60.0
"""Wrong passwords of all visitors together; a password of 12 characters then outlasts any search."""


def is_admitted(visit: Visit) -> bool:
    """Whether the visitor has shown what the settings ask for."""
    settings = visit.settings
    is_signed_in = settings.dashboard_password is None or bool(st.session_state.get(SIGNED_IN))
    return is_signed_in and is_vouched_for(st.context.headers, settings)


def is_vouched_for(headers: Mapping[str, str], settings: Settings) -> bool:
    """Whether a proxy is not asked for, or names somebody and knows the secret, if there is one."""
    if settings.dashboard_user_header is None:
        return True
    if not headers.get(settings.dashboard_user_header):
        return False
    secret = settings.dashboard_proxy_secret
    shown = headers.get(PROXY_HEADER) or ""
    return secret is None or hmac.compare_digest(shown.encode(), secret.get_secret_value().encode())


def ask_for_access(visit: Visit) -> None:
    """Return if the visitor may look; else show the way in and end the page."""
    settings = visit.settings
    _check_address(visit)
    if not is_vouched_for(st.context.headers, settings):
        st.error(visit.say(common.NOT_SIGNED_IN), icon=":material/lock:")
        st.stop()
    if settings.dashboard_password is not None and not st.session_state.get(SIGNED_IN):
        _ask_for_password(visit, settings.dashboard_password.get_secret_value())
        st.stop()


def _check_address(visit: Visit) -> None:
    """Streamlit may have been started without our command."""
    try:
        check_exposure(str(st.get_option("server.address") or "0.0.0.0"), visit.settings)  # noqa: S104 - nothing is bound
    except SettingsError:
        st.error(visit.say(common.NOT_SIGNED_IN), icon=":material/lock:")
        st.stop()


def visitor(visit: Visit) -> str:
    """How the visitor is named in what they change."""
    header = visit.settings.dashboard_user_header
    return (st.context.headers.get(header) or "dashboard")[:100] if header else "dashboard"


def _ask_for_password(visit: Visit, password: str) -> None:
    st.title("Solvent", anchor=False)
    with st.form("sign_in", width=380):
        given = st.text_input(visit.say(common.PASSWORD), type="password", autocomplete="current-password")
        is_sent = st.form_submit_button(visit.say(common.SIGN_IN), type="primary")
    if not is_sent:
        return
    attempts = _recent_attempts()
    if len(attempts) >= MOST_ATTEMPTS:
        st.error(visit.say(common.WAIT), icon=":material/hourglass:")
    elif hmac.compare_digest(given.encode(), password.encode()):
        st.session_state[SIGNED_IN] = True
        st.rerun()
    else:
        attempts.append(time.monotonic())
        st.error(visit.say(common.WRONG_PASSWORD), icon=":material/lock:")


@st.cache_resource(show_spinner=False)
def _attempts() -> deque[float]:
    return deque(maxlen=MOST_ATTEMPTS)


def _recent_attempts() -> deque[float]:
    attempts = _attempts()
    while attempts and attempts[0] < time.monotonic() - ATTEMPT_SECONDS:
        attempts.popleft()
    return attempts

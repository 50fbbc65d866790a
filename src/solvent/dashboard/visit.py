"""One visit: language and filters, which live in the URL, and where the data are."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from solvent.dashboard.texts.language import Language, Text
from solvent.settings import Settings, read_settings

KEPT = "kept"
DEFAULTS: Mapping[str, str] = {
    "lang": Language.ENGLISH.value,
    "window": "7d",
    "from": "",
    "to": "",
    "model": "",
    "request": "",
    "live": "",
}
"""What a URL may hold; no name, number or value of a client is among it (RELIABILITY.md, P-20)."""
LONGEST = 80


@dataclass(frozen=True)
class Visit:
    """Who asks in which language, and the deployment that is asked."""

    language: Language
    settings: Settings
    database_url: str | None
    api_url: str

    def say(self, text: Text, **values: object) -> str:
        """A text in the language of the visit, its braces filled."""
        return text.read(self.language).format(**values)


def restore() -> None:
    """Take the state of the URL at the first run of a visit; what is unknown or long is left out."""
    if KEPT not in st.session_state:
        given = {name: st.query_params.get(name, default) for name, default in DEFAULTS.items()}
        st.session_state[KEPT] = {name: value if len(value) <= LONGEST else "" for name, value in given.items()}


def kept(name: str) -> str:
    """What the URL holds under a name of `DEFAULTS`."""
    return str(st.session_state.get(KEPT, DEFAULTS).get(name, DEFAULTS[name]))


def keep(name: str, value: str) -> None:
    """Put a value into the URL; it stays over all pages."""
    st.session_state[KEPT][name] = value


def publish() -> None:
    """Write what differs from the defaults into the address bar."""
    wanted = {name: value for name, value in st.session_state[KEPT].items() if value and value != DEFAULTS[name]}
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)


def start_visit() -> Visit:
    """What the pages need; the command `solvent dashboard` sets the addresses."""
    settings = read_settings()
    url = settings.database_url
    return Visit(
        language=Language(kept("lang")) if kept("lang") in set(Language) else Language.ENGLISH,
        settings=settings,
        database_url=None if url is None else url.get_secret_value(),
        api_url=os.environ.get("SOLVENT_API_URL", "http://127.0.0.1:8000"),
    )

"""The frame of every page: access, language, navigation. Run by `solvent dashboard`."""

from pathlib import Path

import streamlit as st

from solvent.dashboard.access import ask_for_access, is_admitted
from solvent.dashboard.readying import ready_charts
from solvent.dashboard.texts import common
from solvent.dashboard.texts.language import LANGUAGE_NAMES, Language, Text
from solvent.dashboard.visit import keep, kept, publish, restore, start_visit

PAGES = Path(__file__).parent / "views"
REFRESH_SECONDS = 60
DRAWN = "drawn"

SECTIONS: tuple[tuple[Text, tuple[tuple[str, Text, str], ...]], ...] = (
    (
        common.WATCH,
        (
            ("home", common.HOME, ":material/home:"),
            ("overview", common.OVERVIEW, ":material/monitoring:"),
            ("performance", common.SERVICE, ":material/speed:"),
            ("business", common.BUSINESS, ":material/payments:"),
        ),
    ),
    (
        common.MODEL_SECTION,
        (
            ("drift", common.DRIFT, ":material/trending_up:"),
            ("quality", common.QUALITY, ":material/fact_check:"),
            ("risk", common.RISK, ":material/target:"),
            ("model", common.MODEL, ":material/account_tree:"),
        ),
    ),
    (
        common.ANSWER,
        (
            ("decision", common.DECISION, ":material/person_search:"),
            ("alerts", common.ALERTS, ":material/notifications:"),
            ("audit", common.AUDIT, ":material/lock:"),
        ),
    ),
)
"""Title, and for each page its file and address, title and icon."""

STYLE = """
<style>
[data-testid="stCaptionContainer"] { opacity: 1 !important; }
[data-testid="stCaptionContainer"] p { color: #5A6772 !important; }
[data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
[data-testid="stAppDeployButton"], [data-testid="stMainMenu"] { display: none; }
.block-container { padding-top: 2.5rem; padding-bottom: 3rem; max-width: 1240px; }
[data-testid="stMarkdown"] code { user-select: all; color: #1F2A33; background: #F4F6F7; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem !important; padding-bottom: 0.25rem !important; }
h3 { font-size: 1.05rem !important; font-weight: 600 !important; padding: 0 0 0.35rem !important; }
</style>
"""


def show_frame() -> None:
    """Draw the frame and the page that the address names."""
    st.set_page_config(page_title="Solvent", page_icon=str(Path(__file__).parent / "mark.png"), layout="wide")
    st.html(STYLE)
    restore()
    language = _choose_language()
    visit = start_visit()
    page = st.navigation(
        {section.read(language): _pages(entries, language) for section, entries in SECTIONS},
        position="sidebar" if is_admitted(visit) else "hidden",
    )
    ask_for_access(visit)
    if _choose_refresh(language):
        st.session_state[DRAWN] = True
        _draw_again()
    page.run()
    publish()
    ready_charts()


@st.fragment(run_every=REFRESH_SECONDS)
def _draw_again() -> None:
    """Do nothing while the frame is drawn; when the minute is over run alone, and have everything drawn again.

    A page itself cannot be the fragment: Streamlit lets it run once for each run of the frame.
    """
    if not st.session_state.pop(DRAWN, False):
        st.rerun()


def _pages(entries: tuple[tuple[str, Text, str], ...], language: Language) -> list[st.Page]:
    return [
        st.Page(PAGES / f"{name}.py", title=title.read(language), icon=icon, url_path=name, default=name == "home")
        for name, title, icon in entries
    ]


def _choose_language() -> Language:
    current = kept("lang") if kept("lang") in set(Language) else Language.ENGLISH.value
    with st.sidebar:
        chosen = st.segmented_control(
            "Language / Langue",
            [language.value for language in Language],
            default=current,
            required=True,
            format_func=lambda code: LANGUAGE_NAMES[Language(code)],
            key="language",
            label_visibility="collapsed",
        )
    keep("lang", str(chosen))
    return Language(chosen)


def _choose_refresh(language: Language) -> bool:
    with st.sidebar:
        is_live = st.toggle(common.REFRESH.read(language), value=kept("live") == "1", key="live")
    keep("live", "1" if is_live else "")
    return is_live


if __name__ == "__main__":
    show_frame()

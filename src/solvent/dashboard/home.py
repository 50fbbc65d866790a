"""The home page: state of API and database, figures of the last 24 hours, what to do next.

Run by `solvent dashboard`, which sets SOLVENT_DATABASE_URL and SOLVENT_API_URL for it.
"""

import os

import streamlit as st

from solvent.dashboard import texts
from solvent.dashboard.api_state import ApiState, read_api_state
from solvent.dashboard.figures import format_count, format_milliseconds, format_share, format_time
from solvent.dashboard.texts import Language, Text
from solvent.decision_log.reading.reader import LogSummary, read_summary
from solvent.errors import DecisionLogError

API_COMMAND = "solvent api --bundle BUNDLE"
DATABASE_COMMAND = "solvent db check"
TRAFFIC_COMMAND = "solvent traffic --num-predictions 100"


def show_page(api_url: str, database_url: str | None) -> None:
    """Draw the page from what API and database say now."""
    st.set_page_config(page_title="Solvent", layout="wide")
    language = _choose_language()
    st.title(texts.TITLE.read(language))
    st.markdown(texts.LEAD.read(language))
    left, right = st.columns(2, gap="large")
    with left:
        _show_api(read_api_state(api_url), api_url, language)
    with right:
        summary = _show_database(database_url, language)
    if summary is not None:
        _show_figures(summary, language)
    _show_guide(api_url, language)


def _choose_language() -> Language:
    with st.sidebar:
        names = [language.value for language in Language]
        chosen = Language(st.radio("Language / Langue", names, key="language", horizontal=True) or names[0])
        st.button(texts.REFRESH.read(chosen), width="stretch")
    return chosen


def _show_api(state: ApiState, url: str, language: Language) -> None:
    st.subheader(texts.API.read(language))
    if state.is_ready:
        st.success(texts.API_READY.read(language), icon=":material/check_circle:")
    elif state.answers:
        missing = ", ".join(state.missing)
        st.warning(texts.API_NOT_READY.read(language).format(missing=missing), icon=":material/warning:")
    else:
        st.error(texts.API_AWAY.read(language).format(url=url), icon=":material/error:")
        _show_remedy(texts.API_REMEDY, API_COMMAND, language)
    if state.model is not None:
        version, features = state.model.version, format_count(state.model.n_features, language)
        threshold = format_share(state.model.threshold, language)
        line = texts.MODEL.read(language).format(version=version, features=features, threshold=threshold)
        st.caption(line)


def _show_database(url: str | None, language: Language) -> LogSummary | None:
    st.subheader(texts.DATABASE.read(language))
    if url is None:
        st.error(texts.DATABASE_UNSET.read(language), icon=":material/error:")
        _show_remedy(texts.DATABASE_UNSET_REMEDY, "solvent dashboard", language)
        return None
    try:
        summary = read_summary(url)
    except DecisionLogError:
        st.error(texts.DATABASE_AWAY.read(language), icon=":material/error:")
        _show_remedy(texts.DATABASE_REMEDY, DATABASE_COMMAND, language)
        return None
    st.success(texts.DATABASE_READY.read(language), icon=":material/check_circle:")
    if summary.last_decision_at is not None:
        time = format_time(summary.last_decision_at, language)
        st.caption(texts.LAST_DECISION.read(language).format(time=time))
    return summary


def _show_figures(summary: LogSummary, language: Language) -> None:
    st.subheader(texts.FIGURES.read(language), divider="gray")
    predictions, approval, latency, errors = st.columns(4)
    predictions.metric(texts.PREDICTIONS.read(language), format_count(summary.decisions, language))
    approval.metric(texts.APPROVAL_RATE.read(language), format_share(summary.approval_rate, language))
    latency.metric(
        texts.MEAN_LATENCY.read(language),
        format_milliseconds(summary.mean_response_ms, language),
        help=texts.MEAN_LATENCY_HELP.read(language),
    )
    errors.metric(
        texts.ERROR_RATE.read(language),
        format_share(summary.error_rate, language),
        help=texts.ERROR_RATE_HELP.read(language),
    )
    if summary.decisions == 0:
        sentence = texts.NO_DECISIONS if summary.last_decision_at is None else texts.NONE_LATELY
        _show_remedy(sentence, TRAFFIC_COMMAND, language)


def _show_guide(api_url: str, language: Language) -> None:
    st.subheader(texts.GUIDE.read(language), divider="gray")
    for column, (what, how) in zip(st.columns(len(texts.GUIDE_STEPS)), texts.GUIDE_STEPS, strict=True):
        with column:
            st.markdown(what.read(language))
            st.code(how.format(api=api_url), language=None, wrap_lines=True)


def _show_remedy(sentence: Text, command: str, language: Language) -> None:
    st.markdown(sentence.read(language))
    st.code(command, language="shell")


if __name__ == "__main__":
    show_page(os.environ["SOLVENT_API_URL"], os.environ.get("SOLVENT_DATABASE_URL"))

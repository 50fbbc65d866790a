"""The home page: state of API and database, figures of the last 24 hours, what to do next."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from solvent.dashboard import reading
from solvent.dashboard.activity_blocks import show_hours, show_tiles
from solvent.dashboard.api_state import ApiState, read_api_state
from solvent.dashboard.blocks import (
    DATABASE_COMMAND,
    TRAFFIC_COMMAND,
    plain,
    reading_the_log,
    show_command,
    show_remedy,
)
from solvent.dashboard.numbers import format_count, format_share, format_time
from solvent.dashboard.texts import home as texts
from solvent.dashboard.visit import Visit, start_visit
from solvent.decision_log.figures.questions import Scope
from solvent.decision_log.reading.reader import LogSummary, read_summary
from solvent.errors import DecisionLogError

API_COMMAND = "solvent api --bundle BUNDLE"


def show_page(visit: Visit) -> None:
    """Draw the page from what API and database say now."""
    st.title(visit.say(texts.TITLE), anchor=False)
    st.markdown(visit.say(texts.LEAD))
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        _show_api(visit, read_api_state(visit.api_url))
    with right, st.container(border=True, height="stretch"):
        summary = _show_database(visit)
    if summary is not None:
        _show_figures(visit, summary)
        if summary.decisions:
            _show_volume(visit)
    _show_guide(visit)


def _show_api(visit: Visit, state: ApiState) -> None:
    st.subheader(visit.say(texts.API), anchor=False)
    if state.is_ready:
        st.success(visit.say(texts.API_READY), icon=":material/check_circle:")
    elif state.answers:
        st.warning(visit.say(texts.API_NOT_READY, missing=", ".join(state.missing)), icon=":material/warning:")
    else:
        st.error(visit.say(texts.API_AWAY, url=visit.api_url), icon=":material/error:")
        show_remedy(visit.say(texts.API_REMEDY), API_COMMAND)
    if state.model is not None:
        features = format_count(state.model.n_features, visit.language)
        threshold = format_share(state.model.threshold, visit.language)
        st.caption(visit.say(texts.MODEL, version=state.model.version, features=features, threshold=threshold))
    elif state.answers and visit.database_url is not None:
        _show_recorded_model(visit, visit.database_url)


def _show_recorded_model(visit: Visit, url: str) -> None:
    """What the log says is in force: an API with keys does not tell us."""
    try:
        model = reading.read_models(url).in_force()
    except DecisionLogError:
        return  # the block beside this one says that the log is away
    if model is not None:
        threshold = format_share(model.threshold, visit.language)
        st.caption(visit.say(texts.RECORDED_MODEL, version=plain(model.version), threshold=threshold))


def _show_database(visit: Visit) -> LogSummary | None:
    st.subheader(visit.say(texts.DATABASE), anchor=False)
    if visit.database_url is None:
        st.error(visit.say(texts.DATABASE_UNSET), icon=":material/error:")
        show_remedy(visit.say(texts.DATABASE_UNSET_REMEDY), "solvent dashboard")
        return None
    try:
        summary = read_summary(visit.database_url)
    except DecisionLogError:
        st.error(visit.say(texts.DATABASE_AWAY), icon=":material/error:")
        show_remedy(visit.say(texts.DATABASE_REMEDY), DATABASE_COMMAND)
        return None
    st.success(visit.say(texts.DATABASE_READY), icon=":material/check_circle:")
    if summary.last_decision_at is not None:
        st.caption(visit.say(texts.LAST_DECISION, time=format_time(summary.last_decision_at, visit.language)))
    return summary


def _show_figures(visit: Visit, summary: LogSummary) -> None:
    st.subheader(visit.say(texts.FIGURES), anchor=False)
    show_tiles(visit, summary, title=texts.PREDICTIONS)
    if summary.decisions == 0:
        sentence = texts.NO_DECISIONS if summary.last_decision_at is None else texts.NONE_LATELY
        show_remedy(visit.say(sentence), TRAFFIC_COMMAND)


def _show_volume(visit: Visit) -> None:
    with reading_the_log(visit) as url:
        reading.count_new(url)
        end = reading.next_full_hour(datetime.now(UTC))
        scope = Scope(end - timedelta(hours=24), end)
        activity = reading.read_activity(url, scope)
        if activity.count:
            show_hours(visit, activity, scope)


def _show_guide(visit: Visit) -> None:
    st.subheader(visit.say(texts.GUIDE), anchor=False)
    for column, (what, how) in zip(st.columns(len(texts.GUIDE_STEPS)), texts.GUIDE_STEPS, strict=True):
        with column:
            st.markdown(visit.say(what))
            show_command(how.format(api=visit.api_url))


if __name__ == "__main__":
    show_page(start_visit())

"""The filters of a page: window and model version, kept in the URL."""

from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from solvent.dashboard import reading
from solvent.dashboard.numbers import format_hour
from solvent.dashboard.texts import common
from solvent.dashboard.visit import Visit, keep, kept
from solvent.decision_log.figures.questions import Scope

SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}


def choose_scope(visit: Visit, url: str) -> Scope:
    """Show the filters and return the decisions that they choose; raises DecisionLogError."""
    now = datetime.now(UTC)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        window = _choose_window(visit)
    with right:
        version = choose_model(visit, url)
    if window == "range":
        start, end = _choose_dates(visit, now.date())
    else:
        end = reading.next_full_hour(now)
        start = _start(url, window, end)
    line = visit.say(common.WINDOW_LINE, start=format_hour(start, visit.language), end=format_hour(end, visit.language))
    st.caption(line)
    return Scope(start, end, version)


def _choose_window(visit: Visit) -> str:
    current = kept("window") if kept("window") in common.WINDOWS else "7d"
    chosen = st.segmented_control(
        visit.say(common.WINDOW),
        list(common.WINDOWS),
        default=current,
        required=True,
        format_func=lambda name: visit.say(common.WINDOWS[name]),
        key=f"window_{visit.language}",
    )
    keep("window", str(chosen))
    return str(chosen)


def choose_model(visit: Visit, url: str) -> str | None:
    """Let one version be chosen; None stands for all of them."""
    options = ["", *(model.version for model in reading.read_models(url).models)]
    current = options.index(kept("model")) if kept("model") in options else 0
    chosen = st.selectbox(
        visit.say(common.MODEL_VERSION),
        options,
        index=current,
        format_func=lambda version: version or visit.say(common.ALL_MODELS),
        key=f"model_{visit.language}",
    )
    keep("model", chosen or "")
    return chosen or None


def _start(url: str, window: str, end: datetime) -> datetime:
    if window in SPANS:
        return end - SPANS[window]
    span = reading.read_span(url)
    return end - SPANS["24h"] if span is None else span[0].replace(minute=0, second=0, microsecond=0)


def _choose_dates(visit: Visit, today: date) -> tuple[datetime, datetime]:
    first, last = st.columns(2)
    start = first.date_input(
        visit.say(common.FROM), _read_date(kept("from"), today - timedelta(days=6)), max_value=today,
        format="YYYY-MM-DD", key="from",
    )  # fmt: skip
    end = last.date_input(
        visit.say(common.TO), _read_date(kept("to"), today), max_value=today, format="YYYY-MM-DD", key="to"
    )
    start, end = min(start, end), max(start, end)
    keep("from", start.isoformat())
    keep("to", end.isoformat())
    midnight = datetime.combine(start, time(), UTC)
    return midnight, datetime.combine(end, time(), UTC) + timedelta(days=1)


def _read_date(text: str, otherwise: date) -> date:
    try:
        return min(date.fromisoformat(text), datetime.now(UTC).date())
    except ValueError:
        return otherwise

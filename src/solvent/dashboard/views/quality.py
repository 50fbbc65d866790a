"""Data quality: the newest figures of the monitors on completeness, ranges, categories and histories."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from solvent.dashboard import reading
from solvent.dashboard.blocks import Note, Table, card, plain_label, reading_the_log, show_chart, show_note, show_remedy
from solvent.dashboard.charts.risk import draw_bars
from solvent.dashboard.numbers import format_hour, format_share
from solvent.dashboard.texts import common
from solvent.dashboard.texts import quality as texts
from solvent.dashboard.texts.language import Text
from solvent.dashboard.visit import Visit, start_visit
from solvent.decision_log.figures.questions import Answer
from solvent.domain.measurements import Measurement

SINGLE: tuple[tuple[str, Text], ...] = (
    ("data_quality_score", texts.SCORE),
    ("without_history_rate", texts.WITHOUT_HISTORY),
    ("stale_history_rate", texts.STALE),
    ("thin_file_shift", texts.THIN),
)
COLUMNS_SHOWN = 12
LOOK_BACK = timedelta(days=400)


def show_page(visit: Visit) -> None:
    """Draw the figures of the newest window that was measured."""
    st.title(visit.say(common.QUALITY), anchor=False)
    st.markdown(visit.say(texts.LEAD))
    with reading_the_log(visit) as url:
        names = (*(name for name, _ in SINGLE), *texts.METRICS)
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        measured = reading.read_measured(url, names, midnight - LOOK_BACK)
        if not measured.value:
            with st.container(border=True):
                show_remedy(visit.say(texts.NONE), texts.COMMAND)
            return
        window = max((one.window for one in measured.value), key=lambda window: (window.end, window.start))
        start, end = (format_hour(moment, visit.language) for moment in (window.start, window.end))
        st.caption(visit.say(texts.WINDOW, start=start, end=end))
        newest = Answer(tuple(one for one in measured.value if one.window == window), measured.query, measured.count)
        _show_figures(visit, newest.value)
        for metric, title in texts.METRICS.items():
            _show_columns(visit, title, newest, metric=metric)


def _show_figures(visit: Visit, measured: tuple[Measurement, ...]) -> None:
    for column, (name, title) in zip(st.columns(len(SINGLE)), SINGLE, strict=True):
        value = next((one.value for one in measured if one.metric == name), None)
        explained = visit.say(texts.SCORE_HELP) if name == "data_quality_score" else None
        column.metric(visit.say(title), format_share(value, visit.language), help=explained, border=True)


def _show_columns(visit: Visit, title: Text, newest: Answer[tuple[Measurement, ...]], *, metric: str) -> None:
    measured = [one for one in newest.value if one.metric == metric]
    shares = sorted(((one.subject, one.value) for one in measured if one.value), key=lambda pair: -(pair[1] or 0.0))
    with card(visit, title):
        if shares:
            bars = [(plain_label(name), value) for name, value in shares[:COLUMNS_SHOWN]]
            alt = visit.say(texts.BARS_ALT, title=visit.say(title))
            show_chart(visit, draw_bars(bars, x=visit.say(texts.RATE)), alt=alt, key=f"quality_{metric}")
        else:
            st.markdown(visit.say(texts.NOTHING))
        count = max((one.count for one in measured), default=0)
        note = Note(newest.query, count, None, visit.say(texts.INTERVAL))
        show_note(visit, note, Table(metric, ("column", "share"), shares))


if __name__ == "__main__":
    show_page(start_visit())

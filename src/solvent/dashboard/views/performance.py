"""The service: response times per endpoint, the slowest decisions, requests without a decision."""

import streamlit as st

from solvent.dashboard import reading
from solvent.dashboard.blocks import (
    Note,
    Table,
    card,
    reading_the_log,
    show_chart,
    show_empty_window,
    show_note,
    show_table,
)
from solvent.dashboard.charts.activity import draw_latencies
from solvent.dashboard.filters import choose_scope
from solvent.dashboard.numbers import format_count, format_milliseconds, format_time
from solvent.dashboard.texts import common
from solvent.dashboard.texts import performance as texts
from solvent.dashboard.visit import Visit, start_visit
from solvent.decision_log.figures.operations import QUANTILES, ErrorCount, Latency
from solvent.decision_log.figures.questions import Answer, Scope


def show_page(visit: Visit) -> None:
    """Draw the page for the chosen window and model."""
    st.title(visit.say(common.SERVICE), anchor=False)
    st.markdown(visit.say(texts.LEAD))
    with reading_the_log(visit) as url:
        with st.spinner(visit.say(common.COUNTING)):
            reading.count_new(url)
        scope = choose_scope(visit, url)
        latencies = reading.read_latencies(url, scope)
        errors = reading.read_errors(url, scope)
        if latencies.count + errors.count == 0:
            show_empty_window(visit)
            return
        if latencies.value:
            _show_figures(visit, latencies.value, errors)
            _show_latencies(visit, latencies, scope)
            _show_slowest(visit, url, scope)
        _show_errors(visit, errors, scope)


def _show_figures(visit: Visit, latencies: tuple[Latency, ...], errors: Answer[tuple[ErrorCount, ...]]) -> None:
    busiest = max(latencies, key=lambda one: one.count)
    columns = st.columns(4)
    for column, (title, place) in zip(columns, ((texts.P50, 2), (texts.P95, 4), (texts.P99, 5)), strict=False):
        value = format_milliseconds(busiest.quantiles[place], visit.language)
        column.metric(f"{visit.say(title)} ({busiest.endpoint})", value, border=True)
    columns[3].metric(visit.say(texts.FAILED), format_count(errors.count, visit.language), border=True)


def _show_latencies(visit: Visit, answer: Answer[tuple[Latency, ...]], scope: Scope) -> None:
    with card(visit, texts.LATENCY):
        figure = draw_latencies(answer.value, x=visit.say(texts.LATENCY_AXIS))
        show_chart(visit, figure, alt=visit.say(texts.LATENCY_ALT), key="latency")
        st.caption(visit.say(texts.LATENCY_NOTE))
        columns = ("endpoint", "count", "mean_ms", *(f"p{share * 100:g}_ms" for share in QUANTILES))
        rows = [(one.endpoint, one.count, one.mean, *one.quantiles) for one in answer.value]
        note = Note(answer.query, answer.count, scope, visit.say(texts.LATENCY_INTERVAL))
        show_note(visit, note, Table("latency", columns, rows))


def _show_slowest(visit: Visit, url: str, scope: Scope) -> None:
    answer = reading.read_slowest(url, scope)
    columns = (
        "timestamp", "total_ms", "preprocessing_ms", "inference_ms", "endpoint", "decision", "request_id",
        "model_version",
    )  # fmt: skip
    rows = [
        (
            format_time(one.timestamp, visit.language), round(one.total_ms, 2), round(one.preprocessing_ms, 2),
            round(one.inference_ms, 2), one.endpoint, one.decision, str(one.request_id), one.model_version,
        )
        for one in answer.value
    ]  # fmt: skip
    with card(visit, texts.SLOWEST):
        table = Table("slowest", columns, rows)
        shown = [(*row[:5], visit.say(common.DECISIONS[row[5]]), row[6]) for row in rows]
        show_table(visit, Table("slowest", columns[:-1], shown), texts.HEADINGS)
        show_note(visit, Note(answer.query, answer.count, scope), table)


def _show_errors(visit: Visit, answer: Answer[tuple[ErrorCount, ...]], scope: Scope) -> None:
    with card(visit, texts.ERRORS):
        if not answer.value:
            st.markdown(visit.say(texts.NO_ERRORS))
        rows = [
            (one.status, one.cause, one.endpoint, one.count, format_time(one.last_at, visit.language))
            for one in answer.value
        ]
        table = Table("errors", ("status", "cause", "endpoint", "count", "last_at"), rows)
        if rows:
            show_table(visit, table, texts.HEADINGS)
        show_note(visit, Note(answer.query, answer.count, scope), table)


if __name__ == "__main__":
    show_page(start_visit())

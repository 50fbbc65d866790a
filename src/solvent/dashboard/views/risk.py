"""The model's performance: months realised and estimated, and what another threshold would have done."""

from datetime import UTC, datetime, timedelta

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
    show_remedy,
)
from solvent.dashboard.charts.risk import draw_costs, draw_months
from solvent.dashboard.filters import choose_scope
from solvent.dashboard.numbers import format_count, format_number, format_share
from solvent.dashboard.texts import common
from solvent.dashboard.texts import risk as texts
from solvent.dashboard.texts.language import Text
from solvent.dashboard.visit import Visit, start_visit
from solvent.decision_log.figures.overview import PROBABILITY_BIN, ProbabilityBin
from solvent.decision_log.figures.questions import Answer, Scope
from solvent.domain.measurements import Measurement
from solvent.domain.threshold import CostPoint, RiskBin, trace_costs

LOOK_BACK = timedelta(days=3 * 366)
ZONE = 0.01
"""Probabilities this close to the threshold are its zone."""


def show_page(visit: Visit) -> None:
    """Draw the months that the monitors measured, then the curve of costs of the chosen window."""
    st.title(visit.say(common.RISK), anchor=False)
    st.markdown(visit.say(texts.LEAD))
    with reading_the_log(visit) as url:
        with st.spinner(visit.say(common.COUNTING)):
            reading.count_new(url)
        _show_bias(visit, url)
        _show_months(visit, url)
        _show_cut_off(visit, url)


def _show_bias(visit: Visit, url: str) -> None:
    """Say what the figures cannot tell where the log knows outcomes of approved clients alone."""
    span = reading.read_span(url)
    if span is None:
        return
    everything = Scope(span[0].replace(minute=0, second=0, microsecond=0), reading.next_full_hour(span[1]))
    if reading.read_outcomes(url, everything).value.are_of_approved_alone:
        st.info(visit.say(texts.BIAS), icon=":material/info:")


def _show_months(visit: Visit, url: str) -> None:
    names = [f"{prefix}_{name}" for name in texts.METRICS for prefix in ("realised", "estimated")]
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    measured = reading.read_measured(url, (*names, "default_rate_ratio"), midnight - LOOK_BACK)
    if not measured.value:
        with st.container(border=True):
            show_remedy(visit.say(texts.NONE), texts.COMMAND)
        return
    blocks = [
        (name, title, [(texts.REALISED, f"realised_{name}"), (texts.ESTIMATED, f"estimated_{name}")])
        for name, title in texts.METRICS.items()
    ]
    blocks.append(("ratio", texts.CALIBRATION, [(texts.RATIO, "default_rate_ratio")]))
    for pair in (blocks[:2], blocks[2:]):
        for column, (name, title, lines) in zip(st.columns(2, gap="medium"), pair, strict=True):
            chosen = [(text, [one for one in measured.value if one.metric == metric]) for text, metric in lines]
            with column:
                _show_metric(visit, title, chosen, name=name, query=measured.query)


def _show_metric(
    visit: Visit, title: Text, lines: list[tuple[Text, list[Measurement]]], *, name: str, query: str
) -> None:
    with card(visit, title):
        pairs = [(visit.say(text), measured) for text, measured in lines if measured]
        if not pairs:
            show_remedy(visit.say(texts.NO_OUTCOMES), texts.OUTCOMES_COMMAND)
            return
        figure = draw_months(pairs, y="", is_share=name == "default_rate")
        show_chart(visit, figure, alt=visit.say(texts.MONTHS_ALT, title=visit.say(title)), key=f"months_{name}")
        everything = [one for _, measured in lines for one in measured]
        rows = [
            (one.metric, one.window.start.date().isoformat(), one.count, one.value, one.low, one.high)
            for one in everything
        ]
        note = Note(query, sum(one.count for one in lines[0][1]), None, visit.say(texts.INTERVAL))
        show_note(visit, note, Table(name, ("metric", "month", "count", "value", "low", "high"), rows))


def _show_cut_off(visit: Visit, url: str) -> None:
    st.subheader(visit.say(texts.CUT_OFF), anchor=False)
    scope = choose_scope(visit, url)
    probabilities = reading.read_probabilities(url, scope)
    model = reading.read_models(url).find(scope.model_version)
    if model is None or not probabilities.value:
        show_empty_window(visit)
        return
    costs = reading.read_documents(url, model.version).policy.costs
    false_negative, false_positive = (
        format_number(cost, visit.language) for cost in (costs.false_negative, costs.false_positive)
    )
    st.markdown(visit.say(texts.CUT_OFF_LEAD, false_negative=false_negative, false_positive=false_positive))
    expected = trace_costs(_expected(probabilities.value), costs)
    outcomes = reading.read_outcomes(url, scope)
    realised = trace_costs(outcomes.value.bins, costs) if outcomes.value.bins else ()
    percent = st.slider(visit.say(texts.THRESHOLD), 0.5, 50.0, round(200 * model.threshold) / 2, 0.5, key="cut_off")
    chosen = percent / 100
    left, right = st.columns(2, gap="medium")
    with left:
        _show_curve(visit, (expected, realised), probabilities, scope, threshold=model.threshold, chosen=chosen)
    with right:
        title = visit.say(texts.ESTIMATED_TITLE, count=format_count(probabilities.count, visit.language))
        _show_points(visit, title, expected, (chosen, model.threshold))
        if realised:
            title = visit.say(texts.REALISED_TITLE, count=format_count(outcomes.count, visit.language))
            if outcomes.value.are_of_approved_alone:
                title = f"{title} · {visit.say(texts.OF_APPROVED)}"
            _show_points(visit, title, realised, (chosen, model.threshold))
        else:
            show_remedy(visit.say(texts.NO_OUTCOMES), texts.OUTCOMES_COMMAND)
    _show_zone(visit, probabilities.value, model.threshold)


def _expected(bins: tuple[ProbabilityBin, ...]) -> list[RiskBin]:
    """Expected payers and defaulters of each bin: a calibrated probability is the share that defaults."""
    merged: dict[float, tuple[float, float]] = {}
    for one in bins:
        paid, defaulted = merged.get(one.low, (0.0, 0.0))
        merged[one.low] = (paid + one.count - one.total, defaulted + one.total)
    return [RiskBin(low, *both) for low, both in sorted(merged.items())]


def _show_curve(
    visit: Visit,
    curves: tuple[tuple[CostPoint, ...], tuple[CostPoint, ...]],
    probabilities: Answer[tuple[ProbabilityBin, ...]],
    scope: Scope,
    *,
    threshold: float,
    chosen: float,
) -> None:
    lines = [
        (visit.say(name), dash, points)
        for name, dash, points in zip(
            (texts.ESTIMATED_LINE, texts.REALISED_LINE), ("dot", "solid"), curves, strict=True
        )
        if points
    ]
    label = visit.say(texts.IN_FORCE, threshold=format_share(threshold, visit.language))
    with card(visit, texts.CURVE):
        figure = draw_costs(
            lines, threshold=(threshold, label), chosen=chosen, x=visit.say(texts.AXIS), y=visit.say(texts.COST_AXIS)
        )
        show_chart(visit, figure, alt=visit.say(texts.COST_ALT), key="costs")
        rows = [
            (name, round(one.threshold, 3), one.approval_rate, one.default_rate, one.cost)
            for name, _, points in lines
            for one in points
        ]
        note = Note(probabilities.query, probabilities.count, scope, visit.say(texts.CURVE_INTERVAL))
        show_note(visit, note, Table("costs", ("kind", "threshold", "approval_rate", "default_rate", "cost"), rows))


def _show_points(visit: Visit, title: str, points: tuple[CostPoint, ...], at: tuple[float, float]) -> None:
    now, in_force = (_at(points, threshold) for threshold in at)
    with st.container(border=True):
        st.markdown(f"**{title}**")
        approval, defaults, cost = st.columns(3)
        approval.metric(visit.say(texts.APPROVAL), format_share(now.approval_rate, visit.language))
        defaults.metric(visit.say(texts.DEFAULTS), format_share(now.default_rate, visit.language))
        cost.metric(visit.say(texts.COST), format_number(now.cost, visit.language, digits=3))
        difference = format_number(now.cost - in_force.cost, visit.language, digits=2)
        st.caption(visit.say(texts.AGAINST, difference=difference))


def _at(points: tuple[CostPoint, ...], threshold: float) -> CostPoint:
    return min(points, key=lambda one: abs(one.threshold - threshold))


def _show_zone(visit: Visit, bins: tuple[ProbabilityBin, ...], threshold: float) -> None:
    total = sum(one.count for one in bins)
    middle = PROBABILITY_BIN / 2
    close = sum(one.count for one in bins if abs(one.low + middle - threshold) <= ZONE)
    with card(visit, texts.ZONE):
        share, count, everything = (
            format_share(close / total, visit.language),
            format_count(close, visit.language),
            format_count(total, visit.language),
        )
        st.markdown(visit.say(texts.ZONE_LINE, share=share, count=count, total=everything))


if __name__ == "__main__":
    show_page(start_visit())

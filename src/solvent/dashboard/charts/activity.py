"""Charts of what happened: decisions, volume, probabilities, risk levels, amounts, response times."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import plotly.graph_objects as go

from solvent.dashboard.charts.theme import (
    ACCENT,
    DECISION_COLOURS,
    LEVEL_COLOURS,
    QUIET,
    mark_threshold,
    style,
)
from solvent.decision_log.figures.amounts import AMOUNT_BIN, AmountBin
from solvent.decision_log.figures.operations import Latency
from solvent.decision_log.figures.overview import PROBABILITY_BIN, ProbabilityBin

Names = Mapping[str, str]
SHOWN_SHARE = 0.999
"""Share of the decisions that an axis of amounts or probabilities covers: a few far values would flatten the rest."""


def draw_ring(counts: Mapping[str, int], names: Names, *, hole: float, centre: str = "") -> go.Figure:
    """Decisions as parts of a ring, or of a pie without a hole."""
    keys = [key for key in DECISION_COLOURS if counts.get(key)]
    figure = go.Figure(
        go.Pie(
            labels=[names[key] for key in keys],
            values=[counts[key] for key in keys],
            hole=hole,
            sort=False,
            direction="clockwise",
            marker={"colors": [DECISION_COLOURS[key] for key in keys], "line": {"color": "white", "width": 2}},
            textinfo="label+percent",
            textposition="outside",
            automargin=True,
            hovertemplate="%{label}: %{value:,} (%{percent})<extra></extra>",
        )
    )
    if centre:
        figure.add_annotation(text=centre, showarrow=False, font={"size": 20})
    return style(figure)


def draw_volume(volume: Sequence[tuple[datetime, int]], *, x: str, y: str) -> go.Figure:
    """Requests by hour as a line; hours without any count as zero."""
    counts = dict(volume)
    first, last = min(counts), max(counts)
    hours = [first + timedelta(hours=number) for number in range(int((last - first) / timedelta(hours=1)) + 1)]
    figure = go.Figure(
        go.Scatter(
            x=hours,
            y=[counts.get(hour, 0) for hour in hours],
            mode="lines",
            line={"color": ACCENT, "width": 1.6, "shape": "hv"},
            hovertemplate="%{x|%Y-%m-%d %H:%M}: %{y:,}<extra></extra>",
        )
    )
    figure.update_xaxes(type="date")
    figure.update_yaxes(rangemode="tozero")
    return style(figure, x=x, y=y)


def draw_probabilities(
    bins: Sequence[ProbabilityBin], names: Names, *, threshold: tuple[float, str] | None, x: str, y: str
) -> go.Figure:
    """Histogram of probabilities of default, stacked by decision, with the threshold."""
    figure = _stack(bins, names, width=PROBABILITY_BIN, number=".2%")
    style(figure, x=x, y=y, legend=True)
    figure.update_xaxes(tickformat=".0%", range=[0, _limit([(one.low, one.count) for one in bins]) + PROBABILITY_BIN])
    if threshold is not None:
        mark_threshold(figure, *threshold)
    return figure


def _stack(
    bins: Sequence[ProbabilityBin] | Sequence[AmountBin], names: Names, *, width: float, number: str
) -> go.Figure:
    """Bars of counts by bin, one decision on the other; `number` is how a value is written (d3-format)."""
    figure = go.Figure()
    for decision, colour in DECISION_COLOURS.items():
        chosen = [one for one in bins if one.decision == decision]
        figure.add_bar(
            x=[one.low + width / 2 for one in chosen],
            y=[one.count for one in chosen],
            width=width * 0.94,
            name=names[decision],
            marker={"color": colour, "line_width": 0},
            hovertemplate=f"%{{x:{number}}}: %{{y:,}}<extra></extra>",
        )
    figure.update_layout(barmode="stack")
    return figure


def draw_levels(counts: Mapping[str, int], names: Names, *, y: str) -> go.Figure:
    """Decisions by risk level as bars."""
    total = max(1, sum(counts.values()))
    levels = list(LEVEL_COLOURS)
    figure = go.Figure(
        go.Bar(
            x=[names[level] for level in levels],
            y=[counts.get(level, 0) for level in levels],
            width=0.55,
            marker={"color": [LEVEL_COLOURS[level] for level in levels]},
            text=[f"{100 * counts.get(level, 0) / total:.0f} %" for level in levels],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x}: %{y:,}<extra></extra>",
        )
    )
    return style(figure, y=y)


def draw_amounts(bins: Sequence[AmountBin], names: Names, *, x: str, y: str) -> go.Figure:
    """Histogram of loan amounts, stacked by decision."""
    figure = _stack(bins, names, width=AMOUNT_BIN, number=",.0f")
    style(figure, x=x, y=y, legend=True)
    figure.update_xaxes(range=[0, _limit([(one.low, one.count) for one in bins]) + AMOUNT_BIN], tickformat=",.0f")
    return figure


def draw_latencies(latencies: Sequence[Latency], *, x: str) -> go.Figure:
    """A box of the middle half for each endpoint, whiskers from 5 to 95 %, a cross at the mean."""
    figure = go.Figure()
    for one in latencies:
        low, first, median, third, high, _ = one.quantiles
        figure.add_box(
            y=[one.endpoint],
            q1=[first],
            median=[median],
            q3=[third],
            lowerfence=[low],
            upperfence=[high],
            mean=[one.mean],
            orientation="h",
            marker={"color": ACCENT},
            fillcolor="rgba(20,100,122,0.18)",
            line={"width": 1.5},
            name=one.endpoint,
            width=0.5,
        )
    style(figure, x=x, height=120 + 70 * len(latencies))
    figure.update_xaxes(rangemode="tozero", ticksuffix=" ms")
    figure.update_yaxes(tickfont={"color": QUIET})
    return figure


def _limit(counts: Sequence[tuple[float, int]]) -> float:
    wanted, below = SHOWN_SHARE * sum(count for _, count in counts), 0
    for low, count in sorted(counts):
        below += count
        if below >= wanted:
            return low
    return 1.0

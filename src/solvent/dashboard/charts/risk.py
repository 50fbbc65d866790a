"""Charts of the model: gauge and waterfall of one decision, its values beside others, costs, months, reliability."""

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from solvent.dashboard.charts.theme import (
    ACCENT,
    DECISION_COLOURS,
    GRID,
    INK,
    LIGHT,
    QUIET,
    REFUSED,
    mark_threshold,
    style,
)
from solvent.decision_log.figures.comparison import Quartiles
from solvent.domain.measurements import Measurement
from solvent.domain.threshold import CostPoint


def draw_gauge(probability: float, *, threshold: float, medium_from: float, is_refused: bool) -> go.Figure:
    """A probability of default on a half circle with the bands of the policy and the threshold."""
    top = min(1.0, max(2.5 * threshold, 1.2 * probability))
    figure = go.Figure(
        go.Indicator(
            mode="gauge+number",
            value=100 * probability,
            number={"suffix": " %", "valueformat": ".1f", "font": {"size": 38}},
            gauge={
                "axis": {"range": [0, 100 * top], "ticksuffix": " %", "tickcolor": QUIET, "tickfont": {"color": QUIET}},
                "bar": {"color": REFUSED if is_refused else ACCENT, "thickness": 0.45},
                "borderwidth": 0,
                "steps": [
                    {"range": [0, 100 * medium_from], "color": "#E3EFF2"},
                    {"range": [100 * medium_from, 100 * threshold], "color": "#C6DEE4"},
                    {"range": [100 * threshold, 100 * top], "color": "#F3DFD2"},
                ],
                "threshold": {"line": {"color": INK, "width": 3}, "value": 100 * threshold, "thickness": 0.9},
            },
        )
    )
    style(figure, height=230)
    figure.update_layout(margin={"l": 36, "r": 36, "t": 16, "b": 8})
    return figure


def draw_waterfall(steps: Sequence[tuple[str, float]], *, base: tuple[str, float], end: str, x: str) -> go.Figure:
    """From the log-odds before anything is known of a client, step by step to the score."""
    names = [base[0], *(name for name, _ in steps), end]
    figure = go.Figure(
        go.Waterfall(
            orientation="h",
            y=names,
            x=[base[1], *(weight for _, weight in steps), 0],
            measure=["absolute", *("relative" for _ in steps), "total"],
            increasing={"marker": {"color": REFUSED}},
            decreasing={"marker": {"color": ACCENT}},
            totals={"marker": {"color": QUIET}},
            connector={"line": {"color": GRID, "width": 1}},
            hovertemplate="%{y}: %{delta:+.3f}<extra></extra>",
        )
    )
    style(figure, x=x, height=70 + 27 * len(names))
    ends = list(accumulate((weight for _, weight in steps), initial=base[1]))
    margin = 0.08 * (max(ends) - min(ends)) + 0.02
    figure.update_xaxes(range=[min(ends) - margin, max(ends) + margin])
    figure.update_yaxes(autorange="reversed")
    return figure


def draw_beside_others(
    shown: Sequence[tuple[str, float | None, Sequence[Quartiles]]], names: dict[str, str], *, client: str
) -> go.Figure:
    """For each feature the middle half of approved and refused clients, with the client's own value as a line."""
    rows = (len(shown) + 1) // 2
    figure = make_subplots(
        rows=rows, cols=2, subplot_titles=[title for title, _, _ in shown], vertical_spacing=0.5 / rows
    )
    for place, (_, value, quartiles) in enumerate(shown):
        row, column = place // 2 + 1, place % 2 + 1
        for one in quartiles:
            figure.add_box(
                y=[names[one.decision]], q1=[one.first], median=[one.median], q3=[one.third], lowerfence=[one.first],
                upperfence=[one.third], orientation="h", line={"width": 1.5, "color": DECISION_COLOURS[one.decision]},
                fillcolor="rgba(0,0,0,0.04)", width=0.5, hoverinfo="x", row=row, col=column,
            )  # fmt: skip
        if value is not None:
            figure.add_vline(x=value, line={"color": INK, "width": 2}, row=row, col=column)
    figure.add_scatter(x=[None], y=[None], mode="lines", line={"color": INK, "width": 2}, name=client)
    style(figure, height=100 + 105 * rows)
    figure.update_layout(margin={"t": 34})
    figure.update_annotations(font={"size": 12, "color": INK})
    return figure


def draw_costs(
    lines: Sequence[tuple[str, str, Sequence[CostPoint]]],
    *,
    threshold: tuple[float, str],
    chosen: float,
    x: str,
    y: str,
) -> go.Figure:
    """Cost per application by threshold, one line for each way to know it."""
    figure = go.Figure()
    for name, dash, points in lines:
        figure.add_scatter(
            x=[one.threshold for one in points if one.threshold <= 0.5],
            y=[one.cost for one in points if one.threshold <= 0.5],
            mode="lines",
            name=name,
            line={"color": ACCENT, "width": 2, "dash": dash},
            hovertemplate="%{x:.1%}: %{y:.3f}<extra></extra>",
        )
    style(figure, x=x, y=y, legend=True)
    figure.update_xaxes(tickformat=".0%")
    figure.update_yaxes(rangemode="tozero")
    mark_threshold(figure, *threshold)
    figure.add_vline(x=chosen, line={"color": REFUSED, "width": 2})
    return figure


def draw_months(pairs: Sequence[tuple[str, Sequence[Measurement]]], *, y: str, is_share: bool = False) -> go.Figure:
    """Figures by month with their intervals: realised ones full, estimated ones open."""
    figure = go.Figure()
    for name, measured in pairs:
        is_estimated = measured[0].metric.startswith("estimated_")
        known = [(one, one.value) for one in measured if one.value is not None]
        figure.add_scatter(
            x=[one.window.start for one, _ in known],
            y=[value for _, value in known],
            error_y={
                "type": "data", "symmetric": False, "thickness": 1.2, "width": 4,
                "array": [(one.high or value) - value for one, value in known],
                "arrayminus": [value - (one.low or value) for one, value in known],
            },
            mode="lines+markers",
            name=name,
            line={
                "color": REFUSED if is_estimated else ACCENT, "width": 1.6, "dash": "dot" if is_estimated else "solid",
            },
            marker={"size": 8, "symbol": "circle-open" if is_estimated else "circle"},
        )  # fmt: skip
    style(figure, y=y, legend=True)
    figure.update_xaxes(tickformat="%Y-%m", dtick="M1")
    if is_share:
        figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure


def draw_reliability(points: Sequence[tuple[float, float, int]], *, x: str, y: str) -> go.Figure:
    """Mean probability against the share that defaulted; on the diagonal both agree."""
    top = 1.1 * max(max(expected, happened) for expected, happened, _ in points)
    figure = go.Figure(go.Scatter(x=[0, top], y=[0, top], mode="lines", line={"color": LIGHT, "dash": "dash"}))
    figure.add_scatter(
        x=[expected for expected, _, _ in points],
        y=[happened for _, happened, _ in points],
        mode="lines+markers",
        line={"color": ACCENT, "width": 1.6},
        marker={"size": 8},
        hovertemplate="%{x:.1%} → %{y:.1%}<extra></extra>",
    )
    style(figure, x=x, y=y)
    figure.update_xaxes(tickformat=".0%")
    figure.update_yaxes(tickformat=".0%")
    return figure


def draw_bars(shares: Sequence[tuple[str, float]], *, x: str, form: str = ".1%") -> go.Figure:
    """Named figures as bars, the largest at the top."""
    figure = go.Figure(
        go.Bar(
            y=[name for name, _ in shares],
            x=[share for _, share in shares],
            orientation="h",
            marker={"color": ACCENT},
            hovertemplate=f"%{{y}}: %{{x:{form}}}<extra></extra>",
        )
    )
    style(figure, x=x, height=70 + 24 * len(shares))
    figure.update_xaxes(tickformat=form, tickangle=0, nticks=4)
    figure.update_yaxes(autorange="reversed")
    return figure


def draw_intervals(
    figures: Sequence[tuple[str, float | None, float | None, float | None]], *, x: str, form: str
) -> go.Figure:
    """Named figures as points with their intervals (value, low, high), the first at the top."""
    known = [(name, value, low, high) for name, value, low, high in figures if value is not None]
    figure = go.Figure(
        go.Scatter(
            y=[name for name, *_ in known],
            x=[value for _, value, *_ in known],
            error_x={
                "type": "data", "symmetric": False, "thickness": 1.6, "width": 5,
                "array": [0.0 if high is None else high - value for _, value, _, high in known],
                "arrayminus": [0.0 if low is None else value - low for _, value, low, _ in known],
            },
            mode="markers",
            marker={"color": ACCENT, "size": 9},
            hovertemplate=f"%{{y}}: %{{x:{form}}}<extra></extra>",
        )
    )  # fmt: skip
    style(figure, x=x, height=76 + 30 * len(known))
    figure.update_xaxes(tickformat=form)
    figure.update_yaxes(autorange="reversed", type="category")
    return figure


def draw_history(points: Sequence[tuple[datetime, float]], *, limit: float, label: str, y: str) -> go.Figure:
    """A figure over time with the limit that asks for action."""
    figure = go.Figure(
        go.Scatter(
            x=[at for at, _ in points],
            y=[value for _, value in points],
            mode="lines+markers",
            line={"color": ACCENT, "width": 1.6},
            marker={"size": 8},
            hovertemplate="%{x|%Y-%m-%d %H:%M}: %{y:.1%}<extra></extra>",
        )
    )
    figure.add_hline(y=limit, line={"color": REFUSED, "width": 1.5, "dash": "dash"})
    figure.add_annotation(
        x=0, xref="paper", y=limit, text=label, showarrow=False, xanchor="left", yshift=10, font={"color": REFUSED}
    )
    style(figure, y=y)
    figure.update_yaxes(tickformat=".0%", range=[0, max(1.3 * limit, *(1.1 * value for _, value in points))])
    return figure

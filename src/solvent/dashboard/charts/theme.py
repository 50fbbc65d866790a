"""One style for all charts: a calm ground, one accent, and a second colour for refusals alone."""

from typing import Any

import plotly.graph_objects as go

from solvent.dashboard.texts.language import Language

ACCENT = "#14647A"
REFUSED = "#B8531A"
"""Told from the accent by people of every kind of colour vision; both have a contrast of over 4.5 on white."""
LIGHT = "#8CBDC8"
INK = "#1F2A33"
QUIET = "#5A6772"
GRID = "#E6EAED"
DECISION_COLOURS = {"approve": ACCENT, "refuse": REFUSED}
LEVEL_COLOURS = {"LOW": LIGHT, "MEDIUM": ACCENT, "HIGH": REFUSED}
HEIGHT = 300
FRENCH_SEPARATORS = ",\u202f"
"""Of decimals, then of thousands."""
DAY_MS = 86_400_000
FRENCH_DATES = (
    {"dtickrange": [None, DAY_MS - 1], "value": "%H:%M\n%d/%m"},
    {"dtickrange": [DAY_MS, None], "value": "%d/%m\n%Y"},
)
"""How ticks closer than a day, and others, are written; Plotly's own texts are English."""


def style(figure: go.Figure, *, x: str = "", y: str = "", height: int = HEIGHT, legend: bool = False) -> go.Figure:
    """Give a chart the style of the house, with the titles of its axes."""
    axis: dict[str, Any] = {
        "gridcolor": GRID, "zeroline": False, "linecolor": GRID, "automargin": True,
        "tickfont": {"color": QUIET}, "title_font": {"color": QUIET, "size": 13},
    }  # fmt: skip
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 24 if legend else 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        showlegend=legend,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": "", "traceorder": "normal"},
        hoverlabel={"bgcolor": "white", "font": {"color": INK}},
        bargap=0.06,
    )
    figure.update_xaxes(title=x, **axis)
    figure.update_yaxes(title=y, **axis)
    return figure


def localise(figure: go.Figure, language: Language) -> None:
    """Write numbers and dates as people of a language do; a chart is English until then."""
    if language is Language.FRENCH:
        figure.update_layout(separators=FRENCH_SEPARATORS)
        figure.update_xaxes(tickformatstops=FRENCH_DATES, selector=_is_of_dates)


def _is_of_dates(axis: go.layout.XAxis) -> bool:
    return bool(axis.type == "date")


def mark_threshold(figure: go.Figure, at: float, label: str) -> None:
    """Draw the threshold as an upright line with its label at the top."""
    figure.add_vline(x=at, line={"color": INK, "width": 1.5, "dash": "dash"})
    figure.add_annotation(
        x=at, y=1, yref="paper", text=label, showarrow=False, xanchor="left", xshift=6, font={"color": INK}
    )

"""A small picture of requests by hour that needs no chart library in the browser: the home page stands at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

from solvent.dashboard.charts.theme import ACCENT, GRID, QUIET

WIDTH, HEIGHT = 860, 170
LEFT, TOP, BOTTOM = 56, 12, 44
"""Room for the numbers at the left, above the highest bar, and for hours and the title of their axis below."""
GAP = 3
LABELLED_HOURS = 6


def draw_hours(
    counts: Sequence[tuple[datetime, int]], *, start: datetime, end: datetime, x: str, y: str, highest: str
) -> str:
    """Bars of requests by hour from start to end as SVG; hours without any count as zero.

    `x` and `y` name the axes, `highest` is how the largest count is written.
    """
    by_hour = dict(counts)
    hours = [start + timedelta(hours=number) for number in range(int((end - start) / timedelta(hours=1)))]
    step = (WIDTH - LEFT) / len(hours)
    most = max(1, *by_hour.values())
    floor = HEIGHT - BOTTOM
    parts = [_line(floor), _line(TOP), _text(LEFT - 8, TOP + 4, highest), _text(LEFT - 8, floor + 4, "0")]
    for place, hour in enumerate(hours):
        left, height = LEFT + place * step, (floor - TOP) * by_hour.get(hour, 0) / most
        parts.append(
            f'<rect x="{left + GAP / 2:.1f}" y="{floor - height:.1f}" width="{step - GAP:.1f}" height="{height:.1f}" '
            f'fill="{ACCENT}"/>'
        )
        if hour.hour % LABELLED_HOURS == 0:
            parts.append(_text(left, floor + 18, f"{hour:%H:%M}", anchor="start"))
    parts.append(_text(LEFT + (WIDTH - LEFT) / 2, HEIGHT - 6, f"{y} · {x}", anchor="middle"))
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    style = 'font-family="system-ui, sans-serif" font-size="13"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{"".join(parts)}</svg>'


def _line(y: float) -> str:
    return f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}" stroke="{GRID}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "end") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{QUIET}" text-anchor="{anchor}">{escape(text)}</text>'

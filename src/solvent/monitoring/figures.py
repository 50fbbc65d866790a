"""A figure with its 95 % interval, and the intervals of counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

Z = float(stats.norm.ppf(0.975))
"""Half the width of a 95 % interval of a normal figure, in standard deviations."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, and the interval that covers what it stands for in 95 of 100 samples."""

    value: float
    low: float
    high: float

    def covers(self, value: float) -> bool:
        """Whether the value lies within the interval."""
        return self.low <= value <= self.high


def normal_figure(value: float, variance: float, *, within: tuple[float, float] = (-np.inf, np.inf)) -> Figure:
    """A figure whose error is normal, cut off at the values that it cannot leave."""
    half = Z * float(np.sqrt(max(variance, 0.0)))
    low, high = within
    return Figure(value, max(low, value - half), min(high, value + half))


def measure_rate(events: int, rows: int) -> Figure:
    """Share of rows with an event; the interval is the score interval of Wilson (1927), without continuity correction.

    `rows` must be 1 or more. `scipy.stats.binomtest(events, rows).proportion_ci(method="wilson")` gives the same.
    """
    rate, spread = events / rows, Z**2 / rows
    middle = (rate + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * float(np.sqrt(rate * (1 - rate) / rows + spread / (4 * rows)))
    return Figure(rate, max(0.0, middle - half), min(1.0, middle + half))


def scale(figure: Figure, factor: float) -> Figure:
    """The figure in another unit; `factor` is positive and exact."""
    return Figure(figure.value * factor, figure.low * factor, figure.high * factor)


def share_covered(intervals: Sequence[Figure], values: Sequence[float]) -> float | None:
    """Share of the values that their intervals cover; None without any."""
    covered = [interval.covers(value) for interval, value in zip(intervals, values, strict=True)]
    return sum(covered) / len(covered) if covered else None

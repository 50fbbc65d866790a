"""A figure with its 95 % interval, and the intervals of counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solvent.statistics.rates import Z_95, wilson_interval


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
    half = Z_95 * float(np.sqrt(max(variance, 0.0)))
    low, high = within
    return Figure(value, max(low, value - half), min(high, value + half))


def measure_rate(events: int, rows: int) -> Figure:
    """Share of rows with an event; `rows` must be 1 or more."""
    return Figure(events / rows, *wilson_interval(events, rows))


def scale(figure: Figure, factor: float) -> Figure:
    """The figure in another unit; `factor` is positive and exact."""
    return Figure(figure.value * factor, figure.low * factor, figure.high * factor)


def share_covered(intervals: Sequence[Figure], values: Sequence[float]) -> float | None:
    """Share of the values that their intervals cover; None without any."""
    covered = [interval.covers(value) for interval, value in zip(intervals, values, strict=True)]
    return sum(covered) / len(covered) if covered else None

"""The interval of a rate."""

import math
from statistics import NormalDist

Z_95 = NormalDist().inv_cdf(0.975)
"""Half the width of a 95 % interval of a normal figure, in standard deviations."""


def wilson_interval(events: int, rows: int) -> tuple[float, float]:
    """95 % interval of the share of rows with an event: the score interval of Wilson (1927), without correction.

    `rows` must be 1 or more. `scipy.stats.binomtest(events, rows).proportion_ci(method="wilson")` gives the same.
    """
    rate, spread = events / rows, Z_95**2 / rows
    middle = (rate + spread / 2) / (1 + spread)
    half = Z_95 / (1 + spread) * math.sqrt(rate * (1 - rate) / rows + spread / (4 * rows))
    return max(0.0, middle - half), min(1.0, middle + half)

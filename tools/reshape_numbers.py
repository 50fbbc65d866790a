"""One numeric column: from published quantiles and exact values to the knots of `marginals.json`."""

from collections.abc import Mapping
from typing import Any

from solvent.world.drawing.sentinels import NO_DATE

SMALLEST_SPIKE, SMALLEST_SPIKE_OF_INTEGERS = 0.02, 0.05
"""Shares from which an exact value has an interval of its own; integers are rounded, so most need none."""

LATEST_EMPLOYMENT = -20.0
"""Where the days since the start of an employment end, before the sentinel of those without one."""

Spike = tuple[float, float, float]


def numeric_marginal(column: Mapping[str, Any]) -> dict[str, Any]:
    """Return levels `p` and values `x`; two levels with one value are a spike."""
    quantiles = [(float(level), value) for level, value in column["quantiles"].items()]
    spikes = place_spikes(
        quantiles, {float(value): share for value, share in column.get("spikes", {}).items()}, column["integer"]
    )
    points = [(p, x) for p, x in quantiles if not any(low <= p <= high for low, high, _ in spikes)]
    points += [(edge, x) for low, high, x in spikes for edge in (low, high)]
    if any(x == NO_DATE for _, _, x in spikes):
        points.append((round(spikes[-1][0] - 1e-6, 6), LATEST_EMPLOYMENT))
    points.sort()
    return {
        "missing": column["missing_rate"],
        "integer": column["integer"],
        "p": [p for p, _ in points],
        "x": [x for _, x in points],
    }


def place_spikes(quantiles: list[tuple[float, float]], shares: Mapping[float, float], is_integer: bool) -> list[Spike]:  # noqa: FBT001
    """Return low level, high level and value of each spike, in order and without overlap.

    Integers from the least value on follow one another, as far as their shares are known. Any other spike lies around
    the levels that have its value, within the nearest levels that have another one.
    """
    spikes: list[Spike] = []
    value = quantiles[0][1]
    while is_integer and value in shares:
        start = spikes[-1][1] if spikes else 0.0
        spikes.append((round(start, 6), round(start + shares[value], 6), value))
        value += 1
    smallest = SMALLEST_SPIKE_OF_INTEGERS if is_integer else SMALLEST_SPIKE
    placed = {value for _, _, value in spikes}
    for value in sorted(value for value, share in shares.items() if share >= smallest and value not in placed):
        low, high = _around(value, shares[value], quantiles)
        low = max(low, spikes[-1][1] if spikes else 0.0)
        if low < high:
            spikes.append((round(low, 6), round(high, 6), value))
    return spikes


def _around(value: float, share: float, quantiles: list[tuple[float, float]]) -> tuple[float, float]:
    levels = [p for p, x in quantiles if x == value]
    below = max((p for p, x in quantiles if x < value), default=0.0)
    above = min((p for p, x in quantiles if x > value), default=1.0)
    if not levels:
        middle = (below + above) / 2
        return middle - share / 2, middle + share / 2
    middle = (levels[0] + levels[-1]) / 2
    low, high = middle - share / 2, middle + share / 2
    if low < below:
        low, high = below, below + share
    if high > above:
        low, high = max(below, above - share), above
    return low, high

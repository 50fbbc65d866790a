"""Statistics over one client's rows (or one loan's), on float64 arrays where NaN is missing."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from solvent.features.client_values import SCALAR_OPERATIONS
from solvent.features.operations import MISSING, NO_CORRELATION, Array


def _mean(values: Array) -> float:
    return float(values.sum()) / values.size if values.size else MISSING


def _deviation(values: Array) -> float:
    if values.size < 2:
        return MISSING
    if values.max() == values.min():
        return 0.0
    centred = values - values.sum() / values.size
    return float(np.sqrt((centred * centred).sum() / (values.size - 1)))


STATISTICS: Mapping[str, Callable[[Array], float]] = MappingProxyType(
    {
        "sum": lambda values: float(values.sum()) if values.size else MISSING,
        "mean": _mean,
        "min": lambda values: float(values.min()) if values.size else MISSING,
        "max": lambda values: float(values.max()) if values.size else MISSING,
        "std": _deviation,
        "distinct": lambda values: float(np.unique(values).size) if values.size else MISSING,
    }
)
"""Statistics of the values that are there; missing if there is none."""


def take_statistic(statistic: str, values: Sequence[Array]) -> float:
    """Take a statistic over the rows that passed the filter.

    Args:
        statistic: a name of the language: count, share, latest, slope or a key of STATISTICS.
        values: the value column, and for slope the column it is taken over; all of one length.
    """
    rows = values[0]
    if statistic == "count":
        return float(rows.size)
    if statistic == "share":
        return float(np.equal(rows, 1.0).sum()) / rows.size if rows.size else MISSING
    if statistic == "latest":
        return float(rows[0]) if rows.size else MISSING
    if statistic == "slope":
        return _slope(rows, values[1])
    return STATISTICS[statistic](rows[~np.isnan(rows)])


def _slope(values: Array, over: Array) -> float:
    present = ~(np.isnan(values) | np.isnan(over))
    values, over = values[present], over[present]
    if values.size < 2 or over.max() == over.min():
        return MISSING
    values, over = values - _mean(values), over - _mean(over)
    together, spread = float((values * over).sum()), float((over * over).sum())
    if together * together <= NO_CORRELATION * spread * float((values * values).sum()):
        return 0.0
    return SCALAR_OPERATIONS["ratio"](together, spread)


def last_rows(order: Sequence[Array], count: int) -> npt.NDArray[np.intp]:
    """Return the positions of the last rows, the latest first.

    Args:
        order: the ordering column and its tie breakers, the most significant first; the largest value comes first,
            a missing tie breaker last. Rows whose ordering column is missing are in no order and left out.
        count: how many rows to keep.
    """
    dated = np.flatnonzero(~np.isnan(order[0]))
    ranked = np.lexsort([-column[dated] for column in reversed(order)])
    return dated[ranked[:count]]

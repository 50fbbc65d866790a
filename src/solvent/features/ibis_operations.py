"""The operations and statistics of the feature language as Ibis expressions over float64 columns.

NULL is missing. What differs between SQL engines, or between SQL and numpy, is spelled out here: division by zero, the
larger of a value and NULL, logarithms of nothing, the deviation of equal values.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import ibis

from solvent.features.operations import FLOAT32_MAX, NO_CORRELATION, NO_SUM

Column = Any
"""An ibis column; ibis ships no types that mypy could check."""

LARGEST_EXPONENT = math.log(FLOAT32_MAX)


def only_where(condition: Column, value: Column) -> Column:
    """The value where the condition is true, missing elsewhere."""
    return ibis.cases((condition, value), else_=ibis.null("float64"))


def _bounded(value: Column) -> Column:
    """Missing from FLOAT32_MAX on. NULL becomes the lower bound on the way: SQL's greatest passes over it."""
    largest = ibis.literal(FLOAT32_MAX, "float64")
    smallest = ibis.literal(-FLOAT32_MAX, "float64")
    return ibis.greatest(ibis.least(value, largest), smallest).nullif(largest).nullif(smallest)


def _ratio(numerator: Column, denominator: Column) -> Column:
    return _bounded(numerator / denominator.nullif(0.0))


def _larger(first: Column, second: Column) -> Column:
    return ibis.cases((first >= second, first), (first < second, second), else_=ibis.null("float64"))


def _smaller(first: Column, second: Column) -> Column:
    return ibis.cases((first <= second, first), (first > second, second), else_=ibis.null("float64"))


def _when(condition: Column, then: Column, otherwise: Column | None = None) -> Column:
    return ibis.cases((condition, then), else_=ibis.null("float64") if otherwise is None else otherwise)


OPERATIONS: Mapping[str, Callable[..., Column]] = MappingProxyType(
    {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: _bounded(a * b),
        "ratio": _ratio,
        "larger": _larger,
        "smaller": _smaller,
        "absolute": lambda a: a.abs(),
        "square_root": lambda a: only_where(a >= 0.0, a).sqrt(),
        "logarithm": lambda a: only_where(a > 0.0, a).ln(),
        "exponential": lambda a: _bounded(only_where(a <= LARGEST_EXPONENT, a).exp()),
        "coalesce": lambda a, b: a.fill_null(b),
        "is_missing": lambda a: a.isnull(),
        "less": lambda a, b: a < b,
        "less_or_equal": lambda a, b: a <= b,
        "equal": lambda a, b: a == b,
        "same_category": lambda a, b: a == b,
        "and": lambda a, b: a & b,
        "or": lambda a, b: a | b,
        "not": lambda a: ~a,
        "as_number": lambda a: a.cast("float64"),
        "when": _when,
    }
)
"""Row-wise operations by the name of a node."""


def _deviation(value: Column, where: Column) -> Column:
    spread = value.std(where=where, how="sample")
    equal = value.max(where=where) == value.min(where=where)
    return ibis.cases((value.count(where=where) < 2, ibis.null("float64")), (equal, ibis.literal(0.0)), else_=spread)


def _slope(value: Column, over: Column, where: Column) -> Column:
    both = where & value.notnull() & over.notnull()
    level = over.max(where=both) == over.min(where=both)
    together = value.cov(over, where=both, how="sample")
    spread = over.var(where=both, how="sample")
    unrelated = together * together <= spread * value.var(where=both, how="sample") * NO_CORRELATION
    return ibis.cases(
        (value.count(where=both) < 2, ibis.null("float64")),
        (level, ibis.null("float64")),
        (unrelated, ibis.literal(0.0)),
        else_=_ratio(together, spread),
    )


def _sum(value: Column, where: Column) -> Column:
    """The sum, exactly 0 where positive and negative values cancel."""
    found = value.sum(where=where)
    largest = ibis.greatest(value.max(where=where).abs(), value.min(where=where).abs())
    return ibis.cases((found.abs() <= largest * ibis.literal(NO_SUM, "float64"), ibis.literal(0.0)), else_=found)


def take_statistic(
    statistic: str, values: list[Column], rows: Column, where: Column, *, cancels: bool = False
) -> Column:
    """A statistic over the rows that pass a filter that is never NULL.

    Args:
        statistic: a name of the language.
        values: the value column, and for slope the column it is taken over.
        rows: the relation that they belong to.
        where: the filter.
        cancels: the values can be of both signs.
    """
    value = values[0]
    match statistic:
        case "sum" if cancels:
            return _sum(value, where)
        case "mean" if cancels:
            return _sum(value, where) / value.count(where=where).cast("float64").nullif(0.0)
        case "count":
            return rows.count(where=where).cast("float64")
        case "share":
            met = rows.count(where=where & value.fill_null(False)).cast("float64")  # noqa: FBT003
            return met / rows.count(where=where).cast("float64").nullif(0.0)
        case "distinct":
            return value.nunique(where=where).cast("float64").nullif(0.0)
        case "latest":
            return value.max(where=where)
        case "std":
            return _deviation(value, where)
        case "slope":
            return _slope(value, values[1], where)
    return getattr(value, statistic)(where=where)

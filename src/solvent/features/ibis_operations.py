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
from solvent.features.program import Node

Column = Any
"""An ibis column; ibis ships no types that mypy could check."""

LARGEST_EXPONENT = math.log(FLOAT32_MAX)


def only_where(condition: Column, value: Column) -> Column:
    """The value where the condition is true, missing elsewhere."""
    return ibis.cases((condition, value), else_=ibis.null(value.type()))


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


def _deviation(value: Column) -> Column:
    equal = value.max() == value.min()
    return ibis.cases(
        (value.count() < 2, ibis.null("float64")), (equal, ibis.literal(0.0)), else_=value.std(how="sample")
    )


def _slope(value: Column, over: Column) -> Column:
    value, over = only_where(over.notnull(), value), only_where(value.notnull(), over)
    level = over.max() == over.min()
    together = value.cov(over, how="sample")
    spread = over.var(how="sample")
    unrelated = together * together <= spread * value.var(how="sample") * NO_CORRELATION
    return ibis.cases(
        (value.count() < 2, ibis.null("float64")),
        (level, ibis.null("float64")),
        (unrelated, ibis.literal(0.0)),
        else_=_ratio(together, spread),
    )


def _sum(value: Column) -> Column:
    """The sum, exactly 0 where positive and negative values cancel."""
    return _settled(value.sum(), value)


def _settled(found: Column, value: Column) -> Column:
    largest = ibis.greatest(value.max().abs(), value.min().abs())
    return ibis.cases((found.abs() <= largest * ibis.literal(NO_SUM, "float64"), ibis.literal(0.0)), else_=found)


def take_statistic(
    node: Node, values: list[Column], rows: Column, where: Column | None, *, cancels: bool = False
) -> Column:
    """A statistic over the rows that pass a filter.

    Args:
        node: the statistic by its name in the language, and the part of a quantile.
        values: the value column, and for slope the column it is taken over.
        rows: the relation that they belong to.
        where: the filter, never NULL; None takes all rows. Rows that do not pass are made missing: with SQL's FILTER
            DuckDB copies all columns of the query for each statistic.
        cancels: the values can be of both signs.
    """
    if where is None:
        return _take(node, values, rows.count(), cancels=cancels)
    passing = only_where(where, ibis.literal(1, "int8")).count()
    return _take(node, [only_where(where, value) for value in values], passing, cancels=cancels)


def _take(node: Node, values: list[Column], rows: Column, *, cancels: bool) -> Column:
    """A statistic over values that are missing in rows that do not count; `rows` is how many do."""
    value = values[0]
    match node.statistic:
        case "sum" if cancels:
            return _sum(value)
        case "mean" if cancels:
            return _sum(value) / value.count().cast("float64").nullif(0.0)
        case "quantile":
            found = value.quantile(node.number)
            return _settled(found, value) if cancels else found
        case "count":
            return rows.cast("float64")
        case "share":
            met = only_where(value.fill_null(False), value).count()  # noqa: FBT003
            return met.cast("float64") / rows.cast("float64").nullif(0.0)
        case "slope":
            return _slope(value, values[1])
    return _OF_VALUES[node.statistic](value)


_OF_VALUES: Mapping[str, Callable[[Column], Column]] = MappingProxyType(
    {
        "sum": lambda value: value.sum(),
        "mean": lambda value: value.mean(),
        "min": lambda value: value.min(),
        "max": lambda value: value.max(),
        "latest": lambda value: value.max(),
        "std": _deviation,
        "distinct": lambda value: value.nunique().cast("float64").nullif(0.0),
    }
)
"""Statistics that ask nothing but the values; `latest` is given one row."""

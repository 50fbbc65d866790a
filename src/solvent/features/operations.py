"""The row-wise operations of the feature language on float64: NaN is missing, flags are 0 and 1.

Each exists twice with one meaning: here for the values of a client's rows (arrays), in `client_values` for one value.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Value = Any
"""A float for a client's value or a literal, an Array for the values of its rows."""

MISSING = math.nan
NO_CORRELATION = 1e-24
"""Squared correlation up to which a slope is exactly 0: below it only the order of summation speaks."""
NO_SUM = 1e-12
"""Share of the largest value up to which a sum of values of both signs is exactly 0, for the same reason."""
FLOAT32_MAX = float(np.finfo(np.float32).max)
"""Products, ratios and powers from here on are missing: no model can be given them, and the squares and sums of what is
below stay finite in float64."""


def _array_bounded(function: Callable[..., Array]) -> Callable[..., Array]:
    def run(*values: Value) -> Array:
        with np.errstate(over="ignore"):
            outcome = function(*values)
        outcome[~(np.abs(outcome) < FLOAT32_MAX)] = MISSING
        return outcome

    return run


def _array_ratio(numerator: Value, denominator: Value) -> Array:
    zero = np.equal(denominator, 0.0)
    quotient: Array = numerator / np.where(zero, MISSING, denominator)
    return quotient


def _array_compared(compare: Callable[..., Any]) -> Callable[[Value, Value], Array]:
    def run(first: Value, second: Value) -> Array:
        # The product is zero, or missing if one of the two is: half the time of a mask.
        outcome: Array = compare(first, second) + (first - second) * 0.0
        return outcome

    return run


def _array_and(first: Value, second: Value) -> Array:
    return np.where(np.equal(first, 0.0) | np.equal(second, 0.0), 0.0, first * second)


def _array_or(first: Value, second: Value) -> Array:
    return np.where(np.equal(first, 1.0) | np.equal(second, 1.0), 1.0, first + second)


def _where_valid(function: Callable[[Value], Array], valid: Callable[[Value], Any]) -> Callable[[Value], Array]:
    def run(value: Value) -> Array:
        return function(np.where(valid(value), value, MISSING))

    return run


def _array_coalesce(first: Value, second: Value) -> Array:
    return cast("Array", np.where(np.isnan(first), second, first))


def _array_when(condition: Value, then: Value, otherwise: Value = MISSING) -> Array:
    return cast("Array", np.where(np.equal(condition, 1.0), then, otherwise))


ARRAY_OPERATIONS: Mapping[str, Callable[..., Array]] = MappingProxyType(
    {
        "add": np.add,
        "subtract": np.subtract,
        "multiply": _array_bounded(np.multiply),
        "ratio": _array_bounded(_array_ratio),
        "larger": np.maximum,
        "smaller": np.minimum,
        "absolute": np.abs,
        "square_root": _where_valid(np.sqrt, lambda value: np.greater_equal(value, 0.0)),
        "logarithm": _where_valid(np.log, lambda value: np.greater(value, 0.0)),
        "exponential": _array_bounded(np.exp),
        "coalesce": _array_coalesce,
        "is_missing": lambda a: np.isnan(a).astype(np.float64),
        "less": _array_compared(np.less),
        "less_or_equal": _array_compared(np.less_equal),
        "equal": _array_compared(np.equal),
        "and": _array_and,
        "or": _array_or,
        "not": lambda a: 1.0 - a,
        "as_number": lambda a: a,
        "when": _array_when,
    }
)
"""For the rows of a history table: at least one argument is an array, the others may be floats."""

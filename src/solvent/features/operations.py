"""The row-wise operations of the feature language on float64: NaN is missing, flags are 0 and 1.

Each exists twice, for one client's value (plain floats) and for the values of its rows (arrays), with one meaning.
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
FLOAT32_MAX = float(np.finfo(np.float32).max)
"""Products, ratios and powers from here on are missing: no model can be given them, and the squares and sums of what is
below stay finite in float64."""


def _bounded(value: float) -> float:
    return value if abs(value) < FLOAT32_MAX else MISSING


def _ratio(numerator: float, denominator: float) -> float:
    return MISSING if denominator == 0.0 else _bounded(numerator / denominator)


def _larger(first: float, second: float) -> float:
    return MISSING if math.isnan(first) or math.isnan(second) else max(first, second)


def _smaller(first: float, second: float) -> float:
    return MISSING if math.isnan(first) or math.isnan(second) else min(first, second)


def _compared(compare: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    def run(first: float, second: float) -> float:
        return MISSING if math.isnan(first) or math.isnan(second) else float(compare(first, second))

    return run


def _and(first: float, second: float) -> float:
    return 0.0 if first == 0.0 or second == 0.0 else first * second


def _or(first: float, second: float) -> float:
    return 1.0 if first == 1.0 or second == 1.0 else first + second


def _exponential(value: float) -> float:
    try:
        return _bounded(math.exp(value))
    except OverflowError:
        return MISSING


SCALAR_OPERATIONS: Mapping[str, Callable[..., float]] = MappingProxyType(
    {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: _bounded(a * b),
        "ratio": _ratio,
        "larger": _larger,
        "smaller": _smaller,
        "absolute": abs,
        "square_root": lambda a: math.sqrt(a) if a >= 0.0 else MISSING,
        "logarithm": lambda a: math.log(a) if a > 0.0 else MISSING,
        "exponential": _exponential,
        "coalesce": lambda a, b: b if math.isnan(a) else a,
        "is_missing": lambda a: float(math.isnan(a)),
        "less": _compared(lambda a, b: a < b),
        "less_or_equal": _compared(lambda a, b: a <= b),
        "equal": _compared(lambda a, b: a == b),
        "and": _and,
        "or": _or,
        "not": lambda a: 1.0 - a,
        "as_number": lambda a: a,
        "when": lambda condition, then, otherwise=MISSING: then if condition == 1.0 else otherwise,
    }
)
"""For literals and for the one value of a client."""


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
        outcome: Array = compare(first, second).astype(np.float64)
        outcome[np.isnan(first) | np.isnan(second)] = MISSING
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

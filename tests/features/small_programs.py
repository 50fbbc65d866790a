"""Programs of a few features for tests, and the tables that they read."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from solvent.features.compilation import compile_features
from solvent.features.language import Declaration, Expression, feature, table
from solvent.features.program import Program
from solvent.features.request_engine import RequestEngine

Rows = Sequence[Mapping[str, Any]]

application = table("application")
bureau = table("bureau")
months = table("bureau_balance")
previous = table("previous_application")
pos = table("POS_CASH_balance")
instalments = table("installments_payments")


def declare(expression: Expression, name: str = "value") -> Declaration:
    """Name an expression, with descriptions that do not matter."""
    return feature(name, expression, unit="count", meaning="a value", reason="PROFILE")


def compile_all(*expressions: Expression) -> Program:
    """A program with the features value_0, value_1, ..."""
    return compile_features(declare(expression, f"value_{place}") for place, expression in enumerate(expressions))


def evaluate(expression: Expression, applicant: Mapping[str, Any] | None = None, **history: Rows) -> float | None:
    """The value of an expression for one client, None if it is missing."""
    engine = RequestEngine(compile_all(expression))
    (value,) = engine.evaluate(applicant or {}, engine.reduce_history(history)).tolist()
    return None if math.isnan(value) else value

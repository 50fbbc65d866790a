"""The catalogue's features of hand-made clients, for tests."""

import math
from typing import Any

from small_programs import Rows

from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.features.catalogue import build_program
from solvent.features.request_engine import RequestEngine

PROGRAM = build_program(FORBIDDEN_COLUMNS)
ENGINE = RequestEngine(PROGRAM)


def features_of(applicant: dict[str, Any] | None = None, **history: Rows) -> dict[str, float]:
    """The features that are not missing, by name."""
    values = ENGINE.evaluate(applicant or {}, ENGINE.reduce_history(history)).tolist()
    return {name: value for name, value in zip(PROGRAM.names, values, strict=True) if not math.isnan(value)}


def category_of(name: str, values: dict[str, float]) -> str:
    """The text behind a category feature's code."""
    (feature,) = (one for one in PROGRAM.features if one.name == name)
    return feature.categories[int(values[name])]

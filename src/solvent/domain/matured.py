"""Decisions whose outcome is final, as a model learns from them, and those that were made beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MaturedDecision:
    """The last matured decision on a client.

    `features` is the vector that the model got: float32, little endian, in the order of the program. `application` is
    the accepted input. A refused client has an outcome only where somebody else granted the loan, or in a simulation.
    """

    request_id: UUID
    decided_at: datetime
    client_id: int
    features: bytes
    application: Mapping[str, Any]
    has_history: bool
    is_approved: bool
    has_defaulted: bool


@dataclass(frozen=True, slots=True)
class RecordedVector:
    """The last decision on a client in the months that teach, whatever became of it; `features` as above."""

    client_id: int
    features: bytes
    is_approved: bool

"""Reads one reported outcome, as a row of a file or of a request names it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from solvent.domain.outcomes import OutcomeKind, ReportedOutcome
from solvent.errors import SolventError

CLIENT = "SK_ID_CURR"
REQUIRED = ("kind", "observed_at", "defaulted")
SUBJECTS = (CLIENT, "request_id")
OPTIONAL = ("reported_at", "withdrawn")
LARGEST_CLIENT = 2**31 - 1

_POSSIBLE: Mapping[OutcomeKind, tuple[bool | None, ...]] = {
    OutcomeKind.FIRST_PAYMENT_MISSED: (None,),
    OutcomeKind.LATE_30_DAYS: (None,),
    OutcomeKind.DEFAULT: (True,),
    OutcomeKind.MATURED: (False, True),
}
_ANSWERS = {"1": True, "true": True, "0": False, "false": False}
_TIME = "a time such as 2026-11-23T10:00:00Z"
_WANTED = {
    "request_id": "a request id as the API gave it",
    CLIENT: f"a whole number from 1 to {LARGEST_CLIENT}",
    "kind": f"one of {', '.join(OutcomeKind)}",
    "observed_at": _TIME,
    "reported_at": _TIME,
    "defaulted": "1, 0 or empty",
    "withdrawn": "1, 0 or empty",
}

Value = TypeVar("Value")
Row = Mapping[str, Any]


class OutcomeRowError(SolventError):
    """A row tells no outcome; `column` is the one to correct, empty where it is more than one. It repeats no value."""

    def __init__(self, fault: str, column: str = "") -> None:
        self.column = column
        self.fault = fault
        super().__init__(f"column {column}: {fault}" if column else fault)


def read_outcome(row: Row) -> ReportedOutcome:
    """Return what a row tells; other keys are passed over. A time without an offset is in UTC.

    Raises:
        OutcomeRowError: a value is missing or not as it must be.
    """
    request_id = _read(row, "request_id", UUID)
    client_id = _read(row, CLIENT, _to_client)
    if request_id is None and client_id is None:
        raise OutcomeRowError(f"names neither a client nor a request: fill {' or '.join(SUBJECTS)}")
    kind = _read_filled(row, "kind", OutcomeKind)
    observed_at = _read_filled(row, "observed_at", _to_time)
    reported_at = _read(row, "reported_at", _to_time)
    if reported_at is not None and reported_at < observed_at:
        raise OutcomeRowError("lies before observed_at: correct one of them", "reported_at")
    defaulted = _read(row, "defaulted", _to_answer)
    if defaulted not in _POSSIBLE[kind]:
        wanted = " or ".join("empty" if answer is None else str(int(answer)) for answer in _POSSIBLE[kind])
        raise OutcomeRowError(f"must be {wanted} for the kind {kind.value}", "defaulted")
    is_withdrawn = _read(row, "withdrawn", _to_answer) or False
    return ReportedOutcome(kind, observed_at, reported_at, defaulted, client_id, request_id, is_withdrawn)


def _read_filled(row: Row, name: str, convert: Callable[[str], Value]) -> Value:
    value = _read(row, name, convert)
    if value is None:
        raise OutcomeRowError("is empty: fill it", name)
    return value


def _read(row: Row, name: str, convert: Callable[[str], Value]) -> Value | None:
    cell = row.get(name)
    try:
        return None if cell is None else convert(str(cell).removesuffix(".0"))
    except (ValueError, KeyError, OverflowError):
        raise OutcomeRowError(f"must be {_WANTED[name]}", name) from None


def _to_client(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= LARGEST_CLIENT:
        raise ValueError
    return int(text)


def _to_time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _to_answer(text: str) -> bool:
    return _ANSWERS[text.lower()]

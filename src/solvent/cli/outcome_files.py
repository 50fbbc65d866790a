"""Reads files of outcomes, CSV or Parquet, and says where one is wrong."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from solvent.domain.outcomes import OutcomeKind, ReportedOutcome
from solvent.errors import SolventError
from solvent.tables.schemas import CLIENT

SUFFIXES = (".csv", ".parquet")
REQUIRED = ("kind", "observed_at", "defaulted")
SUBJECTS = (CLIENT, "request_id")
OPTIONAL = ("reported_at", "withdrawn")
BATCH_ROWS = 20_000
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


class OutcomeFileError(SolventError):
    """A file of outcomes cannot be read; the message names its line (CSV) or row (Parquet) and column."""


def read_outcomes(path: Path) -> Iterator[ReportedOutcome]:
    """Yield the outcomes of a file, one per row, in its order.

    Columns: kind, observed_at and defaulted, SK_ID_CURR or request_id or both (then the request counts), and if
    wanted reported_at and withdrawn; others are passed over. A time without an offset is in UTC.

    Raises:
        OutcomeFileError: the file, a column or a value is not as it must be; raised when it is reached.
    """
    rows = _parquet_rows(path) if path.suffix == ".parquet" else _csv_rows(path)
    for place, row in rows:
        yield _to_outcome(row, f"{path.name}, {place}")


def _csv_rows(path: Path) -> Iterator[tuple[str, Row]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        try:
            _check_columns(path, reader.fieldnames or ())
            for row in reader:
                if None in row or None in row.values():
                    raise OutcomeFileError(
                        f"{path.name}, line {reader.line_num}: does not have as many fields as the header: correct it"
                    )
                yield f"line {reader.line_num}", {name: value or None for name, value in row.items()}
        except (csv.Error, UnicodeDecodeError):
            raise OutcomeFileError(
                f"{path.name}, line {reader.line_num + 1}: is not CSV in UTF-8: export it again"
            ) from None


def _parquet_rows(path: Path) -> Iterator[tuple[str, Row]]:
    import pyarrow  # noqa: PLC0415 - 0.2 s that CSV and `--help` need not wait for
    import pyarrow.parquet  # noqa: PLC0415

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            _check_columns(path, names)
            wanted = [name for name in (*SUBJECTS, *REQUIRED, *OPTIONAL) if name in names]
            number = 0
            for batch in file.iter_batches(BATCH_ROWS, columns=wanted):
                for row in batch.to_pylist():
                    number += 1
                    yield f"row {number}", row
    except (pyarrow.ArrowException, OSError):
        raise OutcomeFileError(f"{path.name} is not a whole Parquet file: write or copy it again") from None


def _check_columns(path: Path, names: Iterable[str]) -> None:
    found = list(names)
    missing = [name for name in REQUIRED if name not in found]
    if not any(name in found for name in SUBJECTS):
        missing.append(" or ".join(SUBJECTS))
    if missing:
        raise OutcomeFileError(f"{path.name} lacks the column(s) {', '.join(missing)}: add them to the file")
    double = next((name for name in (*REQUIRED, *SUBJECTS, *OPTIONAL) if found.count(name) > 1), None)
    if double is not None:
        raise OutcomeFileError(f"{path.name} has the column {double} more than once: keep one of them")


def _to_outcome(row: Row, place: str) -> ReportedOutcome:
    request_id = _read(row, "request_id", place, UUID)
    client_id = _read(row, CLIENT, place, _to_client)
    if request_id is None and client_id is None:
        raise OutcomeFileError(f"{place}: names neither a client nor a request: fill {' or '.join(SUBJECTS)}")
    kind = _read_filled(row, "kind", place, OutcomeKind)
    observed_at = _read_filled(row, "observed_at", place, _to_time)
    reported_at = _read(row, "reported_at", place, _to_time)
    if reported_at is not None and reported_at < observed_at:
        raise OutcomeFileError(f"{place}, column reported_at: lies before observed_at: correct one of them")
    defaulted = _read(row, "defaulted", place, _to_answer)
    if defaulted not in _POSSIBLE[kind]:
        wanted = " or ".join("empty" if answer is None else str(int(answer)) for answer in _POSSIBLE[kind])
        raise OutcomeFileError(f"{place}, column defaulted: must be {wanted} for the kind {kind.value}")
    is_withdrawn = _read(row, "withdrawn", place, _to_answer) or False
    return ReportedOutcome(kind, observed_at, reported_at, defaulted, client_id, request_id, is_withdrawn)


def _read_filled(row: Row, name: str, place: str, convert: Callable[[str], Value]) -> Value:
    value = _read(row, name, place, convert)
    if value is None:
        raise OutcomeFileError(f"{place}, column {name}: is empty: fill it")
    return value


def _read(row: Row, name: str, place: str, convert: Callable[[str], Value]) -> Value | None:
    cell = row.get(name)
    try:
        return None if cell is None else convert(str(cell).removesuffix(".0"))
    except (ValueError, KeyError, OverflowError):
        raise OutcomeFileError(f"{place}, column {name}: must be {_WANTED[name]}") from None


def _to_client(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= LARGEST_CLIENT:
        raise ValueError
    return int(text)


def _to_time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _to_answer(text: str) -> bool:
    return _ANSWERS[text.lower()]

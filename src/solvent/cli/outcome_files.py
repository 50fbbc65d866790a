"""Reads files of outcomes, CSV or Parquet, and says where one is wrong."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from solvent.domain.outcome_rows import OPTIONAL, REQUIRED, SUBJECTS, OutcomeRowError, Row, read_outcome
from solvent.domain.outcomes import ReportedOutcome
from solvent.errors import SolventError

SUFFIXES = (".csv", ".parquet")
BATCH_ROWS = 20_000


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
        try:
            yield read_outcome(row)
        except OutcomeRowError as error:
            separator = ", " if error.column else ": "
            raise OutcomeFileError(f"{path.name}, {place}{separator}{error}") from None


def _csv_rows(path: Path) -> Iterator[tuple[str, Row]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        try:
            _check_header(path, reader.fieldnames or ())
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


def _check_header(path: Path, names: Iterable[str]) -> None:
    if not {*REQUIRED, *SUBJECTS, *OPTIONAL}.intersection(names):
        state = "has no header" if path.stat().st_size else "is empty"
        columns = ", ".join((*REQUIRED, " or ".join(SUBJECTS)))
        raise OutcomeFileError(f"{path.name} {state}: its first line must hold the column names {columns}")


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

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow
import pyarrow.parquet
import pytest

from solvent.cli.outcome_files import OutcomeFileError, read_outcomes
from solvent.domain.outcomes import OutcomeKind, ReportedOutcome

HEADER = "SK_ID_CURR,kind,observed_at,defaulted"
SEEN = datetime(2026, 11, 23, 10, tzinfo=UTC)
REQUEST = UUID("018f0000-0000-7000-8000-000000000001")


def write(folder: Path, *lines: str) -> Path:
    path = folder / "outcomes.csv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_reads_outcomes_of_clients_from_csv(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        HEADER,
        "100001,late_30_days,2026-11-23T10:00:00Z,",
        "100002,default,2026-11-23T12:00:00+02:00,1",
        "100003.0,matured,2026-11-23 10:00:00,False",
    )
    assert list(read_outcomes(path)) == [
        ReportedOutcome(OutcomeKind.LATE_30_DAYS, SEEN, None, None, client_id=100001),
        ReportedOutcome(OutcomeKind.DEFAULT, SEEN, None, True, client_id=100002),
        ReportedOutcome(OutcomeKind.MATURED, SEEN, None, False, client_id=100003),
    ]


def test_reads_requests_and_times_of_report_and_passes_over_other_columns(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "request_id,reported_at,note,kind,observed_at,defaulted",
        f"{REQUEST},2026-12-01,anything,matured,2026-11-23T10:00:00Z,1",
    )
    (outcome,) = read_outcomes(path)
    assert outcome.request_id == REQUEST
    assert outcome.client_id is None
    assert outcome.reported_at == datetime(2026, 12, 1, tzinfo=UTC)


def test_reads_which_reports_are_withdrawn(tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEADER},withdrawn", "1,default,2026-11-23,1,1", "2,default,2026-11-23,1,0",
                 "3,late_30_days,2026-11-23,,")  # fmt: skip
    assert [outcome.is_withdrawn for outcome in read_outcomes(path)] == [True, False, False]
    with pytest.raises(OutcomeFileError, match="line 2, column withdrawn: must be 1, 0 or empty"):
        list(read_outcomes(write(tmp_path, f"{HEADER},withdrawn", "1,default,2026-11-23,1,yes")))


def test_reads_parquet_with_its_own_types(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {
        "SK_ID_CURR": [100001, 100002],
        "kind": ["matured", "first_payment_missed"],
        "observed_at": [SEEN, SEEN],
        "defaulted": [True, None],
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "outcomes.parquet")
    assert list(read_outcomes(tmp_path / "outcomes.parquet")) == [
        ReportedOutcome(OutcomeKind.MATURED, SEEN, None, True, client_id=100001),
        ReportedOutcome(OutcomeKind.FIRST_PAYMENT_MISSED, SEEN, None, None, client_id=100002),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x1,matured,2026-11-23,1", r"^outcomes.csv, line 3, column SK_ID_CURR: must be a whole number from 1 to"),
        ("0,matured,2026-11-23,1", "line 3, column SK_ID_CURR"),
        ("100001.5,matured,2026-11-23,1", "line 3, column SK_ID_CURR"),
        (",matured,2026-11-23,1", "line 3: names neither a client nor a request: fill SK_ID_CURR or request_id"),
        ("1,died,2026-11-23,1", "column kind: must be one of first_payment_missed, late_30_days, default, matured"),
        ("1,,2026-11-23,1", "line 3, column kind: is empty"),
        ("1,matured,23.11.2026,1", "line 3, column observed_at: must be a time such as 2026-11-23T10:00:00Z"),
        ("1,matured,,1", "line 3, column observed_at: is empty"),
        ("1,matured,2026-11-23,yes", "line 3, column defaulted: must be 1, 0 or empty"),
        ("1,matured,2026-11-23,", "line 3, column defaulted: must be 0 or 1 for the kind matured"),
        ("1,default,2026-11-23,0", "line 3, column defaulted: must be 1 for the kind default"),
        ("1,late_30_days,2026-11-23,1", "line 3, column defaulted: must be empty for the kind late_30_days"),
        ("1,matured,2026-11-23", "line 3: does not have as many fields as the header"),
        ("1,matured,2026-11-23,1,7", "line 3: does not have as many fields as the header"),
        ('1,"matured" ,2026-11-23,1', "line 3: is not CSV in UTF-8"),
    ],
)
def test_says_where_a_file_is_wrong(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path, HEADER, "100001,matured,2026-11-23,1", line)
    with pytest.raises(OutcomeFileError, match=message):
        list(read_outcomes(path))


@pytest.mark.parametrize("line", ["4711x,matured,2026-11-23,1", "1,4711x,2026-11-23,1", "1,matured,4711x,1"])
def test_an_error_repeats_no_value_of_the_file(tmp_path: Path, line: str) -> None:
    with pytest.raises(OutcomeFileError) as caught:
        list(read_outcomes(write(tmp_path, HEADER, line)))
    assert "4711" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("SK_ID_CURR,kind,observed_at", r"outcomes.csv lacks the column\(s\) defaulted"),
        ("kind,observed_at,defaulted", "SK_ID_CURR or request_id"),
        ("", "has no header: its first line must hold the column names kind, observed_at, defaulted, SK_ID_CURR or"),
        ("what is this", r"^outcomes\.csv has no header: its first line must hold the column names kind, observed_at"),
        (f"{HEADER},kind", "has the column kind more than once"),
    ],
)
def test_says_which_column_is_missing(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(OutcomeFileError, match=message):
        list(read_outcomes(write(tmp_path, header)))


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    with pytest.raises(OutcomeFileError, match=r"^outcomes\.csv is empty: its first line must hold"):
        list(read_outcomes(write(tmp_path)))


def test_a_report_cannot_precede_what_it_tells(tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEADER},reported_at", "1,matured,2026-11-23,1,2026-11-22")
    with pytest.raises(OutcomeFileError, match="line 2, column reported_at: lies before observed_at"):
        list(read_outcomes(path))


def test_a_damaged_parquet_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "outcomes.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(OutcomeFileError, match=r"outcomes\.parquet is not a whole Parquet file"):
        list(read_outcomes(tmp_path / "outcomes.parquet"))


def test_names_the_row_of_a_wrong_value_in_parquet(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {
        "request_id": [str(REQUEST), "nothing"],
        "kind": ["matured", "matured"],
        "observed_at": ["2026-11-23", "2026-11-23"],
        "defaulted": [1, 0],
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "outcomes.parquet")
    with pytest.raises(OutcomeFileError, match=r"outcomes\.parquet, row 2, column request_id: must be a request id"):
        list(read_outcomes(tmp_path / "outcomes.parquet"))

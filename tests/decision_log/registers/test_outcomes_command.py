from collections.abc import Callable
from pathlib import Path

import pytest
from log_examples import make_submission

from solvent.cli.main import main
from solvent.decision_log.writing.writer import PostgresDecisionLog

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

LINE = "100001,matured,2027-11-23,1"


@pytest.fixture
async def write(
    postgres_log: PostgresDecisionLog, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Writes a file of outcomes; the log that the command sees holds one decision on client 100001."""
    await postgres_log.record(make_submission(1))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOLVENT_DATABASE_URL", database_url)

    def write_lines(*lines: str) -> Path:
        path = tmp_path / "outcomes.csv"
        path.write_text("\n".join(("SK_ID_CURR,kind,observed_at,defaulted", *lines, "")), encoding="utf-8")
        return path

    return write_lines


async def test_imports_a_file_once(write: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    command = ["outcomes", "import", str(write(LINE)), "--as-of", "2028-01-01"]
    assert [main(command), main(command)] == [0, 0]
    assert capsys.readouterr().out.splitlines() == [
        "1 outcomes read: 1 new, 0 corrected, 0 withdrawn, 0 known already, 0 not yet known then",
        "1 outcomes read: 0 new, 0 corrected, 0 withdrawn, 1 known already, 0 not yet known then",
    ]


async def test_reports_outcomes_without_a_decision_and_keeps_the_rest(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("7,matured,2027-11-23,1", LINE, "8,matured,2027-11-23,0", "100001,default,2020-01-01,1")
    assert main(["outcomes", "import", str(path), "--as-of", "2028-01-01"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "4 outcomes read: 1 new, 0 corrected, 0 withdrawn, 0 known already, 0 not yet known then",
        "2 left out: no decision has that client or request (rows 1, 3)",
        "1 left out: observed before any decision on that client or request",
    ]


async def test_a_mistake_is_withdrawn_by_its_row_with_a_mark(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str], rows: Callable[[str], list[tuple[int]]]
) -> None:
    command = ["outcomes", "import", str(write(LINE)), "--as-of", "2028-01-01"]
    assert main(command) == 0
    Path(command[2]).write_text(
        f"SK_ID_CURR,kind,observed_at,defaulted,withdrawn\n{LINE},1\n100001,default,2027-11-23,1,1\n", encoding="utf-8"
    )
    assert main(command) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "2 outcomes read: 0 new, 0 corrected, 1 withdrawn, 0 known already, 0 not yet known then",
        "1 kept without effect: a later report counts, or none was to withdraw",
    ]
    assert rows("SELECT count(*) FROM current_outcomes") == [(0,)]


async def test_says_how_many_clients_had_several_decisions(
    write: Callable[..., Path], postgres_log: PostgresDecisionLog, capsys: pytest.CaptureFixture[str]
) -> None:
    await postgres_log.record(make_submission(2))
    assert main(["outcomes", "import", str(write(LINE)), "--as-of", "2028-01-01"]) == 0
    assert "1 clients had several decisions before an outcome" in capsys.readouterr().out


async def test_without_a_time_what_lies_ahead_waits(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["outcomes", "import", str(write("100001,matured,2999-11-23,1"))]) == 0
    assert "0 new, 0 corrected, 0 withdrawn, 0 known already, 1 not yet known then" in capsys.readouterr().out


async def test_a_malformed_line_leaves_nothing_behind(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str], rows: Callable[[str], list[tuple[int]]]
) -> None:
    assert main(["outcomes", "import", str(write(LINE, "100001,matured,soon,1")), "--as-of", "2028-01-01"]) == 1
    assert "outcomes.csv, line 3, column observed_at: must be a time" in capsys.readouterr().err
    assert rows("SELECT count(*) FROM outcomes") == [(0,)]


async def test_a_file_of_another_kind_is_wrong_usage(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outcomes.xlsx").write_bytes(b"")
    assert main(["outcomes", "import", str(tmp_path / "outcomes.xlsx")]) == 2
    assert main(["outcomes", "import", str(tmp_path / "absent.csv")]) == 2
    assert "must end in .csv or .parquet" in capsys.readouterr().err

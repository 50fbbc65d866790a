import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from raw_folder import write_raw_folder
from solvent.cli.main import main
from solvent.tables.schemas import HISTORY_TABLES
from tiny_model import BUREAU_ROWS, RISKY, SAFE

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder and a working folder of the test alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOLVENT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SOLVENT_DATABASE_URL", raising=False)
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process."""

    def run_command(*arguments: str | Path | int) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return Ran(code, written.out, written.err)

    return run_command


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of raw tables: one client in train, one in test, who has three bureau rows."""
    tables = {
        "application_train": [{**RISKY, "TARGET": 1}],
        "application_test": [SAFE],
        "bureau": [{**row, "CREDIT_ACTIVE": "Active", "DAYS_CREDIT": -300} for row in BUREAU_ROWS],
        "bureau_balance": [{"SK_ID_BUREAU": 2, "MONTHS_BALANCE": -1, "STATUS": "C"}],
    }
    return write_raw_folder(tmp_path / "tables", tables)


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_makes_a_world_of_parquet_tables(run: Run, tmp_path: Path) -> None:
    ran = run("world", "make", "--clients", 30, "--seed", 3, "--out", "world", "--format", "parquet")
    assert ran.code == 0
    tables = ("application_train", "application_test", "truth", "outcomes", *HISTORY_TABLES)
    assert names_in(tmp_path / "world") == sorted(["scenario.json", *(f"{name}.parquet" for name in tables)])
    assert re.search(r"^truth +30 rows$", ran.out, re.MULTILINE)
    assert "drawing clients and their histories" in ran.err


def test_makes_no_world_in_a_folder_that_holds_something(run: Run, tmp_path: Path) -> None:
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "mine.txt").write_text("keep")
    ran = run("world", "make", "--clients", 30, "--out", "world")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "error: the folder world is not empty: choose another one, or use --force to replace its tables\n"
    assert names_in(tmp_path) == ["world"]
    assert names_in(tmp_path / "world") == ["mine.txt"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("world", "make", "--clients", 0, "--out", "world"),
            "'--clients': Input should be greater than or equal to 1",
        ),
        (("world", "make", "--clients", 5, "--out", "world", "--format", "xml"), "'--format'"),
        (("world", "make", "--out", "world"), "'--clients'"),
        (("features", "build", "--data", "tables", "--out", "out.csv"), "must end in .parquet"),
        (("features", "build", "--data", "tables", "--out", "absent/out.parquet"), "the folder absent does not exist"),
        (("features", "build", "--data", "tables", "--out", "out.parquet", "--engine", "abacus"), "'--engine'"),
        (("score", "--bundle", "b", "--data", "tables", "--out", "out.txt"), "must end in .csv or .parquet"),
        (("model", "promote", 2), "'--why'"),
        (("traffic", "--drift-prob", 1.5), "'--drift-prob': Input should be less than or equal to 1"),
        (("demo", "--clients", 10), "'--clients': Input should be greater than or equal to 3000"),
    ],
)
def test_refuses_wrong_usage_and_writes_nothing(
    run: Run, tmp_path: Path, arguments: tuple[str | int, ...], complaint: str
) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert complaint in " ".join(ran.err.replace("│", " ").split())
    assert names_in(tmp_path) == []


def test_names_a_folder_where_a_file_belongs(run: Run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    ran = run("score", "--bundle", "b", "--data", data, "--out", "out.csv")
    assert ran.code == 2
    assert "out.csv is a folder: name a file in it" in " ".join(ran.err.split())


def test_finds_nothing_wrong_with_sound_tables(run: Run, data: Path) -> None:
    ran = run("data", "check", data)
    assert (ran.code, ran.out) == (0, "0 error(s), 0 warning(s)\n")


def test_ends_with_1_on_an_error_in_the_tables(run: Run, data: Path) -> None:
    (data / "credit_card_balance.csv").unlink()
    ran = run("data", "check", data)
    assert ran.code == 1
    assert ran.out == (
        "error    credit_card_balance: the file is missing; add credit_card_balance.csv or "
        "credit_card_balance.parquet.\n1 error(s), 0 warning(s)\n"
    )


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 1)])
def test_counts_warnings_only_when_strict(run: Run, data: Path, options: tuple[str, ...], code: int) -> None:
    with (data / "bureau_balance.csv").open("a") as stream:
        stream.write("77,-2,C\n")
    ran = run("data", "check", data, *options)
    assert ran.code == code
    assert ran.out.startswith("warning  bureau_balance, SK_ID_BUREAU: 1 row without an owner in bureau")
    assert ran.out.endswith("0 error(s), 1 warning(s)\n")


def test_says_that_a_folder_cannot_be_read(run: Run) -> None:
    ran = run("data", "check", "absent")
    assert ran.code == 1
    assert ran.err.startswith("error: absent does not exist: give the folder that holds application_train.csv")


@pytest.mark.slow
def test_builds_the_features_of_every_client(run: Run, data: Path, tmp_path: Path) -> None:
    ran = run("features", "build", "--data", data, "--out", "features.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "features.parquet")
    assert ran.code == 0
    assert ran.out == f"2 clients, {table.num_columns - 2} features (duckdb), in features.parquet\n"
    assert table["SK_ID_CURR"].to_pylist() == [100001, 100002]
    assert names_in(tmp_path) == ["features.parquet", "tables"]


def test_leaves_nothing_of_features_that_could_not_be_built(run: Run, data: Path, tmp_path: Path) -> None:
    with (data / "bureau.csv").open("a") as stream:
        stream.write("x\n")
    ran = run("features", "build", "--data", data, "--out", "features.parquet")
    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith("error: bureau.csv, line 5: SK_ID_CURR holds text")
    assert names_in(tmp_path) == ["tables"]


def test_scores_a_folder(run: Run, data: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    ran = run("score", "--bundle", tiny_bundle, "--data", data, "--out", "scores.csv")
    assert ran.code == 0
    assert re.fullmatch(r"2 clients, 1 refused, model 2026\.11\.23\+\w{6} \(duckdb\), in scores\.csv\n", ran.out)
    assert (tmp_path / "scores.csv").read_text().splitlines()[0] == (
        "SK_ID_CURR,probability_default,decision,risk_level,score,threshold,model_version"
    )


def test_says_when_clients_are_scored_without_history(run: Run, data: Path, tiny_bundle: Path) -> None:
    for name in HISTORY_TABLES:
        (data / f"{name}.csv").unlink()
    ran = run("score", "--bundle", tiny_bundle, "--data", data, "--out", "scores.csv")
    assert ran.code == 0
    assert ran.err.endswith("no history tables: every client is scored as one without history\n")


def test_names_the_history_tables_that_are_missing(run: Run, data: Path, tiny_bundle: Path) -> None:
    (data / "POS_CASH_balance.csv").unlink()
    ran = run("score", "--bundle", tiny_bundle, "--data", data, "--out", "scores.csv")
    assert ran.err.endswith("scored without rows of POS_CASH_balance: no file\n")


def test_warns_first_of_history_tables_without_a_file_or_without_rows(run: Run, data: Path, tiny_bundle: Path) -> None:
    (data / "POS_CASH_balance.csv").unlink()
    bureau = data / "bureau.csv"
    bureau.write_text(bureau.read_text().splitlines()[0] + "\n")
    ran = run("score", "--bundle", tiny_bundle, "--data", data, "--out", "scores.csv")
    assert ran.code == 0
    warnings = ran.err.splitlines()[: ran.err.count("warning: ")]
    assert "warning: bureau has a header and no rows: it counts as empty for every client" in warnings
    assert f"warning: POS_CASH_balance has no file in {data}: it counts as empty for every client" in warnings
    assert not any("bureau_balance" in warning for warning in warnings)


@pytest.mark.parametrize("command", [("score", "--out", "scores.csv", "--data", "tables"), ("api",)])
def test_refuses_to_start_with_a_damaged_bundle(run: Run, data: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "bundle").mkdir()
    ran = run(*command, "--bundle", "bundle")
    assert ran.code == 78
    assert ran.err.splitlines()[-1].startswith("error: calibration.json is missing in bundle")
    assert not (tmp_path / "scores.csv").exists()


def test_trains_on_all_seven_tables_only(run: Run, data: Path, tmp_path: Path) -> None:
    (data / "bureau.csv").unlink()
    ran = run("train", "--data", data, "--out", "bundle", "--no-tracking")
    assert ran.code == 1
    assert ran.err.endswith(f"error: {data} lacks bureau: training wants all seven tables, as .csv or .parquet\n")
    assert names_in(tmp_path) == ["tables"]


def test_says_which_command_starts_the_api_that_is_away(run: Run, data: Path) -> None:
    ran = run("traffic", "--url", "http://127.0.0.1:9", "--data", data, "--num-predictions", 1)
    assert ran.code == 1
    assert ran.err == "error: no API answers at http://127.0.0.1:9: start `solvent api`, or give --url\n"


@pytest.mark.postgres
def test_upgrades_checks_and_downgrades_the_database(
    run: Run, unmigrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOLVENT_DATABASE_URL", unmigrated_url)
    assert run("db", "check").err == "error: the database has no tables of Solvent yet: run `solvent db upgrade`\n"
    assert run("db", "upgrade").code == 0
    assert run("db", "check").code == 0
    assert run("db", "downgrade", "base", "--yes").out == "the database is at revision base: it has no tables\n"
    assert run("db", "check").code == 1


@pytest.mark.postgres
def test_keeps_the_schema_when_the_downgrade_is_not_confirmed(
    run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOLVENT_DATABASE_URL", database_url)
    assert run("db", "downgrade", "base").code == 1
    assert run("db", "check").code == 0


@pytest.mark.postgres
def test_says_that_the_database_is_away(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLVENT_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:9/none")
    ran = run("db", "check")
    assert ran.code == 1
    assert ran.err == "error: the database cannot be reached: is it running, and is its URL right?\n"


@pytest.mark.postgres
def test_stores_the_history_of_every_client(
    run: Run,
    data: Path,
    tiny_bundle: Path,
    database_url: str,
    rows: Callable[[str], list[tuple[Any, ...]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOLVENT_DATABASE_URL", database_url)
    ran = run("features", "store", "--bundle", tiny_bundle, "--data", data)
    assert ran.code == 0
    assert re.fullmatch(r"2 histories stored for program [0-9a-f]{12}\n", ran.out)
    assert rows("SELECT client_id FROM client_features ORDER BY 1") == [(SAFE["SK_ID_CURR"],), (100002,)]


@pytest.mark.parametrize("option", ["--port", "--dashboard-port"])
def test_refuses_a_busy_port_before_any_work(run: Run, home: Path, busy_port: int, option: str) -> None:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        free_port = trial.getsockname()[1]
    other = "--dashboard-port" if option == "--port" else "--port"
    ran = run("demo", option, busy_port, other, free_port)
    assert ran.code == 78
    assert ran.err == (
        f"error: cannot listen on 127.0.0.1:{busy_port} (Address already in use): "
        f"stop what runs there, or choose another {option}\n"
    )
    assert not home.exists()


@pytest.mark.postgres
def test_stores_no_history_from_a_folder_that_lacks_tables(
    run: Run, tiny_bundle: Path, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOLVENT_DATABASE_URL", database_url)
    data = write_raw_folder(tmp_path / "partial", {"application_test": [SAFE]})
    (partial,) = data.glob("bureau.*")
    partial.unlink()
    ran = run("features", "store", "--bundle", tiny_bundle, "--data", data)
    assert ran.code == 1
    assert "lacks bureau: what is stored would pass for the whole history" in ran.err


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("explain", "nope"), "this is no request_id: give the field request_id of the answer to /predict"),
        (("replay", "nope"), "this is no request_id: give the field request_id of the answer to /predict"),
        (("alerts", "acknowledge", "abc"), "this is no number of an alert: `solvent alerts list` shows it"),
        (("alerts", "resolve", "0", "--note", "x"), "this is no number of an alert: `solvent alerts list` shows it"),
        (("keys", "create", "desk", "--scope", "foo"), "there is no such scope: choose from score, read, admin, erase"),
    ],
)
def test_wrong_usage_names_the_remedy(run: Run, arguments: tuple[str, ...], remedy: str) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert remedy in " ".join(ran.err.replace("│", " ").split())

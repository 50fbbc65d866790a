import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest
from numpy.typing import NDArray

from solvent.errors import WorldError
from solvent.tables.schemas import table_schemas
from solvent.world.blocks import Lender, make_block
from solvent.world.drawing.marginals import Coded, Table
from solvent.world.drawing.merging import rows_of_table
from solvent.world.events.scenarios import Timeline
from solvent.world.making import WorldRequest, WorldSummary, ceiling_auc, make_world
from solvent.world.published import INTEGER, NUMBER, TEXT, load_facts
from solvent.world.writing import FORMATS, TableFile

pytestmark = pytest.mark.slow

Columns = dict[str, NDArray[Any]]

FILES = {
    *("application_train", "application_test", "bureau", "bureau_balance", "previous_application"),
    *("POS_CASH_balance", "installments_payments", "credit_card_balance", "truth", "outcomes", "scenario"),
}
TRUTH_FILES = {"truth.parquet", "outcomes.parquet", "scenario.json"}


def test_one_seed_gives_one_world_to_the_byte(tmp_path: Path, small_world: tuple[Path, WorldSummary]) -> None:
    folder, _ = small_world
    make_world(tmp_path / "again", WorldRequest(clients=1500, seed=11, file_format="parquet"))
    assert {path.stem for path in folder.iterdir()} == FILES
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_the_threads_of_the_linear_algebra(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from solvent.world.making import WorldRequest, make_world; "
        "make_world(Path(sys.argv[1]), WorldRequest(clients=1500, seed=11))"
    )
    for threads in ("1", "2"):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        command = [sys.executable, "-c", script, str(tmp_path / threads)]
        subprocess.run(command, env=environment, check=True)  # noqa: S603 - our own interpreter and script
    for path in (tmp_path / "1").iterdir():
        assert (tmp_path / "2" / path.name).read_bytes() == path.read_bytes(), path.name


def test_another_seed_gives_another_world(lender: Lender) -> None:
    ours, other = make_block(lender, seed=11, index=0), make_block(lender, seed=12, index=0)
    assert not np.any(ours.probability == other.probability)


def test_the_first_clients_of_a_block_do_not_depend_on_how_many_follow(lender: Lender) -> None:
    few, all_ = make_block(lender, 11, 2, clients=40), make_block(lender, 11, 2)
    assert few.probability.tolist() == all_.probability[:40].tolist()
    assert few.tables.keys() == all_.tables.keys()
    for name in few.tables:
        for column, values in few.tables[name].items():
            longer = all_.tables[name][column]
            short_codes, long_codes = (part.codes if isinstance(part, Coded) else part for part in (values, longer))
            assert np.array_equal(short_codes, long_codes[: len(short_codes)], equal_nan=True), (name, column)


def test_csv_holds_the_same_rows_as_parquet(
    tmp_path: Path, lender: Lender, small_world: tuple[Path, WorldSummary]
) -> None:
    folder, summary = small_world
    made = make_world(tmp_path / "csv", WorldRequest(clients=1500, seed=11), lender=lender)
    assert made.rows == summary.rows
    for name in table_schemas():
        file = "application_test" if name == "application" else name
        written = pyarrow.parquet.read_table(folder / f"{file}.parquet")
        texts = {column: pyarrow.string() for column in written.column_names}
        options = pyarrow.csv.ConvertOptions(column_types=texts, null_values=[""], strings_can_be_null=True)
        read = pyarrow.csv.read_csv(tmp_path / "csv" / f"{file}.csv", convert_options=options)
        assert read.column_names == written.column_names
        for column in written.column_names:
            assert read.column(column).cast(written.schema.field(column).type).equals(written.column(column)), column


def test_csv_is_written_as_the_kaggle_files_are(tmp_path: Path) -> None:
    columns = (("SK_ID_CURR", INTEGER), ("AMT_CREDIT", NUMBER), ("NAME_TYPE_SUITE", TEXT))
    table: Table = {
        "SK_ID_CURR": np.array([100001, 100002, 100003]),
        "AMT_CREDIT": np.array([202500.0, np.nan, 0.08303696739132256]),
        "NAME_TYPE_SUITE": Coded(np.array([1, -1, 0]), ("Family", "Spouse, partner")),
    }
    with TableFile(tmp_path / "table.csv", columns) as file:
        file.append(table)
        file.flush()
    assert (tmp_path / "table.csv").read_bytes() == (
        b"SK_ID_CURR,AMT_CREDIT,NAME_TYPE_SUITE\n"
        b'100001,202500.0,"Spouse, partner"\n100002,,\n100003,0.08303696739132256,Family\n'
    )


def test_csv_does_not_depend_on_how_many_rows_are_written_at_a_time(tmp_path: Path, lender: Lender) -> None:
    block = make_block(lender, 11, 0, clients=50)
    for name, sizes in (("once", [50]), ("often", [7, 20, 1, 22])):
        with TableFile(tmp_path / name, lender.facts.columns["application"]) as file:
            for end, size in zip(np.cumsum(sizes).tolist(), sizes, strict=True):
                file.append(rows_of_table(block.tables["application"], np.arange(end - size, end)))
                file.flush()
    assert (tmp_path / "once").read_bytes() == (tmp_path / "often").read_bytes()


def test_a_larger_world_begins_with_the_clients_of_a_smaller_one(tmp_path: Path, lender: Lender) -> None:
    for file_format in FORMATS:
        small, large = tmp_path / f"small_{file_format}", tmp_path / f"large_{file_format}"
        make_world(small, WorldRequest(60, 11, file_format), lender=lender)
        make_world(large, WorldRequest(1100, 11, file_format), lender=lender)
        for path in small.glob("*.csv"):
            assert (large / path.name).read_bytes().startswith(path.read_bytes()), path.name
        for path in small.glob("*.parquet"):
            if path.name not in TRUTH_FILES:
                few = pyarrow.parquet.read_table(path)
                assert pyarrow.parquet.read_table(large / path.name).slice(0, few.num_rows).equals(few), path.name


def test_columns_are_those_of_the_raw_tables_in_their_order(small_world: tuple[Path, WorldSummary]) -> None:
    folder, _ = small_world
    for name, schema in table_schemas().items():
        listed = [column.name for column in schema.columns]
        assert [column for column, _ in load_facts().columns[name]] == listed
        file = "application_train" if name == "application" else name
        assert pyarrow.parquet.read_schema(folder / f"{file}.parquet").names == listed
    without_target = list(pyarrow.parquet.read_schema(folder / "application_train.parquet").names)
    without_target.remove("TARGET")
    assert pyarrow.parquet.read_schema(folder / "application_test.parquet").names == without_target


def test_categories_are_known_to_the_tables(small_world: tuple[Path, WorldSummary]) -> None:
    folder, _ = small_world
    for name, schema in table_schemas().items():
        file = "application_train" if name == "application" else name
        table = pyarrow.parquet.read_table(folder / f"{file}.parquet")
        for column in schema.columns:
            if column.categories:
                seen = {value for value in table.column(column.name).to_pylist() if value is not None}
                assert seen <= {*column.categories, *column.sentinels}, column.name


def test_truth_names_every_client_and_agrees_with_the_target(
    small_world: tuple[Path, WorldSummary], read: Callable[[str], Columns]
) -> None:
    _, summary = small_world
    truth, train = read("truth"), read("application_train")
    assert truth["SK_ID_CURR"].tolist() == list(range(100_001, 101_501))
    assert ((truth["true_probability_default"] > 0) & (truth["true_probability_default"] < 1)).all()
    assert truth["defaulted"][train["SK_ID_CURR"] - 100_001].tolist() == train["TARGET"].tolist()
    assert summary.default_rate == truth["defaulted"].mean()
    assert summary.rows["application_train"] + summary.rows["application_test"] == 1500
    assert summary.rows["application_test"] == pytest.approx(205, abs=45)


def test_five_thousand_clients_default_at_the_real_rate_and_the_ceiling_is_in_its_band(lender: Lender) -> None:
    blocks = [make_block(lender, seed=3, index=index) for index in range(5)]
    probability = np.concatenate([block.probability for block in blocks])
    defaulted = np.concatenate([block.defaulted for block in blocks])
    assert probability.mean() == pytest.approx(0.0807, abs=0.005)
    assert defaulted.mean() == pytest.approx(0.0807, abs=0.012)
    assert ceiling_auc(probability) == pytest.approx(0.81, abs=0.02)


def test_the_ceiling_of_equal_probabilities_is_a_half() -> None:
    assert ceiling_auc(np.array([0.1, 0.1, 0.1, 0.1])) == pytest.approx(0.5)


def test_the_ceiling_counts_pairs_of_one_default_and_one_repayment() -> None:
    # Pairs (i defaults, j repays), i = j counted half: (.9*.9 + .5*(.9*.1 + .1*.9)) / (1.0 * 1.0)
    assert ceiling_auc(np.array([0.1, 0.9])) == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (WorldRequest(clients=0, seed=1), "at least one client"),
        (WorldRequest(clients=-5, seed=1), "at least one client"),
        (WorldRequest(clients=10, seed=-1), "seed must not be negative"),
        (WorldRequest(clients=10, seed=1, file_format="xlsx"), "choose one of csv, parquet"),
        (WorldRequest(clients=10, seed=1, timeline=Timeline(scenario="meteor")), "unknown scenario: choose one of"),
    ],
)
def test_a_request_without_sense_is_refused_before_any_work(
    tmp_path: Path, request_: WorldRequest, message: str
) -> None:
    with pytest.raises(WorldError, match=message):
        make_world(tmp_path / "world", request_)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_files_is_refused_without_force(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(WorldError, match="not empty: choose another one, or use --force"):
        make_world(tmp_path, WorldRequest(clients=10, seed=1))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "world").write_text("mine", encoding="utf-8")
    with pytest.raises(WorldError, match="is a file: name a folder"):
        make_world(tmp_path / "world", WorldRequest(clients=10, seed=1))


def test_force_replaces_the_tables_in_both_formats_and_leaves_other_files(tmp_path: Path, lender: Lender) -> None:
    out = tmp_path / "world"
    out.mkdir()
    (out / "bureau.parquet").write_text("old", encoding="utf-8")
    for mine in ("notes.txt", "truth.csv"):
        (out / mine).write_text("mine", encoding="utf-8")
    make_world(out, WorldRequest(clients=10, seed=1, force=True), lender=lender)
    assert {path.name for path in out.iterdir()} == {
        *("notes.txt", "truth.csv"),
        *TRUTH_FILES,
        *(f"{name}.csv" for name in FILES - {"truth", "outcomes", "scenario"}),
    }
    assert [path.name for path in tmp_path.iterdir()] == ["world"]


def test_a_replacement_that_fails_half_way_leaves_the_files_of_before(tmp_path: Path, lender: Lender) -> None:
    out = tmp_path / "world"
    make_world(out, WorldRequest(clients=10, seed=1), lender=lender)
    (out / "truth.parquet").unlink()
    (out / "truth.parquet").mkdir()
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    with pytest.raises(IsADirectoryError):
        make_world(out, WorldRequest(clients=20, seed=2, file_format="parquet", force=True), lender=lender)
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["world"]


def test_an_interrupted_making_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupt(message: str, share: float) -> None:
        if share > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_world(tmp_path / "world", WorldRequest(clients=10, seed=1), progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_removes_what_a_killed_making_left_and_nothing_of_a_running_one(tmp_path: Path, lender: Lender) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = [f".world.{ended.pid}.partial", f".world.{os.getppid()}.partial", f".other.{ended.pid}.partial"]
    for name in names:
        (tmp_path / name).mkdir()
    make_world(tmp_path / "world", WorldRequest(clients=10, seed=1), lender=lender)
    assert {path.name for path in tmp_path.iterdir()} == {*names[1:], "world"}


def test_progress_runs_from_nothing_to_all(tmp_path: Path, lender: Lender) -> None:
    shares: list[float] = []
    request = WorldRequest(clients=1001, seed=1)
    make_world(tmp_path / "world", request, progress=lambda _, share: shares.append(share), lender=lender)
    assert shares == [0.0, 0.5, 1.0]

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from numpy.typing import NDArray

from solvent.errors import WorldError
from solvent.tables.schemas import table_schemas
from solvent.world.blocks import Lender, make_block
from solvent.world.making import WorldRequest, WorldSummary, ceiling_auc, make_world
from solvent.world.marginals import Coded
from solvent.world.published import load_facts

Columns = dict[str, NDArray[Any]]

FILES = {
    *("application_train", "application_test", "bureau", "bureau_balance", "previous_application"),
    *("POS_CASH_balance", "installments_payments", "credit_card_balance", "truth"),
}


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


def test_csv_holds_the_raw_header_the_same_rows_and_empty_fields_for_missing(
    tmp_path: Path, small_world: tuple[Path, WorldSummary]
) -> None:
    folder, summary = small_world
    made = make_world(tmp_path / "csv", WorldRequest(clients=1500, seed=11))
    assert made.rows == summary.rows
    lines = (tmp_path / "csv" / "bureau_balance.csv").read_text(encoding="utf-8").splitlines()
    first = pyarrow.parquet.read_table(folder / "bureau_balance.parquet").slice(0, 1).to_pylist()[0]
    assert lines[0] == "SK_ID_BUREAU,MONTHS_BALANCE,STATUS"
    assert lines[1] == f'{first["SK_ID_BUREAU"]},{first["MONTHS_BALANCE"]},"{first["STATUS"]}"'
    assert len(lines) == 1 + summary.rows["bureau_balance"]
    assert ",," in (tmp_path / "csv" / "application_test.csv").read_text(encoding="utf-8").splitlines()[1]
    assert (tmp_path / "csv" / "truth.parquet").exists()


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


def test_force_replaces_the_tables_in_both_formats_and_leaves_other_files(tmp_path: Path) -> None:
    out = tmp_path / "world"
    out.mkdir()
    (out / "bureau.parquet").write_text("old", encoding="utf-8")
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    make_world(out, WorldRequest(clients=10, seed=1, force=True))
    assert {path.name for path in out.iterdir()} == {
        "notes.txt",
        "truth.parquet",
        *(f"{name}.csv" for name in FILES - {"truth"}),
    }
    assert [path.name for path in tmp_path.iterdir()] == ["world"]


def test_an_interrupted_making_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupt(message: str, share: float) -> None:
        if share > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_world(tmp_path / "world", WorldRequest(clients=10, seed=1), progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_progress_runs_from_nothing_to_all(tmp_path: Path) -> None:
    shares: list[float] = []
    make_world(tmp_path / "world", WorldRequest(clients=1001, seed=1), progress=lambda _, share: shares.append(share))
    assert shares == [0.0, 0.5, 1.0]

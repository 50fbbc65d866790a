"""Spark gives what DuckDB gives: the catalogue on a world, the language on hostile tables, the same refusals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet
import pytest
from hostile_tables import HostileTables, make_hostile_tables
from pyspark.sql import SparkSession
from small_programs import application, bureau, compile_all
from whole_language import build_whole_language

from raw_folder import write_raw_folder
from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.errors import FeatureError, TablesError
from solvent.features.aggregates import count, latest, total
from solvent.features.catalogue import build_program
from solvent.features.ibis_engine import BatchEngine
from solvent.features.program import CLIENT, Program
from solvent.features.spark_engine import SparkEngine, open_session
from solvent.tables.reading import RawTables, open_tables
from solvent.world.making import WorldRequest, make_world

Values = npt.NDArray[np.float64]

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
]

SMALL = compile_all(
    application.NAME_CONTRACT_TYPE, count(bureau), total(bureau.AMT_CREDIT_SUM * application.CNT_CHILDREN),
    latest(bureau.CREDIT_ACTIVE, by=bureau.DAYS_CREDIT),
)  # fmt: skip
CLIENTS: list[dict[str, Any]] = [
    {"SK_ID_CURR": 2, "NAME_CONTRACT_TYPE": "Cash loans", "CNT_CHILDREN": 2},
    {"SK_ID_CURR": 1, "TARGET": 1},
]
LOANS: list[dict[str, Any]] = [
    {"SK_ID_CURR": 2, "SK_ID_BUREAU": 4, "DAYS_CREDIT": -3, "AMT_CREDIT_SUM": 5, "CREDIT_ACTIVE": "Active"},
    {"SK_ID_CURR": 2, "SK_ID_BUREAU": 5, "DAYS_CREDIT": -9, "AMT_CREDIT_SUM": 7, "CREDIT_ACTIVE": "Closed"},
]


@pytest.fixture(scope="module")
def session() -> Iterator[SparkSession]:
    with open_session("local[2]", memory="2g", partitions=2) as session:
        yield session


def read_from_spark(program: Program, tables: RawTables, session: SparkSession) -> tuple[list[int], Values]:
    """Clients, and features before rounding: float64 of shape (clients, features)."""
    schema = pa.schema([(CLIENT, pa.int64()), *((name, pa.float64()) for name in program.names)])

    def to_table(clients: Any, _target: Any, values: Values) -> Any:
        return pa.Table.from_arrays([pa.array(clients), *(pa.array(column) for column in values.T)], schema=schema)

    found = SparkEngine(program, tables, session).collect(to_table, schema)
    return found[CLIENT].to_pylist(), np.column_stack([found[name].to_numpy() for name in program.names])


def check_spark_agrees(program: Program, folder: Path, session: SparkSession, *, clients: int) -> None:
    """The same missing pattern, and no value before rounding further apart than 1e-9 of itself."""
    with open_tables(folder) as tables:
        expected_clients, expected = BatchEngine(program, tables).read_values()
        found_clients, found = read_from_spark(program, tables, session)
    assert found_clients == expected_clients.tolist()
    assert found.shape == (clients, len(program.features))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=0)


def test_spark_and_duckdb_agree_on_the_whole_catalogue(session: SparkSession, tmp_path: Path) -> None:
    make_world(tmp_path / "world", WorldRequest(clients=200, seed=6, file_format="parquet"))
    check_spark_agrees(build_program(FORBIDDEN_COLUMNS), tmp_path / "world", session, clients=200)


def test_spark_and_duckdb_agree_on_the_whole_language(session: SparkSession, tmp_path: Path) -> None:
    make_hostile_tables(5, clients=60, missing=[0.2]).write(tmp_path)
    check_spark_agrees(build_whole_language(), tmp_path, session, clients=60)


def test_a_written_file_holds_float32_and_texts_and_nothing_is_left_beside_it(
    session: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / "raw").mkdir()
    HostileTables({"application": CLIENTS, "bureau": LOANS}).write(tmp_path / "raw")
    with open_tables(tmp_path / "raw") as tables:
        BatchEngine(SMALL, tables).write_features(tmp_path / "duckdb.parquet")
        SparkEngine(SMALL, tables, session).write_features(tmp_path / "spark.parquet")
    expected, found = (pyarrow.parquet.read_table(tmp_path / f"{name}.parquet") for name in ("duckdb", "spark"))
    assert found.schema == expected.schema
    assert found.to_pydict() == expected.to_pydict()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["duckdb.parquet", "raw", "spark.parquet"]


def test_reads_csv_as_it_reads_parquet(session: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "parquet").mkdir()
    HostileTables({"application": CLIENTS, "bureau": LOANS}).write(tmp_path / "parquet")
    written = []
    for folder in (
        tmp_path / "parquet",
        write_raw_folder(tmp_path / "csv", {"application_train": CLIENTS, "bureau": LOANS}),
    ):
        with open_tables(folder) as tables:
            assert SparkEngine(SMALL, tables, session).write_features(tmp_path / "out.parquet") == 2
        written.append(pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pydict())
    assert written[0] == written[1]
    assert written[0]["SK_ID_CURR"] == [1, 2]
    assert [written[0][f"value_{place}"] for place in range(4)] == [
        [None, "Cash loans"], [None, 2.0], [None, 24.0], [None, "Active"],
    ]  # fmt: skip


def test_refuses_text_where_a_number_belongs(session: SparkSession, tmp_path: Path) -> None:
    broken = [{**LOANS[0], "AMT_CREDIT_SUM": "much"}]
    folder = write_raw_folder(tmp_path / "csv", {"application_train": CLIENTS, "bureau": broken})
    with open_tables(folder) as tables, pytest.raises(TablesError, match="text where a number belongs"):
        SparkEngine(SMALL, tables, session).write_features(tmp_path / "out.parquet")
    assert list(tmp_path.glob("*out*")) == []


def test_refuses_a_client_with_two_applications_as_duckdb_does(session: SparkSession, tmp_path: Path) -> None:
    folder = write_raw_folder(tmp_path / "csv", {"application_train": [*CLIENTS, CLIENTS[0]]})
    with open_tables(folder) as tables, pytest.raises(TablesError, match="1 rows repeat a client"):
        SparkEngine(SMALL, tables, session)
    with open_tables(folder) as tables, pytest.raises(TablesError, match="1 rows repeat a client"):
        BatchEngine(SMALL, tables)


def test_refuses_to_write_into_a_folder_that_does_not_exist(session: SparkSession, tmp_path: Path) -> None:
    folder = write_raw_folder(tmp_path / "csv", {"application_train": CLIENTS})
    with open_tables(folder) as tables, pytest.raises(FeatureError, match="does not exist: make it"):
        SparkEngine(SMALL, tables, session).write_features(tmp_path / "absent" / "out.parquet")

"""Spark gives what DuckDB gives: the whole language on hostile tables, CSV and Parquet, the same refusals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from hostile_tables import HostileTables, make_hostile_tables
from pyspark.sql import SparkSession
from small_programs import application, bureau, compile_all
from whole_language import build_whole_language

from raw_folder import write_raw_folder
from solvent.errors import FeatureError, TablesError
from solvent.features.aggregates import count, latest, total
from solvent.features.ibis_engine import BatchEngine
from solvent.features.spark_engine import SparkEngine, open_session
from solvent.tables.reading import open_tables

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


def test_spark_and_duckdb_agree_on_the_whole_language(session: SparkSession, tmp_path: Path) -> None:
    program, data = build_whole_language(), make_hostile_tables(5, clients=60, missing=[0.2]).write(tmp_path)
    with open_tables(data) as tables:
        BatchEngine(program, tables).write_features(tmp_path / "duckdb.parquet")
        SparkEngine(program, tables, session).write_features(tmp_path / "spark.parquet")
    expected, found = (pyarrow.parquet.read_table(tmp_path / f"{name}.parquet") for name in ("duckdb", "spark"))
    assert found.schema == expected.schema
    for name in expected.column_names:
        if str(expected[name].type) == "string":
            assert found[name].to_pylist() == expected[name].to_pylist()
        else:
            np.testing.assert_allclose(found[name].to_numpy(), expected[name].to_numpy(), rtol=1e-6, err_msg=name)
    assert sorted(path.name for path in tmp_path.glob("*spark*")) == ["spark.parquet"]
    assert list(tmp_path.glob(".spark*")) == []


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

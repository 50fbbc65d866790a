from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from hostile_tables import HostileTables
from small_programs import application, bureau, compile_all

from solvent.errors import FeatureError, TablesError
from solvent.features.aggregates import count, latest, total
from solvent.features.ibis_engine import BatchEngine
from solvent.features.language import ratio
from solvent.tables.reading import RawTables, open_tables

PROGRAM = compile_all(
    application.NAME_CONTRACT_TYPE,
    ratio(application.AMT_CREDIT, application.AMT_ANNUITY),
    count(bureau),
    latest(bureau.CREDIT_ACTIVE, by=bureau.DAYS_CREDIT),
    total(bureau.AMT_CREDIT_SUM * application.CNT_CHILDREN),
)
TABLES = HostileTables(
    {
        "application": [
            {
                "SK_ID_CURR": 3,
                "TARGET": 1,
                "NAME_CONTRACT_TYPE": "Revolving loans",
                "AMT_CREDIT": 1e6,
                "AMT_ANNUITY": 3e5,
            },
            {"SK_ID_CURR": 1, "TARGET": 0, "NAME_CONTRACT_TYPE": "Loans", "AMT_CREDIT": 9000, "CNT_CHILDREN": 2},
            {"SK_ID_CURR": 2, "NAME_CONTRACT_TYPE": "Cash loans", "AMT_CREDIT": 1e6, "AMT_ANNUITY": 1000},
        ],
        "bureau": [
            {"SK_ID_CURR": 1, "CREDIT_ACTIVE": "Closed", "DAYS_CREDIT": -9, "AMT_CREDIT_SUM": 5},
            {"SK_ID_CURR": 1, "CREDIT_ACTIVE": "Active", "DAYS_CREDIT": -2, "AMT_CREDIT_SUM": 7},
            {"SK_ID_CURR": 2, "CREDIT_ACTIVE": "Unheard", "DAYS_CREDIT": -2},
        ],
    }
)
NAN = float("nan")


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[RawTables]:
    (tmp_path / "raw").mkdir()
    with open_tables(TABLES.write(tmp_path / "raw")) as tables:
        yield tables


def test_reads_a_matrix_ordered_by_client(tables: RawTables) -> None:
    matrix = BatchEngine(PROGRAM, tables).read_matrix()
    assert matrix.client_ids.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(matrix.target, [0, NAN, 1])
    expected = [[NAN, NAN, 2, 0, 24], [0, 1000, 1, NAN, NAN], [1, np.float32(10 / 3), NAN, NAN, NAN]]
    np.testing.assert_array_equal(matrix.values, np.array(expected, dtype=np.float32))
    kinds = [str(column.dtype) for column in (matrix.client_ids, matrix.values, matrix.target)]
    assert kinds == ["int64", "float32", "float32"]


def test_reads_values_before_rounding(tables: RawTables) -> None:
    clients, values = BatchEngine(PROGRAM, tables).read_values()
    assert clients.tolist() == [1, 2, 3]
    assert values[2, 1] == 10 / 3


def test_writes_numbers_as_float32_and_categories_as_text(tables: RawTables, tmp_path: Path) -> None:
    out = tmp_path / "features.parquet"
    assert BatchEngine(PROGRAM, tables).write_features(out) == 3
    written = pyarrow.parquet.read_table(out)
    assert written.schema.names == ["SK_ID_CURR", "TARGET", *PROGRAM.names]
    assert [str(field.type) for field in written.schema] == [
        "int64", "double", "string", "float", "float", "string", "float",
    ]  # fmt: skip
    assert written.to_pydict() == {
        "SK_ID_CURR": [1, 2, 3],
        "TARGET": [0.0, None, 1.0],
        "value_0": [None, "Cash loans", "Revolving loans"],
        "value_1": [None, 1000.0, float(np.float32(10 / 3))],
        "value_2": [2.0, 1.0, None],
        "value_3": ["Active", None, None],
        "value_4": [24.0, None, None],
    }
    assert [path.name for path in tmp_path.glob("*features*")] + [path.name for path in tmp_path.glob(".*")] == [
        "features.parquet"
    ]


def test_leaves_nothing_behind_when_the_file_cannot_be_put_in_place(tables: RawTables, tmp_path: Path) -> None:
    out = tmp_path / "features.parquet"
    out.mkdir()
    with pytest.raises(OSError, match=r"features\.parquet"):
        BatchEngine(PROGRAM, tables).write_features(out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["features.parquet", "raw"]


def test_keeps_the_older_file_when_the_query_fails(tables: RawTables, tmp_path: Path) -> None:
    out = tmp_path / "features.parquet"
    out.write_bytes(b"older")
    engine = BatchEngine(PROGRAM, tables)
    ((kept,),) = tables.connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'solvent_%' ORDER BY column_count DESC LIMIT 1"
    ).fetchall()
    columns = tables.connection.execute(f"DESCRIBE {kept}").fetchall()
    tables.connection.execute(f"DROP TABLE {kept}")
    failing = ", ".join(f"error('broken')::{kind} AS {name}" for name, kind, *_ in columns)
    tables.connection.execute(f"CREATE TEMP VIEW {kept} AS SELECT {failing} FROM range(3)")
    with pytest.raises(TablesError, match="the raw tables cannot be read"):
        engine.write_features(out)
    assert out.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["features.parquet", "raw"]


def test_refuses_to_write_into_a_folder_that_does_not_exist(tables: RawTables, tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match=r"the folder .*absent does not exist: make it"):
        BatchEngine(PROGRAM, tables).write_features(tmp_path / "absent" / "features.parquet")


def test_a_missing_table_is_told_when_it_is_read(tables: RawTables, tmp_path: Path) -> None:
    (tmp_path / "raw" / "bureau.parquet").unlink()
    with pytest.raises(TablesError, match=r"bureau\.parquet"):
        BatchEngine(PROGRAM, tables)


def test_tells_what_it_aggregates(tables: RawTables) -> None:
    told: list[tuple[str, float]] = []
    BatchEngine(PROGRAM, tables, progress=lambda what, share: told.append((what, share)))
    assert told == [("reading applications", 0.0), ("aggregating bureau by client", 0.5)]


def test_two_engines_share_a_connection(tables: RawTables) -> None:
    first, second = BatchEngine(PROGRAM, tables), BatchEngine(PROGRAM, tables)
    np.testing.assert_array_equal(first.read_values()[1], second.read_values()[1])


def test_reads_the_history_of_every_client(tables: RawTables) -> None:
    histories = dict(BatchEngine(PROGRAM, tables).read_histories(chunk=2))
    counted, newest = (node for node in PROGRAM.history_aggregates if node not in PROGRAM.application_bound)
    assert {client: history.aggregates[counted] for client, history in histories.items() if client != 3} == {1: 2, 2: 1}
    assert histories[1].aggregates[newest] == 0.0
    assert np.isnan([histories[3].aggregates[counted], histories[2].aggregates[newest]]).all()
    kept = {client: sorted(next(iter(history.rows.values()))) for client, history in histories.items()}
    assert (kept[1], kept[3]) == ([5.0, 7.0], [])
    assert np.isnan(kept[2]).tolist() == [True]


def test_refuses_a_client_with_two_applications(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    twice = HostileTables({**TABLES.rows, "application": [*TABLES.rows["application"], {"SK_ID_CURR": 3}]})
    with (
        open_tables(twice.write(tmp_path / "raw")) as tables,
        pytest.raises(TablesError, match=r"application: 1 rows repeat a client .*keep one of each"),
    ):
        BatchEngine(PROGRAM, tables)

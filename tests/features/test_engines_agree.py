"""Both engines give the same values, on tables that were made to part them."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pytest
from hostile_tables import HostileTables, make_hostile_tables
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from small_programs import bureau, compile_all, instalments
from whole_language import build_whole_language, statistics_of

from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.features.aggregates import before, latest
from solvent.features.catalogue import build_program
from solvent.features.ibis_engine import BatchEngine
from solvent.features.operations import ARRAY_OPERATIONS
from solvent.features.program import Program
from solvent.features.pruning import keep_features
from solvent.features.request_engine import ReducedHistory, RequestEngine
from solvent.tables.reading import open_tables
from solvent.tables.schemas import HISTORY_TABLES

Values = npt.NDArray[np.float64]

# Every run draws the same tables. `pytest --hypothesis-profile=thorough` draws others each time and ten times as many;
# a failure shows their seed, which `make_hostile_tables` takes. 100 examples is what hypothesis draws by default.
examples = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=settings().max_examples // 25,
    phases=[Phase.explicit, Phase.generate],
)
few_examples = settings(examples, max_examples=examples.max_examples // 2)
seeds = st.integers(0, 2**32 - 1)
empty_tables = st.sets(st.sampled_from(HISTORY_TABLES), max_size=3)


WHOLE_LANGUAGE = build_whole_language()
CATALOGUE = build_program(FORBIDDEN_COLUMNS)
ONE_TABLE = compile_all(
    *statistics_of(instalments.AMT_PAYMENT, instalments.AMT_INSTALMENT > 2, instalments.DAYS_INSTALMENT)
)


def test_the_small_program_speaks_the_whole_language() -> None:
    others = {
        "before",
        "number",
        "column",
        "row",
        "groups",
        "lookup",
        "aggregate",
        "is_in",
        "is_sentinel",
        "same_category",
    }
    assert {node.op for node in WHOLE_LANGUAGE.nodes} == {*ARRAY_OPERATIONS, *others}
    assert {node.statistic for node in WHOLE_LANGUAGE.nodes} - {""} == {
        "count", "share", "sum", "mean", "min", "max", "std", "distinct", "slope", "latest",
        "quantile", "kurtosis", "longest_run", "run_count",
    }  # fmt: skip


def evaluate_all(program: Program, tables: HostileTables) -> Values:
    engine = RequestEngine(program)
    return np.array(
        [
            engine.evaluate(row, engine.reduce_history(tables.history(client)))
            for client, row in tables.applications().items()
        ]
    )


def find_differences(program: Program, batch: Values, request: Values, *, limit: float) -> list[str]:
    """Names of the features with another missing pattern or with a relative difference above the limit."""
    scale = np.maximum(np.maximum(np.abs(batch), np.abs(request)), np.finfo(np.float64).tiny)
    apart = ~(np.abs(batch - request) <= limit * scale) & ~(np.isnan(batch) & np.isnan(request))
    return [program.names[place] for place in np.flatnonzero(apart.any(axis=0))]


def check_engines_agree(program: Program, tables: HostileTables) -> None:
    with TemporaryDirectory() as directory, open_tables(tables.write(Path(directory)), threads=2) as raw:
        clients, batch = BatchEngine(program, raw).read_values()
    assert clients.tolist() == list(tables.applications())
    assert find_differences(program, batch, evaluate_all(program, tables), limit=1e-9) == []


@few_examples
@given(seed=seeds, empty=empty_tables)
def test_engines_agree_on_every_statistic_of_a_table(seed: int, empty: set[str]) -> None:
    check_engines_agree(ONE_TABLE, make_hostile_tables(seed, clients=200, empty=empty))


def test_of_rows_that_repeat_each_other_the_one_longest_after_another_is_the_latest() -> None:
    program = keep_features(CATALOGUE, {"bureau_gap_days_latest"})
    loans = [
        {"SK_ID_CURR": 1, "SK_ID_BUREAU": loan, "DAYS_CREDIT": day} for loan, day in ((5, -1), (4, -3600), (5, -1))
    ]
    tables = HostileTables({"application": [{"SK_ID_CURR": 1}], "bureau": loans})
    assert evaluate_all(program, tables).tolist() == [[3599.0]]
    check_engines_agree(program, tables)


def test_of_rows_that_repeat_each_other_each_value_of_the_row_before_settles_its_own_tie() -> None:
    newest = {"SK_ID_CURR": 1, "SK_ID_BUREAU": 5, "DAYS_CREDIT": -1, "AMT_CREDIT_SUM_DEBT": 240}
    oldest = {"SK_ID_CURR": 1, "SK_ID_BUREAU": 4, "DAYS_CREDIT": -9, "AMT_CREDIT_SUM_LIMIT": 7}
    tables = HostileTables({"application": [{"SK_ID_CURR": 1}], "bureau": [newest, oldest, newest]})
    program = compile_all(
        *(
            latest(before(value, by=bureau.DAYS_CREDIT), by=bureau.DAYS_CREDIT)
            for value in (bureau.AMT_CREDIT_SUM_DEBT, bureau.AMT_CREDIT_SUM_LIMIT)
        )
    )
    assert evaluate_all(program, tables).tolist() == [[240.0, 7.0]]
    check_engines_agree(program, tables)


@pytest.mark.slow
@examples
@given(seed=seeds, empty=empty_tables)
def test_engines_agree_on_the_catalogue(seed: int, empty: set[str]) -> None:
    check_engines_agree(CATALOGUE, make_hostile_tables(seed, clients=600, empty=empty))


@pytest.mark.slow
@examples
@given(seed=seeds, empty=empty_tables, clients=st.sampled_from([1, 40, 600]))
def test_engines_agree_on_the_whole_language(seed: int, empty: set[str], clients: int) -> None:
    check_engines_agree(WHOLE_LANGUAGE, make_hostile_tables(seed, clients=clients, empty=empty))


def read_histories(program: Program, tables: HostileTables, *, chunk: int) -> Iterator[tuple[int, ReducedHistory]]:
    with TemporaryDirectory() as directory, open_tables(tables.write(Path(directory))) as raw:
        yield from BatchEngine(program, raw).read_histories(chunk=chunk)


def kept_rows(program: Program, history: ReducedHistory) -> dict[str, list[tuple[float, ...]]]:
    """The kept rows of each table, in an order that does not depend on the engine; -1e9 where missing."""
    by_table: dict[str, list[Values]] = {}
    for node, rows in sorted(history.rows.items()):
        by_table.setdefault(program.nodes[node].level.table, []).append(np.where(np.isnan(rows), -1e9, rows))
    return {table: sorted(zip(*columns, strict=True)) for table, columns in by_table.items()}


@pytest.mark.slow
@few_examples
@given(seed=seeds, empty=empty_tables)
def test_engines_reduce_histories_alike(seed: int, empty: set[str]) -> None:
    program, tables = WHOLE_LANGUAGE, make_hostile_tables(seed, clients=40, empty=empty)
    engine = RequestEngine(program)
    stored = dict(read_histories(program, tables, chunk=7))
    assert sorted(stored) == list(tables.applications())
    for client, history in stored.items():
        expected = engine.reduce_history(tables.history(client))
        assert list(history.aggregates) == list(expected.aggregates)
        assert set(history.rows) == set(expected.rows)
        np.testing.assert_allclose(
            list(history.aggregates.values()), list(expected.aggregates.values()), rtol=1e-12, atol=0
        )
        assert kept_rows(program, history) == kept_rows(program, expected)


@pytest.mark.slow
def test_a_history_reduced_in_batch_and_stored_gives_the_features_of_the_batch() -> None:
    program, tables = WHOLE_LANGUAGE, make_hostile_tables(20, clients=60)
    engine, applications = RequestEngine(program), tables.applications()
    stored = {client: history.to_bytes() for client, history in read_histories(program, tables, chunk=1000)}
    values = np.array(
        [engine.evaluate(row, ReducedHistory.from_bytes(stored[client])) for client, row in applications.items()]
    )
    assert find_differences(program, values, evaluate_all(program, tables), limit=1e-9) == []

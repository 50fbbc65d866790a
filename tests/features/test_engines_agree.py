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
from small_programs import application, bureau, compile_all, instalments, months, pos, previous

from solvent.features.aggregates import (
    count,
    deviation,
    distinct,
    grouped,
    latest,
    lookup,
    maximum,
    mean,
    minimum,
    share,
    slope,
    total,
)
from solvent.features.catalogue import build_program
from solvent.features.ibis_engine import BatchEngine
from solvent.features.language import (
    Expression,
    absolute,
    as_number,
    coalesce,
    exponential,
    is_missing,
    is_sentinel,
    larger,
    largest_present,
    logarithm,
    mean_present,
    ratio,
    smaller,
    square_root,
    when,
    within,
)
from solvent.features.operations import ARRAY_OPERATIONS
from solvent.features.program import Program
from solvent.features.request_engine import ReducedHistory, RequestEngine
from solvent.tables.reading import open_tables

Values = npt.NDArray[np.float64]

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
"""Ibis 12 calls what DuckDB 2 deprecates."""

few_examples = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=3,
    phases=[Phase.generate],
)
more_examples = settings(few_examples, max_examples=6)
seeds = st.integers(0, 2**32 - 1)
missing_shares = st.sampled_from([0.0, 0.2, 0.8])


def statistics_of(value: Expression, flag: Expression, order: Expression) -> list[Expression]:
    """Every statistic, alone, with a filter, and over the last two rows."""
    return [
        one
        for take in (total, mean, minimum, maximum, deviation)
        for one in (take(value), take(value, where=flag), take(value, last=2, by=order, where=flag))
    ] + [
        share(flag),
        share(flag, where=is_missing(value) | (value > 2)),
        share(flag, last=3, by=order),
        distinct(value),
        distinct(value, where=flag),
        slope(value, over=order),
        slope(value, over=order, where=flag),
        slope(value, over=order, last=3, by=order),
        latest(value, by=order),
        latest(value, by=order, where=flag),
    ]


def build_whole_language() -> Program:
    """Every operation and every statistic: over rows, over loans, on the client's values, beside the application."""
    debt, limit, days = bureau.AMT_CREDIT_SUM_DEBT, bureau.AMT_CREDIT_SUM_LIMIT, bureau.DAYS_CREDIT
    active = bureau.CREDIT_ACTIVE.is_in("Active", "Sold")
    credit, annuity = application.AMT_CREDIT, application.AMT_ANNUITY
    due, paid = instalments.DAYS_INSTALMENT, instalments.AMT_PAYMENT
    loans, pos_loans = grouped(instalments, by="SK_ID_PREV"), grouped(pos, by="SK_ID_PREV")
    per_loan, newest = loans.value(total(paid)), loans.value(maximum(due))
    month_share = grouped(months, by="SK_ID_BUREAU").value(
        share(months.STATUS.is_in("1", "2"), where=months.STATUS != "X")
    )
    status = pos_loans.value(latest(pos.NAME_CONTRACT_STATUS, by=pos.MONTHS_BALANCE))
    still_open = is_sentinel(previous.DAYS_LAST_DUE)
    rows = [
        absolute(debt), larger(debt, limit), smaller(debt, limit), square_root(debt), logarithm(debt), coalesce(debt, limit),
        exponential(days * 0.01), exponential(limit), ratio(debt, limit), debt - limit * 2, 1 - debt * annuity,
        ratio(exponential(-days), exponential(days)), mean_present(debt, limit, bureau.AMT_ANNUITY),
        largest_present(debt, limit), when(active & ~(debt < limit), debt, limit), when(debt == limit, days),
        when(active | (debt <= credit), annuity, 3.0), as_number((debt != limit) | (limit > 0)), as_number(is_missing(debt)),
    ]  # fmt: skip
    client = [maximum(debt), minimum(limit)]
    return compile_all(
        *statistics_of(debt, active, days),
        *statistics_of(paid - annuity, due > credit * -1e-3, due),
        *statistics_of(per_loan, newest > -20, newest),
        *statistics_of(lookup(month_share, into=bureau), active, days),
        *(one for row in rows for one in (mean(row), latest(row, by=bureau.DAYS_CREDIT_UPDATE))),
        *(take(*client) for take in (ratio, larger, smaller, coalesce, lambda a, b: a * b - 1, lambda a, b: when(a > b, a))),
        square_root(client[1]), logarithm(client[0]), exponential(client[1]), absolute(client[1]), -client[0],
        as_number(~(client[0] == client[1]) & (client[0] <= credit)), client[0] < 5, is_missing(client[0]),
        count(bureau), count(bureau, where=active), count(months), count(months, where=months.STATUS == "C"),
        count(loans), count(loans, where=per_loan > annuity * 0.01), mean(ratio(per_loan, annuity)),
        count(previous, where=still_open & within(previous.DAYS_DECISION, last=365)),
        share(still_open, last=1, by=previous.DAYS_DECISION), share(previous.NAME_CONTRACT_TYPE == application.NAME_CONTRACT_TYPE),
        latest(bureau.CREDIT_TYPE, by=days), distinct(bureau.CREDIT_TYPE), latest(lookup(status, into=previous), by=previous.DAYS_DECISION),
        share(lookup(status, into=previous) == "Active"), application.NAME_CONTRACT_TYPE,
        as_number(application.ORGANIZATION_TYPE == "Bank"), as_number(is_sentinel(application.DAYS_EMPLOYED)),
        as_number(is_sentinel(application.ORGANIZATION_TYPE)), as_number(is_missing(application.OCCUPATION_TYPE)),
    )  # fmt: skip


WHOLE_LANGUAGE = build_whole_language()
CATALOGUE = build_program(frozenset({"CODE_GENDER", "NAME_FAMILY_STATUS"}))


def test_the_small_program_speaks_the_whole_language() -> None:
    others = {"number", "column", "row", "groups", "lookup", "aggregate", "is_in", "is_sentinel", "same_category"}
    assert {node.op for node in WHOLE_LANGUAGE.nodes} == {*ARRAY_OPERATIONS, *others}
    assert {node.statistic for node in WHOLE_LANGUAGE.nodes} - {""} == {
        "count", "share", "sum", "mean", "min", "max", "std", "distinct", "slope", "latest",
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


@pytest.mark.slow
@few_examples
@given(seed=seeds, missing=missing_shares)
def test_engines_agree_on_the_catalogue(seed: int, missing: float) -> None:
    check_engines_agree(CATALOGUE, make_hostile_tables(seed, clients=150, missing=missing))


@pytest.mark.slow
@more_examples
@given(seed=seeds, missing=missing_shares, clients=st.sampled_from([1, 40, 150]))
def test_engines_agree_on_the_whole_language(seed: int, missing: float, clients: int) -> None:
    check_engines_agree(WHOLE_LANGUAGE, make_hostile_tables(seed, clients=clients, missing=missing))


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
@settings(few_examples, max_examples=2)
@given(seed=seeds, missing=missing_shares)
def test_engines_reduce_histories_alike(seed: int, missing: float) -> None:
    program, tables = WHOLE_LANGUAGE, make_hostile_tables(seed, clients=40, missing=missing)
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
    program, tables = WHOLE_LANGUAGE, make_hostile_tables(20, clients=60, missing=0.2)
    engine, applications = RequestEngine(program), tables.applications()
    stored = {client: history.to_bytes() for client, history in read_histories(program, tables, chunk=1000)}
    values = np.array(
        [engine.evaluate(row, ReducedHistory.from_bytes(stored[client])) for client, row in applications.items()]
    )
    assert find_differences(program, values, evaluate_all(program, tables), limit=1e-9) == []

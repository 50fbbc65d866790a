"""What a program reads and does is tried before the first request."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest
from small_programs import application, bureau, compile_all, months, pos

from solvent.errors import FeatureError
from solvent.features.aggregates import count, latest, mean, total
from solvent.features.language import ratio
from solvent.features.program import Cleaning, Program, ValueKind
from solvent.features.request_engine import RequestEngine
from solvent.features.trial import try_out

PROGRAM = compile_all(
    ratio(application.AMT_CREDIT, application.AMT_INCOME_TOTAL),
    total(bureau.AMT_CREDIT_SUM, where=bureau.CREDIT_ACTIVE == "Active"),
    count(months),
    latest(pos.SK_DPD, by=pos.MONTHS_BALANCE),
    mean(bureau.AMT_CREDIT_SUM),
)


def test_a_program_that_runs_passes() -> None:
    try_out(RequestEngine(PROGRAM))


def test_a_column_that_no_table_has_is_refused() -> None:
    added = {**PROGRAM.columns["bureau"], "AMT_SECRET": Cleaning(ValueKind.NUMBER)}
    with pytest.raises(FeatureError, match="reads a column that bureau does not have"):
        try_out(RequestEngine(_with_columns({**PROGRAM.columns, "bureau": added})))


def test_a_table_that_does_not_exist_is_refused() -> None:
    added = {"SK_ID_CURR": Cleaning(ValueKind.NUMBER)}
    with pytest.raises(FeatureError, match="reads a table that does not exist"):
        try_out(RequestEngine(_with_columns({**PROGRAM.columns, "credit_bureau": added})))


def test_a_statistic_that_does_not_exist_is_refused_though_only_rows_would_need_it() -> None:
    nodes = tuple(replace(node, statistic="median") if node.statistic == "mean" else node for node in PROGRAM.nodes)
    with pytest.raises(FeatureError, match="cannot run"):
        try_out(RequestEngine(replace(PROGRAM, nodes=nodes)))


def _with_columns(columns: dict[str, Mapping[str, Cleaning]]) -> Program:
    return replace(PROGRAM, columns=MappingProxyType(columns))

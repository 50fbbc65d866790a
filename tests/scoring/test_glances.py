"""What passes at a glance would pass value by value."""

import math
from typing import Any

import pytest

from solvent.scoring.field_checks import table_checks
from solvent.scoring.glances import glance_over
from solvent.tables.schemas import APPLICATION, CLIENT, HISTORY_TABLES, TARGET, Column, ColumnKind, table_schema

TABLES = (APPLICATION, *HISTORY_TABLES)
HOSTILE: list[Any] = [
    None, True, False, 0, 0.0, -0.0, 1, 7.0, 7.5, -1, -1e9, 1e9, 365243, 365243.0, math.nan, math.inf, -math.inf,
    2**70, "", "XNA", "Cash loans", "<script>", [], {}, [1], b"x",
]  # fmt: skip


def right_value(column: Column) -> float | str:
    if column.kind is ColumnKind.CATEGORY:
        return column.categories[0]
    low = 0.0 if column.minimum is None else column.minimum
    return math.ceil(low) if column.maximum is None else math.floor(max(low, min(column.maximum, 1.0)))


def right_row(table: str) -> dict[str, Any]:
    columns = [column for column in table_schema(table).columns if column.name != TARGET]
    return {column.name: right_value(column) for column in columns} | (
        {CLIENT: 7} if any(column.name == CLIENT for column in columns) else {}
    )


def find_faults(table: str, row: dict[str, Any]) -> bool:
    checks = table_checks(table)
    unknown = row.keys() - checks.by_column.keys()
    missing = [name for name in checks.required if row.get(name) is None]
    return bool(unknown or missing) or any(
        checks.by_column[name](value) is not None for name, value in row.items() if value is not None
    )


@pytest.mark.parametrize("table", TABLES)
def test_a_row_in_which_all_is_right_passes(table: str) -> None:
    row = right_row(table)
    assert not find_faults(table, row)
    assert glance_over(table)([row], 7) == []


@pytest.mark.parametrize("table", TABLES)
def test_a_row_passes_only_if_nothing_is_wrong_with_any_of_its_values(table: str) -> None:
    passed = 0
    for name in [*right_row(table), "AMT_SECRET"]:
        for value in HOSTILE:
            row = right_row(table) | {name: value}
            if glance_over(table)([row], 7) == []:
                passed += 1
                if not (name == CLIENT and value is None and table != APPLICATION):
                    assert not find_faults(table, row), (name, value)
    assert passed > len(right_row(table))


def test_the_odd_rows_are_named_in_their_order() -> None:
    right, without_key, unknown = {"SK_ID_BUREAU": 1}, {"DAYS_CREDIT": -5}, {"SK_ID_BUREAU": 2, "AMT_SECRET": 1}
    assert glance_over("bureau")([without_key, right, unknown], 7) == [without_key, unknown]


@pytest.mark.parametrize(("owner", "client", "passes"), [
    (None, 7, True), (7, 7, True), (8, 7, False), (True, 1, False), (None, None, False), (None, "7", False),
    (None, -1, False), (7, 7.0, False),
])  # fmt: skip
def test_a_row_of_another_client_or_of_a_client_without_a_number_is_odd(
    owner: object, client: object, passes: bool
) -> None:
    rows = [{"SK_ID_BUREAU": 1, CLIENT: owner}]
    assert (glance_over("bureau")(rows, client) == []) is passes

"""Checks of single values against the schema of their column, made once per column."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from solvent.tables.schemas import APPLICATION, TARGET, Column, ColumnKind, table_schema


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value: a problem refuses the request, a warning makes the value count as missing."""

    text: str
    is_problem: bool


Check = Callable[[object], Fault | None]
"""Looks at a value that is not null; None if nothing is wrong with it."""


@dataclass(frozen=True)
class TableChecks:
    """The checks of a table by column, and for each required column what to say if it is absent."""

    by_column: Mapping[str, Check]
    required: Mapping[str, Fault]


@cache
def table_checks(table: str) -> TableChecks:
    """Make the checks of a table; TARGET is not part of an application."""
    prefix = "" if table == APPLICATION else f"{table}."
    columns = [column for column in table_schema(table).columns if column.name != TARGET]
    required = {c.name: Fault(f"{prefix}{c.name}: required", is_problem=True) for c in columns if c.required}
    return TableChecks(
        MappingProxyType({column.name: _make_check(column, prefix + column.name) for column in columns}),
        MappingProxyType(required),
    )


def _accepted(column: Column) -> frozenset[float | str]:
    return frozenset((*column.categories, *column.sentinels))


def _range(column: Column) -> tuple[float, float, bool]:
    low = float("-inf") if column.minimum is None else column.minimum
    high = float("inf") if column.maximum is None else column.maximum
    return low, high, column.kind is not ColumnKind.NUMBER


def _make_check(column: Column, name: str) -> Check:
    if column.kind is ColumnKind.CATEGORY:
        return _category_check(column, name)
    return _number_check(column, name)


def _category_check(column: Column, name: str) -> Check:
    accepted = _accepted(column)
    not_text = Fault(f"{name}: must be text", is_problem=True)
    unknown = Fault(f"unknown_category:{name}", is_problem=False)
    if column.required:
        unknown = Fault(f"{name}: must be one of {', '.join(column.categories)}", is_problem=True)

    def check(value: object) -> Fault | None:
        if not isinstance(value, str):
            return not_text
        return None if value in accepted else unknown

    return check


def _number_check(column: Column, name: str) -> Check:
    low, high, is_whole = _range(column)
    not_number = Fault(f"{name}: must be a number", is_problem=True)
    not_whole = Fault(f"{name}: must be a whole number", is_problem=True)
    outside = Fault(f"out_of_range:{name}", is_problem=False)
    if column.required:
        outside = Fault(f"{name}: must lie between {low:.12g} and {high:.12g}", is_problem=True)

    def check(value: object) -> Fault | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return not_number
        if is_whole and value % 1 != 0:
            return not_whole
        return None if low <= value <= high or value in column.sentinels else outside

    return check

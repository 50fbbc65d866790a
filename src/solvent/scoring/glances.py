"""Passes the rows of a table in which nothing is wrong, at one glance each, so that only the others are taken apart.

A request with history has a thousand values, nearly all of them right: one condition per column, written into one
function per table, takes a third of what a look-up of each value's check takes.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from solvent.features.expressions import define_function
from solvent.features.raw_values import Row
from solvent.tables.schemas import APPLICATION, CLIENT, TARGET, Column, ColumnKind, table_schema

FindOdd = Callable[[Sequence[Row], object], list[Row]]
"""Returns the rows that do not pass, in their order; the second argument is the client whose rows they must be."""


@cache
def glance_over(table: str) -> FindOdd:
    """Compile what finds the odd rows of a table.

    A row passes if all of its fields are columns of the table, each value is absent, null, a number in the column's
    range, one of its sentinels or a known category, and no required one is missing. Rows of a history may leave out
    the client. What does not pass may still be right.
    """
    columns = [column for column in table_schema(table).columns if column.name != TARGET]
    constants: dict[str, Any] = {"known": frozenset(column.name for column in columns)}
    conditions = ["row.keys() <= known"]
    for number, column in enumerate(columns):
        is_owner = column.name == CLIENT and table != APPLICATION
        constants |= _describe(column, number)
        condition = f"{_OWNER} and {_CLIENT}" if is_owner else _condition(column)
        conditions.append(condition.format(number))
    passes = " and ".join(conditions)
    loop = ["for row in rows:", "    get = row.get", f"    if not ({passes}): odd.append(row)"]
    return define_function("rows, client", ["odd = []", *loop, "return odd"], constants)


_OWNER = "((r := get(name{0:d})) is None or type(r) is int and r == client)"
_CLIENT = "type(client) is int and low{0:d} <= client <= high{0:d}"
_TEXT = "type(r := get(name{0:d})) is str and r in texts{0:d}"
_WHOLE = "((kind := type(r := get(name{0:d}))) is int or kind is float and r % 1 == 0)"
_NUMBER = "((kind := type(r := get(name{0:d}))) is float or kind is int)"
_PLAUSIBLE = "(low{0:d} <= r <= high{0:d} or r in sentinels{0:d})"


def _condition(column: Column) -> str:
    if column.kind is ColumnKind.CATEGORY:
        right = _TEXT
    else:
        right = f"{_NUMBER if column.kind is ColumnKind.NUMBER else _WHOLE} and {_PLAUSIBLE}"
    return f"({right})" if column.required else f"({right} or r is None)"


def _describe(column: Column, number: int) -> dict[str, Any]:
    described = {
        "name": column.name,
        "texts": frozenset((*column.categories, *column.sentinels)),
        "sentinels": frozenset(column.sentinels),
        "low": float("-inf") if column.minimum is None else column.minimum,
        "high": float("inf") if column.maximum is None else column.maximum,
    }
    return {f"{what}{number:d}": value for what, value in described.items()}

"""Request bodies from drawn tables: an application with its history rows nested in it, missing values left out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from solvent.world.drawing.marginals import Coded, Column, Table
from solvent.world.published import INTEGER

Row = dict[str, Any]
Columns = Sequence[tuple[str, str]]

_MAIN = "application"
_CLIENT = "SK_ID_CURR"
_OUTCOME = "TARGET"


def request_bodies(tables: Mapping[str, Table], columns: Mapping[str, Columns]) -> Iterator[Row]:
    """Yield a body per row of "application", with the rows of the other tables that `columns` names.

    `columns` are raw names and kinds by table, as in `published`; nested rows come without SK_ID_CURR.
    """
    histories = {name: _rows_by_client(tables[name], listed) for name, listed in columns.items() if name != _MAIN}
    for body in _rows(tables[_MAIN], columns[_MAIN]):
        for name, rows in histories.items():
            body[name] = rows.get(body[_CLIENT], [])
        yield body


def _rows_by_client(table: Table, columns: Columns) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    listed = [column for column in columns if column[0] != _CLIENT]
    for client, row in zip(np.asarray(table[_CLIENT]).tolist(), _rows(table, listed), strict=True):
        found.setdefault(int(client), []).append(row)
    return found


def _rows(table: Table, columns: Columns) -> Iterator[Row]:
    names = [name for name, _ in columns if name != _OUTCOME]
    values = [_cells(table[name], kind) for name, kind in columns if name != _OUTCOME]
    for row in zip(*values, strict=True):
        yield {name: value for name, value in zip(names, row, strict=True) if value is not None}


def _cells(column: Column, kind: str) -> list[Any]:
    if isinstance(column, Coded):
        labels = [*column.labels, None]
        return [labels[code] for code in column.codes.tolist()]
    if kind == INTEGER:
        whole: list[int] = np.asarray(column).astype(np.int64).tolist()
        return whole
    return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124 - NaN alone differs

"""Raw JSON values of one client's tables to clean float64: missing is NaN, a category its code."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from solvent.features.operations import MISSING, Array
from solvent.features.program import CLIENT_LINKS, Cleaning, Node, Program, ValueKind
from solvent.features.segments import Values

Row = Mapping[str, Any]
History = Mapping[str, Sequence[Row]]
"""One client's history rows by table name; a table that is absent or empty is no history in it."""


class ColumnReader:
    """The rule by which the values of one raw column are cleaned."""

    def __init__(self, name: str, cleaning: Cleaning) -> None:
        self.name = name
        self.codes = {text: float(code) for code, text in enumerate(cleaning.categories)}
        self.sentinels = frozenset(cleaning.sentinels)
        self.minimum = -np.inf if cleaning.minimum is None else cleaning.minimum
        self.maximum = np.inf if cleaning.maximum is None else cleaning.maximum


class TableReader:
    """Reads the columns of a table that a program needs from a client's rows, all numbers at once."""

    def __init__(self, program: Program, table: str, leaves: Iterable[int]) -> None:
        self._table = table
        self._dates = program.row_dates.get(table, ())
        columns = program.columns[table]
        nodes = [(position, program.nodes[position]) for position in leaves]
        readers = {node.name: ColumnReader(node.name, columns[node.name]) for _, node in nodes if node.op != "row"}
        self._ones = [position for position, node in nodes if node.op == "row"]
        self._flags = [(position, readers[node.name]) for position, node in nodes if node.op == "is_sentinel"]
        values = [(position, node) for position, node in nodes if node.op == "column"]
        self._categories = [(one, readers[node.name]) for one, node in values if node.kind is ValueKind.CATEGORY]
        numbers = [(one, readers[node.name]) for one, node in values if node.kind is not ValueKind.CATEGORY]
        self._numbers = [position for position, _ in numbers]
        self._names = [reader.name for _, reader in numbers]
        self._low = np.array([reader.minimum for _, reader in numbers])[:, None]
        self._high = np.array([reader.maximum for _, reader in numbers])[:, None]
        self._sentinels = [
            (place, float(sentinel))
            for place, (_, reader) in enumerate(numbers)
            for sentinel in reader.sentinels
            if not isinstance(sentinel, str)
        ]

    def read(self, history: History, values: Values) -> bool:
        """Store the columns of the rows that count, NaN where a value is missing; whether there are any such rows.

        A value is missing where it is absent, null, a sentinel, out of range or an unknown category. A sentinel's flag
        is missing where there is no raw value, or an empty text.
        """
        rows = rows_of_client(history, self._table, self._dates)
        for position in self._ones:
            values[position] = np.ones(len(rows))
        for position, reader in self._flags:
            values[position] = _flag_many(reader, rows)
        for position, reader in self._categories:
            values[position] = np.array([reader.codes.get(row.get(reader.name), MISSING) for row in rows])  # type: ignore[arg-type]
        if self._numbers:
            for position, column in zip(self._numbers, self._read_numbers(rows), strict=True):
                values[position] = column
        return len(rows) > 0

    def _read_numbers(self, rows: Sequence[Row]) -> Array:
        names = self._names
        raw = np.array([[*map(row.get, names)] for row in rows], dtype=np.float64).reshape(len(rows), len(names))
        columns = np.ascontiguousarray(raw.T)
        bad = ~((columns >= self._low) & (columns <= self._high))
        for place, sentinel in self._sentinels:
            bad[place] |= columns[place] == sentinel
        columns[bad] = MISSING
        return columns


def _flag_many(reader: ColumnReader, rows: Sequence[Row]) -> Array:
    raw = [row.get(reader.name) for row in rows]
    return np.array([MISSING if one is None or one == "" else float(one in reader.sentinels) for one in raw])


def rows_of_client(history: History, table: str, dates: Sequence[str] = ()) -> Sequence[Row]:
    """Rows of a table that belong to the client and are not dated after the application.

    `bureau_balance` names no client: its rows belong to those whose loan stands in the client's `bureau` rows; rows
    tied to no loan of the client are left out. A row is left out too if one of the columns `dates` is above 0.
    """
    rows = history.get(table, ())
    link = CLIENT_LINKS.get(table)
    if link is not None and rows:
        parent, key = link
        known = {row.get(key) for row in history.get(parent, ())} - {None}
        rows = [row for row in rows if row.get(key) in known]
    for date in dates:
        rows = [row for row in rows if not (row.get(date) or 0) > 0]
    return rows


def leaves_by_table(program: Program, positions: Iterable[int]) -> Mapping[str, list[int]]:
    """The row leaves among these nodes, by table."""
    tables: dict[str, list[int]] = {}
    for position in positions:
        node: Node = program.nodes[position]
        if program.is_row_leaf(position):
            tables.setdefault(node.level.table, []).append(position)
    return tables

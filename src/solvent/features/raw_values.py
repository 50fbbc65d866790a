"""Raw JSON values of one client's tables to clean float64: missing is NaN, a category its code."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from solvent.features.operations import MISSING, Array
from solvent.features.program import CLIENT_LINKS, Cleaning, ValueKind

Row = Mapping[str, Any]
History = Mapping[str, Sequence[Row]]
"""One client's history rows by table name; a table that is absent or empty is no history in it."""


class ColumnReader:
    """Cleans the values of one raw column by the program's rule."""

    def __init__(self, name: str, cleaning: Cleaning) -> None:
        self.name = name
        self._is_category = cleaning.kind is ValueKind.CATEGORY
        self._codes = {text: float(code) for code, text in enumerate(cleaning.categories)}
        self._sentinels = frozenset(cleaning.sentinels)
        self._sentinel_numbers = tuple(value for value in cleaning.sentinels if not isinstance(value, str))
        self._minimum = -np.inf if cleaning.minimum is None else cleaning.minimum
        self._maximum = np.inf if cleaning.maximum is None else cleaning.maximum

    def read_one(self, row: Row) -> float:
        """Value of the column in one row: NaN if absent, null, a sentinel, out of range or an unknown category."""
        raw = row.get(self.name)
        if raw is None:
            return MISSING
        if self._is_category:
            return self._codes.get(raw, MISSING)
        if raw in self._sentinels or not self._minimum <= raw <= self._maximum:
            return MISSING
        return float(raw)

    def read_many(self, rows: Sequence[Row]) -> Array:
        """The same for every row: shape (rows,)."""
        if self._is_category:
            return np.array([self._codes.get(row.get(self.name), MISSING) for row in rows])  # type: ignore[arg-type]
        values = np.array([row.get(self.name) for row in rows], dtype=np.float64)
        bad = ~((values >= self._minimum) & (values <= self._maximum))
        for sentinel in self._sentinel_numbers:
            bad |= values == sentinel
        values[bad] = MISSING
        return values

    def flag_one(self, row: Row) -> float:
        """1 if the raw value is a sentinel, 0 if it is another value, NaN if there is none or an empty text."""
        raw = row.get(self.name)
        return MISSING if raw is None or raw == "" else float(raw in self._sentinels)

    def flag_many(self, rows: Sequence[Row]) -> Array:
        """The same for every row: shape (rows,)."""
        return np.array([self.flag_one(row) for row in rows])


def rows_of_client(history: History, table: str) -> Sequence[Row]:
    """Rows of a table that belong to the client; rows tied to no loan of the client are left out.

    `bureau_balance` names no client: its rows belong to those whose loan stands in the client's `bureau` rows.
    """
    rows = history.get(table, ())
    link = CLIENT_LINKS.get(table)
    if link is None or not rows:
        return rows
    parent, key = link
    known = {row.get(key) for row in history.get(parent, ())} - {None}
    return [row for row in rows if row.get(key) in known]

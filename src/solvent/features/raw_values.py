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
        self.codes = {text: float(code) for code, text in enumerate(cleaning.categories)}
        self.sentinels = frozenset(cleaning.sentinels)
        self._sentinel_numbers = tuple(value for value in cleaning.sentinels if not isinstance(value, str))
        self.minimum = -np.inf if cleaning.minimum is None else cleaning.minimum
        self.maximum = np.inf if cleaning.maximum is None else cleaning.maximum

    def read_many(self, rows: Sequence[Row]) -> Array:
        """Values of shape (rows,): NaN where absent, null, a sentinel, out of range or an unknown category."""
        if self._is_category:
            return np.array([self.codes.get(row.get(self.name), MISSING) for row in rows])  # type: ignore[arg-type]
        values = np.array([row.get(self.name) for row in rows], dtype=np.float64)
        bad = ~((values >= self.minimum) & (values <= self.maximum))
        for sentinel in self._sentinel_numbers:
            bad |= values == sentinel
        values[bad] = MISSING
        return values

    def flag_many(self, rows: Sequence[Row]) -> Array:
        """1 where the raw value is a sentinel, 0 where it is another, NaN where there is none or an empty text."""
        raw = [row.get(self.name) for row in rows]
        return np.array([MISSING if one is None or one == "" else float(one in self.sentinels) for one in raw])


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

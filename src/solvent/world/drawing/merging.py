"""Tables cut by rows, put together again, and changed in some of their rows."""

from collections.abc import Sequence

import numpy as np

from solvent.world.drawing.marginals import Coded, Column, Flags, Integers, Table


def rows_of_table(table: Table, where: Flags | Integers) -> Table:
    """Return the rows of a table that a flag per row, or a list of positions, names."""
    return {
        name: Coded(column.codes[where], column.labels) if isinstance(column, Coded) else column[where]
        for name, column in table.items()
    }


def concatenated(tables: Sequence[Table]) -> Table:
    """Return the rows of tables with the same columns, one table after the other."""
    return {name: _concatenate([table[name] for table in tables]) for name in tables[0]}


def changed_where(table: Table, changed: Table, where: Flags) -> Table:
    """Return the table with the columns of `changed` instead of its own in the rows of `where`."""
    order = np.where(where, where.shape[0], 0) + np.arange(where.shape[0])
    both = {name: _concatenate([table[name], column]) for name, column in changed.items()}
    return {**table, **rows_of_table(both, order)}


def _concatenate(columns: Sequence[Column]) -> Column:
    if not isinstance(columns[0], Coded):
        return np.concatenate([np.asarray(column) for column in columns])
    coded = [column for column in columns if isinstance(column, Coded)]
    labels = tuple(dict.fromkeys(label for column in coded for label in column.labels))
    places = [np.array([*(labels.index(label) for label in column.labels), -1]) for column in coded]
    return Coded(np.concatenate([place[column.codes] for place, column in zip(places, coded, strict=True)]), labels)

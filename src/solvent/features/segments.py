"""A client's rows cut into segments, all of them or one per loan, and which rows of each a statistic takes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from solvent.features.operations import MISSING, Array

Values = list[Any]
"""Per node: a float (client), an array (rows or groups), Segments (groups); MISSING for rows of a table without any."""
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

_ONE_START = np.zeros(1, dtype=np.intp)


@dataclass(frozen=True)
class Segments:
    """Rows by segment: `order` brings them together, `starts` says where each segment begins, `keys` what it is."""

    order: Places | None
    starts: Places
    size: int
    keys: Array | None = None

    @staticmethod
    def whole(size: int) -> "Segments":
        """All rows, at least one, as one segment."""
        return Segments(None, _ONE_START, size)

    @staticmethod
    def by(key: Array) -> "Segments":
        """One segment per key; rows without one belong to none."""
        present = np.flatnonzero(~np.isnan(key))
        order = present[key[present].argsort(kind="stable")]
        ordered = key[order]
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if order.size else _ONE_START[:0]
        return Segments(order, starts, order.size, ordered[starts])

    @property
    def count(self) -> int:
        """How many segments there are."""
        return self.starts.size

    def gather(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Columns of shape (n, rows) in the order of the segments."""
        return rows if self.order is None else rows[:, self.order]

    def sums(self, rows: npt.NDArray[Any]) -> Array:
        """Sum of each of n columns in each segment: (n, segments)."""
        if self.starts.size == 1:
            return np.asarray(rows.sum(axis=1, keepdims=True, dtype=np.float64))
        return np.add.reduceat(rows, self.starts, axis=1, dtype=np.float64)

    def spread(self, values: Array) -> Array:
        """Bring one value per segment to each of its rows."""
        return values if self.starts.size == 1 else values[:, self.numbers]

    @cached_property
    def numbers(self) -> Places:
        """The segment of each row, in the order of the segments."""
        marks = np.zeros(self.size, dtype=np.intp)
        marks[self.starts[1:]] = 1
        return marks.cumsum()

    def find(self, wanted: Array, values: Array) -> Array:
        """For each wanted key the value of its segment, NaN if there is no such segment."""
        if self.keys is None or not self.keys.size:
            return np.full(wanted.size, MISSING)
        slots = np.minimum(np.searchsorted(self.keys, wanted), self.keys.size - 1)
        return np.where(self.keys[slots] == wanted, values[slots], MISSING)


def latest_first(keys: Sequence[Array], segments: Segments) -> Places:
    """Places of the rows of each segment, the largest first key first; ties go by the next keys, missing ones last."""
    first = -keys[0]
    order = first.argsort(kind="stable") if segments.count == 1 else np.lexsort((first, segments.numbers))
    ranked = first[order]
    if not (ranked[1:] == ranked[:-1]).any():
        return order
    every = [-key for key in reversed(keys)]
    return np.lexsort(every if segments.count == 1 else [*every, segments.numbers])


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows a statistic takes: those that pass a filter, or the last of them in an order."""

    where: int | None
    by: tuple[int, ...]
    last: int


class Selections:
    """Several selections over the same segments; filters and orders that they share are computed once."""

    def __init__(self, selections: Iterable[Selection]) -> None:
        self._selections = tuple(selections)
        filters = list(dict.fromkeys(selection.where for selection in self._selections))
        self._filters = [position for position in filters if position is not None]
        places = {position: place for place, position in enumerate(self._filters)} | {None: len(self._filters)}
        self._filter_of = np.array([places[selection.where] for selection in self._selections], dtype=np.intp)
        self._ordered: dict[tuple[int, ...], tuple[Places, Places]] = {}
        for by in dict.fromkeys(selection.by for selection in self._selections if selection.last):
            mine = [place for place, one in enumerate(self._selections) if one.last and one.by == by]
            last = [self._selections[place].last for place in mine]
            self._ordered[by] = (np.array(mine, dtype=np.intp), np.array(last, dtype=np.intp)[:, None])

    def masks(self, values: Values, segments: Segments, *, rows: int) -> Mask:
        """The rows that each selection takes, in the order of the segments: (selections, rows)."""
        flags = np.ones((len(self._filters) + 1, rows))
        for place, position in enumerate(self._filters):
            flags[place] = values[position]
        masks: Mask = segments.gather(flags == 1.0)[self._filter_of]
        for by, (mine, last) in self._ordered.items():
            keys = segments.gather(np.array([values[position] for position in by]))
            masks[mine] = _keep_last(masks[mine], last, keys, segments)
        return masks


def _keep_last(passes: Mask, last: Places, keys: Array, segments: Segments) -> Mask:
    order = latest_first(list(keys), segments)
    taken = (passes & ~np.isnan(keys[0]))[:, order]
    ranks = taken.cumsum(axis=1)
    if segments.count > 1:
        ranks = ranks - segments.spread(ranks[:, segments.starts] - taken[:, segments.starts])
    kept: Mask = np.empty_like(taken)
    kept[:, order] = taken & (ranks <= last)
    return kept


def value_before(value: Array, *keys: Array, segments: Segments | None = None) -> Array:
    """For each row the value in the row that comes just before it in the order of the keys; missing for the first.

    Rows without the first key are in no order. With `segments` only rows of the same segment count.
    """
    outcome = np.full(value.size, MISSING)
    if not value.size:
        return outcome
    parts = Segments.whole(value.size) if segments is None else segments
    rows = np.arange(value.size) if parts.order is None else parts.order
    order = latest_first([key[rows] for key in keys], parts)
    ranked = rows[order]
    dated = ~np.isnan(keys[0][ranked])
    follows = dated[1:] & dated[:-1]
    if parts.count > 1:
        follows &= parts.numbers[1:] == parts.numbers[:-1]
    outcome[ranked[:-1][follows]] = value[ranked[1:][follows]]
    return outcome

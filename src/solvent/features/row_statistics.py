"""All statistics over one client's rows of a table (or over each loan's) in one go, on float64 where NaN is missing.

A call of numpy costs a microsecond and more, whatever it is given; a client has few rows and hundreds of statistics.
So statistics over the same rows are stacked: one call sums, counts or compares for all of them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType

import numpy as np

from solvent.errors import FeatureError
from solvent.features.operations import FLOAT32_MAX, MISSING, NO_CORRELATION, NO_SUM, Array
from solvent.features.program import Node, Program
from solvent.features.segments import Mask, Places, Segments, Selection, Selections, Values

_NO_SEGMENTS = np.empty(0)


class StatisticBlock:
    """Statistics over the same rows, for a client or for each of its loans; computes and stores all of them.

    Raises:
        FeatureError: there is no statistic of that name.
    """

    def __init__(self, program: Program, positions: Iterable[int], mixed_signs: Collection[int]) -> None:
        self._positions = list(positions)
        nodes = [program.nodes[position] for position in self._positions]
        if not {node.statistic for node in nodes} <= {*_STATISTICS, "slope"}:
            raise FeatureError("the feature program cannot run: it takes a statistic that does not exist")
        self._groups = nodes[0].groups
        self._columns = list(dict.fromkeys(argument for node in nodes for argument in node.of))
        chosen = list(dict.fromkeys(_selection(node) for node in nodes))
        self._selections = Selections(chosen)
        self._pairs, pair_of = _number([(node.of[0], _selection(node)) for node in nodes])
        self._value_of = np.array([self._columns.index(value) for value, _ in self._pairs], dtype=np.intp)
        self._selection_of = np.array([chosen.index(selection) for _, selection in self._pairs], dtype=np.intp)
        summed = {pair_of[place] for place, node in enumerate(nodes) if node.statistic in ("sum", "mean")}
        cancelling = [pair for pair in sorted(summed) if self._pairs[pair][0] in mixed_signs]
        self._cancelling = np.array(cancelling, dtype=np.intp)
        self._takes = [
            (_STATISTICS[statistic], places, np.array([pair_of[place] for place in places], dtype=np.intp))
            for statistic in dict.fromkeys(node.statistic for node in nodes if node.statistic != "slope")
            for places in [[place for place, node in enumerate(nodes) if node.statistic == statistic]]
        ]
        sloped = [place for place, node in enumerate(nodes) if node.statistic == "slope"]
        self._slopes = (
            sloped,
            np.array([pair_of[place] for place in sloped], dtype=np.intp),
            np.array([self._columns.index(nodes[place].of[1]) for place in sloped], dtype=np.intp),
        )

    def __call__(self, values: Values) -> None:
        """Store each statistic at its node: a float, or an array with one value per segment."""
        columns = np.array([values[position] for position in self._columns])
        rows = columns.shape[1]
        if self._groups is None and not rows:
            return
        segments = Segments.whole(rows) if self._groups is None else values[self._groups]
        if not segments.count:
            for position in self._positions:
                values[position] = _NO_SEGMENTS
            return
        masks = self._selections.masks(values, segments, rows=rows)
        taken = _Rows(segments.gather(columns), masks, self._value_of, self._selection_of, segments)
        taken.settle_sums(self._cancelling)
        for take, places, pairs in self._takes:
            self._store(values, places, take(taken, pairs))
        places, pairs, over = self._slopes
        if places:
            self._store(values, places, _slope(taken, pairs, over))

    def _store(self, values: Values, places: list[int], outcome: Array) -> None:
        found = outcome[:, 0].tolist() if self._groups is None else outcome
        for place, value in zip(places, found, strict=True):
            values[self._positions[place]] = value


class _Rows:
    """The rows that each pair of a value and a selection takes: `present` where the value is there as well."""

    def __init__(self, columns: Array, masks: Mask, value_of: Places, selection_of: Places, segments: Segments) -> None:
        self.columns, self.segments = columns, segments
        self.known = ~np.isnan(columns)
        self.values = columns[value_of]
        self.present = masks[selection_of] & self.known[value_of]
        self.counts = segments.sums(self.present)
        self.rows = segments.sums(masks)[selection_of]
        self.sums = segments.sums(np.where(self.present, self.values, 0.0))

    def settle_sums(self, pairs: Places) -> None:
        """Make the sums of these pairs exactly 0 where positive and negative values cancel."""
        if pairs.size:
            sums = self.sums[pairs]
            largest = np.maximum(self.extreme(pairs, np.maximum, 0.0), -self.extreme(pairs, np.minimum, 0.0))
            self.sums[pairs] = np.where(np.abs(sums) <= largest * NO_SUM, 0.0, sums)

    def extreme(self, pairs: Places, reduce: np.ufunc, nothing: float) -> Array:
        """Smallest or largest value of these pairs; `nothing` where there is none."""
        filled = np.where(self.present[pairs], self.values[pairs], nothing)
        if self.segments.count == 1:
            return np.asarray(reduce.reduce(filled, axis=1, keepdims=True))
        return np.asarray(reduce.reduceat(filled, self.segments.starts, axis=1))

    def means(self, pairs: Places) -> Array:
        """Mean of the values that are there; NaN if none is."""
        return _divide(self.sums[pairs], self.counts[pairs])


def _divide(numerator: Array, count: Array) -> Array:
    """A quotient where the count is not zero, NaN elsewhere."""
    return np.divide(numerator, count, out=np.full_like(numerator, MISSING), where=count > 0)


def _if_any(rows: _Rows, pairs: Places, outcome: Array) -> Array:
    return np.where(rows.counts[pairs] > 0, outcome, MISSING)


def _minimum(rows: _Rows, pairs: Places) -> Array:
    return _if_any(rows, pairs, rows.extreme(pairs, np.minimum, np.inf))


def _maximum(rows: _Rows, pairs: Places) -> Array:
    return _if_any(rows, pairs, rows.extreme(pairs, np.maximum, -np.inf))


def _deviation(rows: _Rows, pairs: Places) -> Array:
    centred = np.where(rows.present[pairs], rows.values[pairs] - rows.segments.spread(rows.means(pairs)), 0.0)
    spread = np.sqrt(_divide(rows.segments.sums(centred * centred), rows.counts[pairs] - 1.0))
    return np.where(
        _minimum(rows, pairs) == _maximum(rows, pairs), np.where(rows.counts[pairs] > 1, 0.0, MISSING), spread
    )


def _distinct(rows: _Rows, pairs: Places) -> Array:
    counts = np.empty((pairs.size, rows.segments.count))
    segment = rows.segments.numbers
    for place, pair in enumerate(pairs):
        present = rows.present[pair]
        values, segments = rows.values[pair][present], segment[present]
        order = np.lexsort((values, segments))
        values, segments = values[order], segments[order]
        new = np.ones(values.size, dtype=np.bool_)
        new[1:] = (values[1:] != values[:-1]) | (segments[1:] != segments[:-1])
        counts[place] = np.bincount(segments[new], minlength=rows.segments.count)
    return np.where(counts > 0, counts, MISSING)


_STATISTICS: Mapping[str, Callable[[_Rows, Places], Array]] = MappingProxyType(
    {
        "count": lambda rows, pairs: rows.rows[pairs],
        "share": lambda rows, pairs: _divide(rows.sums[pairs], rows.rows[pairs]),
        "sum": lambda rows, pairs: _if_any(rows, pairs, rows.sums[pairs]),
        "mean": _Rows.means,
        "latest": lambda rows, pairs: _if_any(rows, pairs, rows.sums[pairs]),
        "min": _minimum,
        "max": _maximum,
        "std": _deviation,
        "distinct": _distinct,
    }
)
"""Each statistic of these pairs in every segment: (pairs, segments); `latest` is the sum over its one row."""


def _slope(rows: _Rows, pairs: Places, over: Places) -> Array:
    segments, both = rows.segments, rows.present[pairs] & rows.known[over]
    counts = segments.sums(both)
    values, times = rows.values[pairs], rows.columns[over]
    values, times = (
        np.where(both, one - segments.spread(_divide(segments.sums(np.where(both, one, 0.0)), counts)), 0.0)
        for one in (values, times)
    )
    together, spread = segments.sums(values * times), segments.sums(times * times)
    unrelated = together * together <= NO_CORRELATION * spread * segments.sums(values * values)
    level = _is_level(rows.columns[over], both, segments) | (counts < 2)
    with np.errstate(over="ignore"):
        outcome = np.divide(together, spread, out=np.full_like(together, MISSING), where=spread != 0.0)
    outcome[~(np.abs(outcome) < FLOAT32_MAX)] = MISSING
    return np.where(level, MISSING, np.where(unrelated, 0.0, outcome))


def _is_level(times: Array, both: Mask, segments: Segments) -> Mask:
    """Where all times that count are the same."""
    smallest = np.minimum.reduceat(np.where(both, times, np.inf), segments.starts, axis=1)
    largest = np.maximum.reduceat(np.where(both, times, -np.inf), segments.starts, axis=1)
    return np.asarray(smallest >= largest)


def _selection(node: Node) -> Selection:
    return Selection(node.where, node.by, node.last)


def _number(
    pairs: list[tuple[int, Selection]],
) -> tuple[list[tuple[int, Selection]], list[int]]:
    """The different pairs, and for each given one its number among them."""
    numbers = {pair: number for number, pair in enumerate(dict.fromkeys(pairs))}
    return list(numbers), [numbers[pair] for pair in pairs]

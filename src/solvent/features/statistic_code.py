"""All statistics over the same rows of one client (or of each of its loans) as one Python function.

A call of numpy costs a microsecond and more, whatever it is given, and a client has few rows: Python's own sum, min and
compress over 5 to 120 of them are done before. Statistics share what they can: a filter, an order, the values that
pass it and their sum are written once.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import compress, islice
from math import isnan, sqrt
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from solvent.errors import FeatureError
from solvent.features.expressions import define_function
from solvent.features.operations import FLOAT32_MAX, MISSING, NO_CORRELATION, NO_SUM
from solvent.features.program import Node, Program
from solvent.features.row_code import Step
from solvent.features.row_order import Column, latest_first
from solvent.features.schedule import Stage, Stored, Values
from solvent.features.signs import find_mixed_signs


def compile_statistics(program: Program, stage: Stage, stored: Stored) -> Step:
    """Compile a stage of statistics: it stores a float each, or a column with one value per group.

    Raises:
        FeatureError: there is no statistic of that name.
    """
    writer = _Writer(stored.truths, find_mixed_signs(program))
    outcomes = [writer.write(program.nodes[position]) for position in stage.positions]
    body = [*writer.lines, f"return ({', '.join(outcomes)},)"]
    compute = define_function(", ".join(f"c{one:d}" for one in writer.columns), body, _CONSTANTS)
    columns, groups = tuple(writer.columns), program.nodes[stage.positions[0]].groups
    if groups is None:
        return _over_all_rows(compute, columns, stage.positions)
    return _over_groups(compute, columns, stage.positions, groups)


def _over_all_rows(compute: Callable[..., Any], columns: Sequence[int], positions: Sequence[int]) -> Step:
    def run(values: Values) -> None:
        given = [values[column] for column in columns]
        if len(given[0]):
            for position, value in zip(positions, compute(*given), strict=True):
                values[position] = value

    return run


def _over_groups(compute: Callable[..., Any], columns: Sequence[int], positions: Sequence[int], groups: int) -> Step:
    nothing: Sequence[Column] = [()] * len(positions)

    def run(values: Values) -> None:
        given = [values[column] for column in columns]
        found = [compute(*_rows_of(given, places)) for places in values[groups].values()]
        for position, column in zip(positions, zip(*found, strict=True) if found else nothing, strict=True):
            values[position] = column

    return run


def _rows_of(columns: Sequence[Sequence[Any]], places: Sequence[int]) -> list[Sequence[Any]]:
    if len(places) == 1:
        return [column[places[0] : places[0] + 1] for column in columns]
    return [*map(itemgetter(*places), columns)]


class _Writer:
    """Writes statistics one by one: `lines` come to hold what they share, `columns` the nodes that they read."""

    def __init__(self, truths: Collection[int], mixed_signs: Collection[int]) -> None:
        self.lines: list[str] = []
        self.columns: dict[int, None] = {}
        self._truths, self._mixed_signs = truths, mixed_signs
        self._written: dict[tuple[Any, ...], str] = {}

    def write(self, node: Node) -> str:
        """The expression of a statistic."""
        if node.statistic == "slope":
            value, over = (self._taken(position, node) for position in node.of)
            return f"slope({value}, {over})"
        if node.statistic not in _STATISTICS:
            raise FeatureError("the feature program cannot run: it takes a statistic that does not exist")
        template = _STATISTICS[node.statistic]
        parts = {
            "{values}": self._values, "{sum}": self._sum, "{settled}": self._settled, "{rows}": self._rows,
            "{quantile}": self._quantile, "{runs}": self._runs,
        }  # fmt: skip
        for part, find in parts.items():
            if part in template:
                template = template.replace(part, find(node))
        return template

    def _column(self, position: int) -> str:
        self.columns[position] = None
        return f"c{position:d}"

    def _share(self, kind: str, key: tuple[Any, ...], text: str, more: str = "") -> str:
        """The name of a value that is written once; `more` is a statement about it, where {0} stands for its name."""
        if (kind, key) not in self._written:
            name = self._written[kind, key] = f"{kind}{len(self._written):d}"
            self.lines += [f"{name} = {text}", *([more.format(name)] if more else [])]
        return self._written[kind, key]

    def _passes(self, where: int) -> str:
        """For each row whether it passes a filter."""
        column = self._column(where)
        return column if where in self._truths else self._share("m", (where,), f"[e == 1.0 for e in {column}]")

    def _last(self, node: Node) -> str:
        """The places of the last rows that pass the filter."""
        keys = ", ".join(map(self._column, node.by))
        order = self._share("o", node.by, f"latest_first(range(len({self._column(node.by[0])})), ({keys},))")
        if node.where is None:
            return self._share("p", _selection(node), f"{order}[:{node.last:d}]")
        passing = f"compress({order}, map({self._passes(node.where)}.__getitem__, {order}))"
        return self._share("p", _selection(node), f"[*islice({passing}, {node.last:d})]")

    def _taken(self, position: int, node: Node) -> str:
        """The values of a column in the rows that a statistic takes, also those that are missing."""
        column = self._column(position)
        if node.last:
            return self._share("t", (position, *_selection(node)), f"[*map({column}.__getitem__, {self._last(node)})]")
        if node.where is not None:
            text = f"[*compress({column}, {self._passes(node.where)})]"
            return self._share("t", (position, *_selection(node)), text)
        return column

    def _values(self, node: Node) -> str:
        """The values that are there: those that were taken, unless their sum tells that some are missing."""
        key = (node.of[0], *_selection(node))
        present = self._share("x", key, self._taken(node.of[0], node))
        drop = f"if {{0}} != {{0}}: {present} = [e for e in {present} if e == e]; {{0}} = sum({present})"
        self._share("s", key, f"sum({present})", drop)
        return present

    def _sum(self, node: Node) -> str:
        self._values(node)
        return self._written["s", (node.of[0], *_selection(node))]

    def _settled(self, node: Node) -> str:
        """The sum, exactly 0 where positive and negative values cancel."""
        found = self._sum(node)
        if node.of[0] not in self._mixed_signs:
            return found
        return self._share("z", (node.of[0], *_selection(node)), f"settle({found}, {self._values(node)})")

    def _quantile(self, node: Node) -> str:
        key = (node.of[0], *_selection(node))
        ordered = self._share("y", key, f"sorted({self._values(node)})")
        found = f"quantile({ordered}, {node.number!r})"
        return f"settle({found}, {ordered})" if node.of[0] in self._mixed_signs else found

    def _runs(self, node: Node) -> str:
        return self._share("u", (node.of[0], *_selection(node)), f"lengths_of_runs({self._values(node)})")

    def _rows(self, node: Node) -> str:
        if node.last:
            text = f"len({self._last(node)})"
        elif node.where is not None:
            text = f"{self._passes(node.where)}.count(True)"
        else:
            text = f"len({self._column(node.of[0])})"
        return self._share("r", _selection(node), text)


def _selection(node: Node) -> tuple[Any, ...]:
    """Statistics of the same selection take the same rows."""
    return node.where, node.by, node.last


_STATISTICS: Mapping[str, str] = MappingProxyType(
    {
        "count": "float({rows})",
        "share": "{sum} / {rows} if {rows} else MISSING",
        "sum": "{settled} if {values} else MISSING",
        "mean": "{settled} / len({values}) if {values} else MISSING",
        "latest": "{values}[0] if {values} else MISSING",
        "min": "min({values}) if {values} else MISSING",
        "max": "max({values}) if {values} else MISSING",
        "std": "deviation({values}, {sum})",
        "distinct": "float(len(set({values}))) if {values} else MISSING",
        "quantile": "{quantile} if {values} else MISSING",
        "kurtosis": "kurtosis({values}, {sum})",
        "longest_run": "float(max({runs}, default=0))",
        "run_count": "float(len({runs}))",
    }
)
"""Each statistic but the slope, of the rows and values that it takes; `latest` takes one row."""


def _settle(total: float, values: Sequence[float]) -> float:
    largest = max(map(abs, values), default=0.0)
    return 0.0 if abs(total) <= NO_SUM * largest else total


def _deviation(values: Sequence[float], total: float) -> float:
    """The sample deviation, exactly 0 where all values are the same."""
    count = len(values)
    if count < 2:
        return MISSING
    if min(values) == max(values):
        return 0.0
    mean = total / count
    return sqrt(sum([(value - mean) * (value - mean) for value in values]) / (count - 1))


def _kurtosis(values: Sequence[float], total: float) -> float:
    """Fourth central moment over the square of the second, missing where all values are the same."""
    if not values or min(values) == max(values):
        return MISSING
    mean = total / len(values)
    squares = [(value - mean) * (value - mean) for value in values]
    second = sum(squares)
    fourth = sum([square * square for square in squares])
    return len(values) * fourth / (second * second) if second * second else MISSING


def _quantile(ordered: Sequence[float], part: float) -> float:
    place = (len(ordered) - 1) * part
    below = int(place)
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    return low + (high - low) * (place - below)


def _lengths_of_runs(values: Sequence[float]) -> Collection[int]:
    """Numbers that follow each other by 1 are equally far from their places in the order."""
    return Counter(value - place for place, value in enumerate(sorted(set(values)))).values()


def _slope(values: Column, over: Column) -> float:
    """Slope of the least-squares line, from the rows that have both; exactly 0 where the two are unrelated."""
    both = [(one, other) for one, other in zip(values, over, strict=True) if not (isnan(one) or isnan(other))]
    if len(both) < 2:
        return MISSING
    values, over = zip(*both, strict=True)
    if min(over) == max(over):
        return MISSING
    value_mean, over_mean = sum(values) / len(both), sum(over) / len(both)
    centred = [(one - value_mean, other - over_mean) for one, other in both]
    together = sum([one * other for one, other in centred])
    spread = sum([other * other for _, other in centred])
    if together * together <= NO_CORRELATION * spread * sum([one * one for one, _ in centred]):
        return 0.0
    outcome = together / spread if spread else MISSING
    return outcome if abs(outcome) < FLOAT32_MAX else MISSING


_CONSTANTS: Mapping[str, Any] = MappingProxyType(
    {
        "compress": compress,
        "islice": islice,
        "latest_first": latest_first,
        "settle": _settle,
        "deviation": _deviation,
        "kurtosis": _kurtosis,
        "quantile": _quantile,
        "lengths_of_runs": _lengths_of_runs,
        "slope": _slope,
    }
)

"""Each node of a feature program as one numpy step over the values computed before it."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from solvent.features.client_values import SCALAR_OPERATIONS
from solvent.features.operations import ARRAY_OPERATIONS, MISSING, Array, Value
from solvent.features.program import Node, Program
from solvent.features.row_statistics import last_rows, take_statistic

Values = list[Any]
"""Per node: a float (client), an array (rows or groups) or a Partition (groups)."""
Step = Callable[[Values], None]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Partition:
    """Rows assigned to groups: the sorted keys, and for each the positions of its rows."""

    keys: Array
    members: Sequence[npt.NDArray[np.intp]]

    @staticmethod
    def of(key: Array) -> "Partition":
        """Group the rows by key; rows without one belong to no group."""
        present = np.flatnonzero(~np.isnan(key))
        ranked = present[np.argsort(key[present], kind="stable")]
        keys, starts = np.unique(key[ranked], return_index=True)
        return Partition(keys, np.split(ranked, starts[1:]) if keys.size else [])

    def find(self, wanted: Array, values: Array) -> Array:
        """For each wanted key the value of its group, NaN if there is no such group."""
        if not self.keys.size:
            return np.full(wanted.size, MISSING)
        slots = np.minimum(np.searchsorted(self.keys, wanted), self.keys.size - 1)
        return np.where(self.keys[slots] == wanted, values[slots], MISSING)


def compile_steps(program: Program, positions: Iterable[int]) -> list[Step]:
    """Compile the nodes at these positions, in their order; leaves are read elsewhere and give no step."""
    leaves = ("number", "column", "is_sentinel")
    return [
        compile_step(program, position)
        for position in positions
        if program.nodes[position].op not in leaves and not program.is_row_leaf(position)
    ]


def compile_step(program: Program, position: int) -> Step:
    """Compile one node that is no leaf."""
    node = program.nodes[position]
    if node.op == "aggregate":
        return _aggregate(program, position)
    return _calculate(position, node.of, _function_of(program, node))


def _function_of(program: Program, node: Node) -> Callable[..., Any]:
    match node.op:
        case "groups":
            return Partition.of
        case "row":
            return lambda partition: np.ones(partition.keys.size)
        case "lookup":
            return lambda value, partition, key: partition.find(key, value)
        case "is_in":
            return _membership(program, node)
        case "same_category":
            return _same_category(program, node)
    return (ARRAY_OPERATIONS if node.level.is_row else SCALAR_OPERATIONS)[node.op]


def _calculate(position: int, of: tuple[int, ...], function: Callable[..., Any]) -> Step:
    if len(of) == 1:
        (only,) = of

        def run_one(values: Values) -> None:
            values[position] = function(values[only])

        return run_one
    if len(of) == 2:
        first, second = of

        def run_two(values: Values) -> None:
            values[position] = function(values[first], values[second])

        return run_two

    def run(values: Values) -> None:
        values[position] = function(*(values[argument] for argument in of))

    return run


def _membership(program: Program, node: Node) -> Callable[..., Any]:
    categories = program.nodes[node.of[0]].categories
    wanted = np.array([*(float(text in node.texts) for text in categories), MISSING])
    if node.level.is_row:
        return lambda codes: _translate(codes, wanted)
    return lambda code: MISSING if math.isnan(code) else float(wanted[int(code)])


def _same_category(program: Program, node: Node) -> Callable[..., Any]:
    left, right = (program.nodes[argument].categories for argument in node.of)
    codes_in_left = np.array([*(float(left.index(text)) if text in left else -1.0 for text in right), MISSING])
    compare = (ARRAY_OPERATIONS if node.level.is_row else SCALAR_OPERATIONS)["equal"]

    def run(first: Value, second: Value) -> Value:
        translated = _translate(np.atleast_1d(second), codes_in_left)
        return compare(first, translated if node.level.is_row else float(translated[0]))

    return run


def _translate(codes: Array, table: Array) -> Array:
    """Look each code up in a table whose last entry, NaN, is for missing codes."""
    return table[np.where(codes >= 0.0, codes, table.size - 1).astype(np.intp)]


def _aggregate(program: Program, position: int) -> Step:
    node = program.nodes[position]
    groups = node.groups

    def rows_of(values: Values) -> tuple[list[Array], Mask | None, list[Array]]:
        keep = None if node.where is None else np.equal(values[node.where], 1.0)
        return [values[argument] for argument in node.of], keep, [values[argument] for argument in node.by]

    def run(values: Values) -> None:
        columns, keep, ranks = rows_of(values)
        values[position] = _take(node, columns, keep, ranks) if columns[0].size else MISSING

    if groups is None:
        return run

    def run_grouped(values: Values) -> None:
        columns, keep, ranks = rows_of(values)
        taken = [
            _take(node, [c[rows] for c in columns], None if keep is None else keep[rows], [r[rows] for r in ranks])
            for rows in values[groups].members
        ]
        values[position] = np.array(taken, dtype=np.float64)

    return run_grouped


def _take(node: Node, columns: list[Array], keep: Mask | None, ranks: list[Array]) -> float:
    if keep is not None:
        columns, ranks = [column[keep] for column in columns], [rank[keep] for rank in ranks]
    if node.last:
        rows = last_rows(ranks, node.last)
        columns = [column[rows] for column in columns]
    return take_statistic(node.statistic, columns)

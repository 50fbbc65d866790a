"""The nodes of a feature program over one client's rows as numpy steps, in an order in which statistics share work."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from solvent.features.client_values import SCALAR_OPERATIONS
from solvent.features.operations import ARRAY_OPERATIONS, MISSING, Array, Value
from solvent.features.program import Level, Node, Program
from solvent.features.row_statistics import StatisticBlock
from solvent.features.segments import Segments, Values, value_before
from solvent.features.signs import find_mixed_signs

Step = Callable[[Values], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """Nodes that can be computed one after the other; statistics over the same rows stand in one stage together.

    `table` is the history table whose rows they read, "" for values of the client: without rows of it, every one of
    them is missing.
    """

    table: str
    positions: tuple[int, ...]
    is_block: bool


def schedule(program: Program, positions: Sequence[int]) -> Iterator[Stage]:
    """Order these nodes so that as many statistics as can be stand in one stage; leaves are read elsewhere.

    A node's depth is the number of statistics that rest on each other below it: those of one depth over the same rows
    wait for nothing of each other.
    """
    depths: dict[int, int] = {}
    for position in positions:
        node = program.nodes[position]
        below = max((depths.get(argument, 0) for argument in node.arguments), default=0)
        depths[position] = below + (node.op == "aggregate")
    steps = [position for position in positions if not _is_leaf(program, position)]
    for _, same_depth in groupby(sorted(steps, key=lambda position: depths[position]), depths.__getitem__):
        at_depth = list(same_depth)
        yield from _blocks(program, [one for one in at_depth if program.nodes[one].op == "aggregate"])
        rest = (one for one in at_depth if program.nodes[one].op != "aggregate")
        for table, run in groupby(rest, lambda position: _table_of(program.nodes[position].level)):
            yield Stage(table, tuple(run), is_block=False)


def _blocks(program: Program, aggregates: Iterable[int]) -> Iterator[Stage]:
    blocks: dict[tuple[Level, int | None], list[int]] = {}
    for position in aggregates:
        node = program.nodes[position]
        blocks.setdefault((program.nodes[node.of[0]].level, node.groups), []).append(position)
    for (level, _), positions in blocks.items():
        yield Stage(level.table, tuple(positions), is_block=True)


def _is_leaf(program: Program, position: int) -> bool:
    return program.nodes[position].op in ("number", "column", "is_sentinel") or program.is_row_leaf(position)


def _table_of(level: Level) -> str:
    return level.table if level.is_row else ""


def compile_history_steps(program: Program, positions: Sequence[int]) -> Callable[[Values, Collection[str]], None]:
    """Compile nodes over history rows; the outcome runs those of the tables that have rows."""
    steps = [(stage.table, step) for stage in schedule(program, positions) for step in _compile_stage(program, stage)]

    def run(values: Values, tables: Collection[str]) -> None:
        for table, step in steps:
            if not table or table in tables:
                step(values)

    return run


def _compile_stage(program: Program, stage: Stage) -> list[Step]:
    if stage.is_block:
        return [StatisticBlock(program, stage.positions, find_mixed_signs(program))]
    return [compile_step(program, position) for position in stage.positions]


def compile_step(program: Program, position: int, *, many: bool = False) -> Step:
    """Compile one node that is neither a leaf nor a statistic; with `many` a client's value is one of an array."""
    node = program.nodes[position]
    if node.op == "before":
        return _before(position, node)
    return _calculate(position, node.of, _function_of(program, node, arrays=many or node.level.is_row))


def _function_of(program: Program, node: Node, *, arrays: bool) -> Callable[..., Any]:
    match node.op:
        case "groups":
            return Segments.by
        case "row":
            return lambda segments: np.ones(segments.count)
        case "lookup":
            return _look_up
        case "is_in":
            return _membership(program, node, arrays=arrays)
        case "same_category":
            return _same_category(program, node, arrays=arrays)
    return (ARRAY_OPERATIONS if arrays else SCALAR_OPERATIONS)[node.op]


def _look_up(value: Array, segments: Value, key: Array) -> Array:
    """The other table may have no rows: then nothing is found."""
    return segments.find(key, value) if isinstance(segments, Segments) else np.full(key.size, MISSING)


def _before(position: int, node: Node) -> Step:
    (value,), by, groups = node.of, node.by, node.groups

    def run(values: Values) -> None:
        segments = None if groups is None else values[groups]
        values[position] = value_before(values[value], *(values[key] for key in by), segments=segments)

    return run


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


def _membership(program: Program, node: Node, *, arrays: bool) -> Callable[..., Any]:
    categories = program.nodes[node.of[0]].categories
    wanted = np.array([*(float(text in node.texts) for text in categories), MISSING])
    if arrays:
        return lambda codes: _translate(codes, wanted)
    return lambda code: MISSING if math.isnan(code) else float(wanted[int(code)])


def _same_category(program: Program, node: Node, *, arrays: bool) -> Callable[..., Any]:
    left, right = (program.nodes[argument].categories for argument in node.of)
    codes_in_left = np.array([*(float(left.index(text)) if text in left else -1.0 for text in right), MISSING])
    compare = (ARRAY_OPERATIONS if arrays else SCALAR_OPERATIONS)["equal"]

    def run(first: Value, second: Value) -> Value:
        translated = _translate(np.atleast_1d(second), codes_in_left)
        return compare(first, translated if arrays else float(translated[0]))

    return run


def _translate(codes: Array, table: Array) -> Array:
    """Look each code up in a table whose last entry, NaN, is for missing codes."""
    return table[np.where(codes >= 0.0, codes, table.size - 1).astype(np.intp)]


def name_steps(program: Program, stage: Stage) -> Mapping[str, Step]:
    """The compiled steps of a stage under names that may stand in a function's body."""
    return dict(
        zip((f"step{position:d}" for position in stage.positions), _compile_stage(program, stage), strict=False)
    )

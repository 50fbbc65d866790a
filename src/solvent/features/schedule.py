"""In which order the nodes of a program run for one client, and which rows' values have to be kept on the way."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from solvent.features.program import CONSTANT, Level, Node, Program

Values = list[Any]
"""Per node: a float (client), a column with one value per row or group, the places of rows by group (groups).

What belongs to a table without rows is NaN.
"""


class Kind(Enum):
    """How the nodes of a stage are computed; of one depth, in this order: rows read values of the client."""

    STATISTICS = auto()
    COLUMN = auto()
    CLIENT = auto()
    ROWS = auto()


@dataclass(frozen=True, slots=True)
class Stage:
    """Nodes that can be computed one after the other, in one pass over the values of a level.

    `level` is what is passed over: for statistics the rows that they are taken of.
    """

    kind: Kind
    level: Level
    positions: tuple[int, ...]


def schedule(program: Program, positions: Sequence[int], *, reads_rows: bool = False) -> Iterator[Stage]:
    """Order these nodes so that as many as can be stand in one stage; leaves are read elsewhere, literals are known.

    With `reads_rows` the row leaves stand in stages as well: in that of their table which comes first.
    A node's depth is the number of nodes that rest on each other below it and see more than one row: those of one depth
    wait for nothing of each other, unless they are of the same level and kind.
    """
    depths: dict[int, int] = {}
    for position in positions:
        node = program.nodes[position]
        below = max((depths.get(argument, 0) for argument in node.arguments), default=0)
        depths[position] = below + (node.op in _BEYOND_A_ROW or _is_group_row(node))
    stages: dict[tuple[int, int, Level, int], list[int]] = {}
    for position in positions:
        node = program.nodes[position]
        if node.level != CONSTANT and (not is_leaf(program, position) or (reads_rows and node.level.is_row)):
            kind, level, apart = _place(program, position, node)
            stages.setdefault((depths[position], kind.value, level, apart), []).append(position)
    for (_, number, level, _), members in sorted(stages.items(), key=lambda stage: (stage[0][:2], stage[1])):
        yield Stage(Kind(number), level, tuple(members))


_BEYOND_A_ROW = frozenset({"aggregate", "before", "groups", "lookup"})


def _place(program: Program, position: int, node: Node) -> tuple[Kind, Level, int]:
    """Kind and level of a node's stage, and what parts it from others of that level."""
    if node.op == "aggregate":
        return Kind.STATISTICS, program.nodes[node.of[0]].level, -1 if node.groups is None else node.groups
    if node.op in ("before", "groups") or _is_group_row(node):
        return Kind.COLUMN, node.level, position
    return Kind.ROWS if node.level.is_row else Kind.CLIENT, node.level, -1


def _is_group_row(node: Node) -> bool:
    return node.op == "row" and bool(node.level.per)


def is_leaf(program: Program, position: int) -> bool:
    """Whether a node's value is read or known, instead of computed."""
    return program.nodes[position].op in ("number", "column", "is_sentinel") or program.is_row_leaf(position)


@dataclass(frozen=True, slots=True)
class Stored:
    """The nodes whose values are kept for each row.

    `truths` are flags that only filter or are counted: Python's booleans.
    """

    columns: frozenset[int]
    truths: frozenset[int]

    def among(self, positions: Iterable[int]) -> list[int]:
        """Those of these nodes that are kept."""
        return [position for position in positions if position in self.columns]


def find_stored(program: Program, stages: Sequence[Stage], kept: Collection[int] = ()) -> Stored:
    """Find what one stage leaves to another; `kept` are leaves that somebody else asks for as well."""
    stage_of = {position: number for number, stage in enumerate(stages) for position in stage.positions}
    filters: set[int] = set()
    values: set[int] = set(kept)
    for position, number in stage_of.items():
        node = program.nodes[position]
        filters |= set() if node.where is None else {node.where}
        filters |= {*node.of} if node.statistic == "share" else set()
        goes_row_by_row = stages[number].kind is Kind.ROWS and node.op != "lookup"
        read = node.by if node.statistic == "share" else node.of + node.by
        values |= {one for one in read if not goes_row_by_row or stage_of.get(one) != number}
    return Stored(frozenset(values | filters), frozenset(filters - values))

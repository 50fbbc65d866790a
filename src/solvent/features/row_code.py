"""What is computed row by row, as one loop over one client's rows of a table or over its loans."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from solvent.features.expressions import define_function
from solvent.features.flag_code import Conditions
from solvent.features.node_code import Code, write_reading, write_value
from solvent.features.program import Program
from solvent.features.raw_values import Row
from solvent.features.row_order import find_in, group_rows, value_before
from solvent.features.schedule import Stage, Stored, Values, is_leaf

Step = Callable[[Values], None]


def compile_reading(program: Program, stage: Stage, stored: Stored) -> Callable[[Values, Sequence[Row]], None]:
    """Compile the stage that reads a table's raw rows, of which there must be one at least."""
    lines = ["for row in rows:", "    get = row.get"]
    return _define("v, rows", program, stage.positions, stored, lines)


def compile_loop(program: Program, stage: Stage, stored: Stored) -> Step:
    """Compile a stage that goes over columns which are there already."""
    inputs = [one for one in _arguments(program, stage.positions) if program.nodes[one].level == stage.level]
    names, columns = (", ".join(given) for given in zip(*((f"n{one:d}", f"v[{one:d}]") for one in inputs), strict=True))
    run: Step = _define("v", program, stage.positions, stored, [f"for ({names},) in zip({columns}, strict=True):"])
    outputs = stored.among(stage.positions)

    def run_if_any(values: Values) -> None:
        if len(values[inputs[0]]):
            run(values)
        else:
            for position in outputs:
                values[position] = ()

    return run_if_any


def _arguments(program: Program, positions: Iterable[int]) -> list[int]:
    """What these nodes read that is none of them, without the groups and values that a lookup asks."""
    own = set(positions)
    nodes = [program.nodes[position] for position in positions]
    wanted = [one for node in nodes for one in (node.of[2:] if node.op == "lookup" else node.of)]
    return [one for one in dict.fromkeys(wanted) if one not in own]


def _define(
    parameters: str, program: Program, positions: Sequence[int], stored: Stored, heading: list[str]
) -> Callable[..., None]:
    writer = _RowWriter(program, positions, stored)
    for position in positions:
        writer.write(position)
    kept = stored.among(positions)
    row = ", ".join(f"holds{one:d}" if one in stored.truths else f"n{one:d}" for one in kept)
    columns = ", ".join(f"v[{one:d}]" for one in kept)
    loop = [*heading, *(f"    {line}" for line in (*writer.inside, f"add(({row},))"))]
    body = [*writer.before, "found = []", "add = found.append", *loop, f"({columns},) = zip(*found, strict=True)"]
    return define_function(parameters, body, writer.constants)


class _RowWriter:
    """Writes the nodes of a stage: `before` the loop what is the same for all rows, `inside` it what each row gives."""

    def __init__(self, program: Program, positions: Sequence[int], stored: Stored) -> None:
        self._program = program
        self._level = program.nodes[positions[0]].level
        truths = stored.truths.intersection(positions)
        values = set(stored.among(positions)) - truths
        self._conditions = Conditions(program, positions, truths=truths, values=values)
        others = [one for one in _arguments(program, positions) if program.nodes[one].level != self._level]
        self.before = [f"k{position:d} = v[{position:d}]" for position in others]
        self.inside: list[str] = []
        self.constants: dict[str, Any] = {"find_in": find_in}

    def write(self, position: int) -> None:
        """Write what is asked of a node."""
        if position in self._conditions.values:
            self._add(f"n{position:d}", self._value(position))
        for holds in (True, False):
            if (position, holds) in self._conditions.asked:
                name = self._conditions.name(position, holds=holds, name=self._name)
                self._add(name, self._conditions.write(position, holds=holds, name=self._name))

    def _add(self, name: str, code: Code) -> None:
        self.inside.append(f"{name} = {code[0]}")
        self.constants |= code[1]

    def _name(self, position: int) -> str:
        return f"{'n' if self._program.nodes[position].level == self._level else 'k'}{position:d}"

    def _value(self, position: int) -> Code:
        node = self._program.nodes[position]
        if is_leaf(self._program, position):
            return write_reading(self._program, position)
        if node.op == "lookup":
            value, groups, key = node.of
            self.before.append(f"find{position:d} = find_in(v[{groups:d}], v[{value:d}])")
            return f"find{position:d}({self._name(key)}, MISSING)", {}
        if node.op == "when":
            then, otherwise = (*map(self._name, node.of[1:]), "MISSING")[:2]
            return f"{then} if {self._conditions.name(node.of[0], holds=True, name=self._name)} else {otherwise}", {}
        return write_value(self._program, position, self._name)


def compile_column(program: Program, position: int) -> Step:
    """Compile a node that sees several rows at once and is no statistic: groups, one for each, the value before."""
    node = program.nodes[position]
    of, by, groups = node.of, node.by, node.groups

    def run(values: Values) -> None:
        if node.op == "groups":
            values[position] = group_rows(*(values[key] for key in of))
        elif node.op == "row":
            values[position] = (1.0,) * len(values[of[0]])
        else:
            parts = None if groups is None else values[groups]
            values[position] = value_before(values[of[0]], [values[key] for key in by], parts)

    return run

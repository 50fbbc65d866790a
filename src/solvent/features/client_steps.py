"""All steps of a program that wait for the application as one Python function, from its raw columns onwards."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from solvent.features.expressions import define_function
from solvent.features.history_steps import compile_stage
from solvent.features.node_code import Code, write_reading, write_value
from solvent.features.program import CLIENT_LEVEL, Program
from solvent.features.schedule import Kind, Stage, Stored, Values, find_stored, schedule

ClientSteps = Callable[[Values, Callable[[str], Any]], tuple[int, tuple[float, ...]]]
"""From the values that are known, asking for raw columns of the application by name: how many columns it found usable,
and the value of each output."""


def compile_client_steps(
    program: Program, positions: Sequence[int], kept: Iterable[int], outputs: Sequence[int]
) -> ClientSteps:
    """Compile these nodes, in an order of their needs, and hand over the outputs.

    `kept` are the row leaves that a reduced history brings; steps over a table's rows are passed over where it brings
    none of that table.
    """
    writer = _Writer(program, {program.nodes[position].level.table: position for position in kept})
    columns = [position for position in positions if program.nodes[position].op == "column"]
    for position in positions:
        if program.nodes[position].op in ("column", "is_sentinel"):
            writer.keep(position, write_reading(program, position))
    stages = list(schedule(program, positions))
    stored = find_stored(program, stages)
    for stage in stages:
        if stage.kind is Kind.CLIENT:
            for position in stage.positions:
                writer.keep(position, write_value(program, position, writer.name))
        else:
            writer.run(stage, stored)
    usable = [f"({name} == {name})" for name in map(writer.name, columns)]
    answer = f"return {' + '.join(usable) or 0}, ({', '.join(map(writer.name, outputs))},)"
    return define_function("v, get", [*writer.lines, answer], writer.constants)


class _Writer:
    """Writes values of the client as local variables, which are a fifth faster in all than elements of a list."""

    def __init__(self, program: Program, leaves: dict[str, int]) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {}
        self._program, self._leaves = program, leaves
        self._named: set[int] = set()

    def name(self, position: int) -> str:
        """The name of a value; one that is known, or that rows have given, gets it on the first call."""
        if position not in self._named:
            self._named.add(position)
            self.lines.append(f"n{position:d} = v[{position:d}]")
        return f"n{position:d}"

    def keep(self, position: int, code: Code) -> None:
        """Name the value of an expression."""
        self._named.add(position)
        self.lines.append(f"n{position:d} = {code[0]}")
        self.constants |= code[1]

    def run(self, stage: Stage, stored: Stored) -> None:
        """Run a stage over rows, if there are any, with the client's values that it reads."""
        nodes = self._program.nodes
        arguments = {one for position in stage.positions for one in nodes[position].arguments} & self._named
        for position in sorted(one for one in arguments if nodes[one].level == CLIENT_LEVEL):
            self.lines.append(f"v[{position:d}] = n{position:d}")
        step = f"step{stage.positions[0]:d}"
        self.lines.append(f"if v[{self._leaves[stage.level.table]:d}]: {step}(v)")
        self.constants[step] = compile_stage(self._program, stage, stored)

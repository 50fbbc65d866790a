"""All steps of a program that wait for the application as one Python function, from its raw columns onwards."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from solvent.features.expressions import define_function
from solvent.features.history_steps import compile_stage
from solvent.features.node_code import write_reading, write_value
from solvent.features.program import Program
from solvent.features.schedule import Kind, Values, find_stored, schedule

ClientSteps = Callable[[Values, Callable[[str], Any]], int]
"""Fills in the values, asking for raw columns of the application by name; returns how many columns it found usable."""


def compile_client_steps(program: Program, positions: Sequence[int], kept: Iterable[int]) -> ClientSteps:
    """Compile these nodes, in an order of their needs.

    `kept` are the row leaves that a reduced history brings; steps over a table's rows are passed over where it brings
    none of that table.
    """
    body: list[str] = []
    constants: dict[str, Any] = {}

    def add(position: int, code: tuple[str, Any]) -> None:
        body.append(f"v[{position:d}] = {code[0]}")
        constants.update(code[1])

    read = [one for one in positions if program.nodes[one].op in ("column", "is_sentinel")]
    for position in read:
        add(position, write_reading(program, position))
    leaves = {program.nodes[position].level.table: position for position in kept}
    stages = list(schedule(program, positions))
    stored = find_stored(program, stages)
    for number, stage in enumerate(stages):
        if stage.kind is Kind.CLIENT:
            for position in stage.positions:
                add(position, write_value(program, position, lambda argument: f"v[{argument:d}]"))
        else:
            body.append(f"if v[{leaves[stage.level.table]:d}]: step{number:d}(v)")
            constants[f"step{number:d}"] = compile_stage(program, stage, stored)
    usable = [f"(v[{position:d}] == v[{position:d}])" for position in read if program.nodes[position].op == "column"]
    return define_function("v, get", [*body, f"return {' + '.join(usable) or 0}"], constants)

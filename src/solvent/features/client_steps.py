"""All steps of a program that wait for the application as one Python function, from its raw columns onwards."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from solvent.features.client_values import EXPRESSIONS, define_function, write_expression
from solvent.features.program import APPLICATION, Program, ValueKind
from solvent.features.raw_values import ColumnReader
from solvent.features.segments import Values
from solvent.features.steps import Stage, name_steps, schedule

ClientSteps = Callable[[Values, Callable[[str], Any]], int]
"""Fills in the values, asking for raw columns of the application by name; returns how many columns it found usable."""


def compile_client_steps(program: Program, positions: Sequence[int], kept: Iterable[int]) -> ClientSteps:
    """Compile these nodes, in an order of their needs.

    `kept` are the row leaves that a reduced history brings; steps over a table's rows are passed over where it brings
    none of that table.
    """
    body: list[str] = []
    constants: dict[str, Any] = {"has_rows": _has_rows}
    columns: list[int] = []
    for position in positions:
        node = program.nodes[position]
        if node.op in ("column", "is_sentinel") and not program.is_row_leaf(position):
            text, named = _read_column(program, position)
            columns.extend([position] if node.op == "column" else [])
            body.append(text)
            constants |= named
    leaves = {program.nodes[position].level.table: position for position in kept}
    for stage in schedule(program, positions):
        lines, named = _calculate(program, stage)
        body += [f"if has_rows(v[{leaves[stage.table]:d}]): {'; '.join(lines)}"] if stage.table else lines
        constants |= named
    body.append(f"return {' + '.join([f'(v[{column:d}] == v[{column:d}])' for column in columns]) or 0}")
    return define_function("v, get", body, constants)


def _has_rows(leaf: object) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.size > 0


def _read_column(program: Program, position: int) -> tuple[str, Mapping[str, Any]]:
    node = program.nodes[position]
    cleaning = program.columns[APPLICATION][node.name]
    reader = ColumnReader(node.name, cleaning)
    if node.op == "is_sentinel":
        text = "MISSING if (r := get(name{0:d})) is None or r == '' else 1.0 if r in sentinels{0:d} else 0.0"
    elif cleaning.kind is ValueKind.CATEGORY:
        text = "code{0:d}(get(name{0:d}), MISSING)"
    else:
        text = "float(r) if (r := get(name{0:d})) is not None and low{0:d} <= r <= high{0:d}"
        text += " and r not in sentinels{0:d} else MISSING" if reader.sentinels else " else MISSING"
    named = {
        "name": node.name,
        "code": reader.codes.get,
        "sentinels": reader.sentinels,
        "low": reader.minimum,
        "high": reader.maximum,
    }
    return f"v[{position:d}] = {text.format(position)}", {f"{name}{position:d}": it for name, it in named.items()}


def _calculate(program: Program, stage: Stage) -> tuple[list[str], Mapping[str, Any]]:
    if stage.table:
        steps = name_steps(program, stage)
        return [f"{name}(v)" for name in steps], steps
    lines: list[str] = []
    named: dict[str, Any] = {}
    for position in stage.positions:
        node = program.nodes[position]
        if node.op in EXPRESSIONS:
            given = [f"v[{argument:d}]" for argument in node.of]
            lines.append(f"v[{position:d}] = {write_expression(node.op, given)}")
        else:
            steps = name_steps(program, Stage("", (position,), is_block=False))
            lines += [f"{name}(v)" for name in steps]
            named |= steps
    return lines, named

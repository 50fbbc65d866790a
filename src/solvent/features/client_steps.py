"""All steps of a program that give one value per client as one Python function, from the raw application onwards."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from solvent.features.client_values import EXPRESSIONS, define_function, write_expression
from solvent.features.program import APPLICATION, Node, Program, ValueKind
from solvent.features.raw_values import ColumnReader
from solvent.features.steps import Values, compile_step

ClientSteps = Callable[[Values, Callable[[str], Any]], int]
"""Fills in the values, asking for raw columns of the application by name; returns how many columns it found usable."""


def compile_client_steps(program: Program, positions: Iterable[int]) -> ClientSteps:
    """Compile these nodes, in their order; row leaves are read elsewhere and give no step."""
    body: list[str] = []
    constants: dict[str, Any] = {}
    columns: list[int] = []
    for position in positions:
        node = program.nodes[position]
        if node.op == "number" or program.is_row_leaf(position):
            continue
        if node.op in ("column", "is_sentinel"):
            text, named = _read_column(program, position)
            columns.extend([position] if node.op == "column" else [])
        else:
            text, named = _calculate(program, position, node)
        body.append(text)
        constants |= named
    body.append(f"return {' + '.join([f'(v[{column:d}] == v[{column:d}])' for column in columns]) or 0}")
    return define_function("v, get", body, constants)


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


def _calculate(program: Program, position: int, node: Node) -> tuple[str, Mapping[str, Any]]:
    if node.op in EXPRESSIONS and not node.level.is_row:
        return f"v[{position:d}] = {write_expression(node.op, [f'v[{argument:d}]' for argument in node.of])}", {}
    return f"step{position:d}(v)", {f"step{position:d}": compile_step(program, position)}

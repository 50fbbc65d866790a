"""One value per client for many clients at once: the nodes of a feature program as numpy steps."""

from collections.abc import Callable
from typing import Any

import numpy as np

from solvent.features.expressions import SCALAR_OPERATIONS
from solvent.features.operations import ARRAY_OPERATIONS, MISSING, Array
from solvent.features.program import Node, Program
from solvent.features.schedule import Values

Step = Callable[[Values], None]


def compile_step(program: Program, position: int, *, many: bool = False) -> Step:
    """Compile one node that is neither a leaf nor a statistic; with `many` a client's value is one of an array."""
    node = program.nodes[position]
    function = _function_of(program, node) if many else SCALAR_OPERATIONS[node.op]

    def run(values: Values) -> None:
        values[position] = function(*(values[argument] for argument in node.of))

    return run


def _function_of(program: Program, node: Node) -> Callable[..., Any]:
    if node.op == "is_in":
        return _membership(program, node)
    if node.op == "same_category":
        return _same_category(program, node)
    return ARRAY_OPERATIONS[node.op]


def _membership(program: Program, node: Node) -> Callable[[Array], Array]:
    categories = program.nodes[node.of[0]].categories
    wanted = np.array([*(float(text in node.texts) for text in categories), MISSING])
    return lambda codes: _translate(codes, wanted)


def _same_category(program: Program, node: Node) -> Callable[[Array, Array], Array]:
    left, right = (program.nodes[argument].categories for argument in node.of)
    codes_in_left = np.array([*(float(left.index(text)) if text in left else -1.0 for text in right), MISSING])
    return lambda first, second: ARRAY_OPERATIONS["equal"](first, _translate(second, codes_in_left))


def _translate(codes: Array, table: Array) -> Array:
    """Look each code up in a table whose last entry, NaN, is for missing codes."""
    return table[np.where(codes >= 0.0, codes, table.size - 1).astype(np.intp)]

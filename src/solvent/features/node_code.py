"""The value of one node as a Python expression over the names of its arguments.

Nothing that was read from a bundle stands in an expression as text: names, categories and limits are constants beside
it, under names made of the node's number.
"""

from collections.abc import Callable, Mapping
from math import isnan
from typing import Any

from solvent.features.expressions import write_expression
from solvent.features.operations import MISSING
from solvent.features.program import Node, Program, ValueKind

Constants = Mapping[str, Any]
Code = tuple[str, Constants]
"""An expression and the constants that it names."""


def write_value(program: Program, position: int, name: Callable[[int], str]) -> Code:
    """The expression of a node that is computed from values of its own level; `name` gives its arguments' names."""
    node = program.nodes[position]
    own = f"known{position:d}"
    if node.op == "is_in":
        return f"{own}({name(node.of[0])}, MISSING)", {own: _membership(program, node)}
    if node.op == "same_category":
        return f"{own}({name(node.of[0])}, {name(node.of[1])})", {own: _same_category(program, node)}
    return write_expression(node.op, [name(argument) for argument in node.of]), {}


def write_reading(program: Program, position: int) -> Code:
    """The expression of a raw column's value, NaN where missing, or of its sentinel's flag; `get` finds raw values.

    A value is missing where it is absent, null, a sentinel, out of range or an unknown category. A sentinel's flag is
    missing where there is no raw value, or an empty text.
    """
    node = program.nodes[position]
    if node.op == "row":
        return "1.0", {}
    cleaning = program.columns[node.level.table][node.name]
    named: dict[str, Any] = {"name": node.name, "sentinels": frozenset(cleaning.sentinels)}
    if node.op == "is_sentinel":
        text = "MISSING if (r := get(name{0:d})) is None or r == '' else 1.0 if r in sentinels{0:d} else 0.0"
    elif cleaning.kind is ValueKind.CATEGORY:
        text = "code{0:d}(get(name{0:d}), MISSING)"
        named["code"] = {category: float(code) for code, category in enumerate(cleaning.categories)}.get
    else:
        named |= {"low": cleaning.minimum, "high": cleaning.maximum}
        kept = [f"r {sign} {limit}{{0:d}}" for limit, sign in _LIMITS.items() if named[limit] is not None]
        kept += ["r not in sentinels{0:d}"] if cleaning.sentinels else []
        text = f"r if {' and '.join(['(r := get(name{0:d})) is not None', *kept])} else MISSING"
    return text.format(position), {f"{what}{position:d}": constant for what, constant in named.items()}


_LIMITS = {"low": ">=", "high": "<="}


def _membership(program: Program, node: Node) -> Callable[[float, float], float]:
    categories = program.nodes[node.of[0]].categories
    return {float(code): float(text in node.texts) for code, text in enumerate(categories)}.get


def _same_category(program: Program, node: Node) -> Callable[[float, float], float]:
    left, right = (program.nodes[argument].categories for argument in node.of)
    codes_in_left = {float(code): float(left.index(text)) for code, text in enumerate(right) if text in left}

    def compare(first: float, second: float) -> float:
        if isnan(first) or isnan(second):
            return MISSING
        return float(codes_in_left.get(second) == first)

    return compare

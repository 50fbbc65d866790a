"""Which values of a program can be of both signs, so that a sum of them can cancel."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from solvent.features.program import Node, Program

Signs = tuple[bool, bool]
"""Whether a value can be below 0, and whether it can be above."""
_BOTH: Signs = (True, True)
_POSITIVE: Signs = (False, True)


def _product(a: Signs, b: Signs) -> Signs:
    return (a[0] and b[1]) or (a[1] and b[0]), (a[0] and b[0]) or (a[1] and b[1])


_RULES: Mapping[str, Callable[[list[Signs]], Signs]] = MappingProxyType(
    {
        "add": lambda of: (of[0][0] or of[1][0], of[0][1] or of[1][1]),
        "subtract": lambda of: (of[0][0] or of[1][1], of[0][1] or of[1][0]),
        "multiply": lambda of: _product(of[0], of[1]),
        "ratio": lambda of: _product(of[0], of[1]),
        "larger": lambda of: (of[0][0] and of[1][0], of[0][1] or of[1][1]),
        "smaller": lambda of: (of[0][0] or of[1][0], of[0][1] and of[1][1]),
        "coalesce": lambda of: (of[0][0] or of[1][0], of[0][1] or of[1][1]),
        "absolute": lambda _of: _POSITIVE,
        "square_root": lambda _of: _POSITIVE,
        "exponential": lambda _of: _POSITIVE,
        "as_number": lambda _of: _POSITIVE,
        "row": lambda _of: _POSITIVE,
    }
)
"""Signs of an operation's outcome from those of its arguments; one that is not here can be of both."""


_NEVER_NEGATIVE = ("count", "share", "std", "distinct", "kurtosis", "longest_run", "run_count")


def find_mixed_signs(program: Program) -> frozenset[int]:
    """The nodes whose values can be below and above 0, by the ranges of the columns and the operations on them."""
    signs: list[Signs] = []
    for node in program.nodes:
        signs.append(_signs_of(program, node, [signs[argument] for argument in node.of]))
    return frozenset(position for position, found in enumerate(signs) if found == _BOTH)


def _signs_of(program: Program, node: Node, of: list[Signs]) -> Signs:
    if node.op == "number":
        return node.number < 0, node.number > 0
    if node.op == "column":
        rule = program.columns[node.level.table][node.name]
        return rule.minimum is None or rule.minimum < 0, rule.maximum is None or rule.maximum > 0
    if node.op == "aggregate" and node.statistic in _NEVER_NEGATIVE:
        return _POSITIVE
    if node.op == "when":
        return any(one[0] for one in of[1:]), any(one[1] for one in of[1:])
    if node.op in ("aggregate", "lookup", "before") and node.statistic != "slope":
        return of[0]
    return _RULES[node.op](of) if node.op in _RULES else _BOTH

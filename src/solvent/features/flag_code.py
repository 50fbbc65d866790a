"""When a flag holds and when it does not, as Python conditions: what only decides needs no 1, 0 or NaN.

A condition that reads a missing value is false, whether it says that the flag holds or that it does not.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from solvent.features.node_code import Code
from solvent.features.program import Program

_COMPARISONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "less": ("{a} >= {b}", "{a} < {b}"),
        "less_or_equal": ("{a} > {b}", "{a} <= {b}"),
        "equal": ("{a} < {b} or {a} > {b}", "{a} == {b}"),
        "is_missing": ("{a} == {a}", "{a} != {a}"),
    }
)
"""When the comparison of two values does not hold, and when it does."""


class Conditions:
    """What the nodes of a stage ask of each other.

    `values` are the nodes whose values are needed, `asked` the flags of which it matters that they hold (True) or that
    they do not (False).
    """

    def __init__(self, program: Program, positions: Iterable[int], *, truths: Iterable[int], values: set[int]) -> None:
        self._program, self._own = program, set(positions)
        self.asked = {(position, True) for position in truths}
        self.values = values
        for position in sorted(self._own, reverse=True):
            for holds in (True, False):
                if (position, holds) in self.asked:
                    self._ask_for_condition(position, holds=holds)
            if position in self.values:
                self._ask_for_value(position)

    def _ask_for_condition(self, position: int, *, holds: bool) -> None:
        node = self._program.nodes[position]
        if node.op in ("and", "or", "not"):
            self.asked |= {(argument, holds is not (node.op == "not")) for argument in node.of}
        elif node.op in _COMPARISONS or node.op == "is_in":
            self.values |= {*node.of}
        else:
            self.values.add(position)

    def _ask_for_value(self, position: int) -> None:
        node = self._program.nodes[position]
        if node.op == "when":
            self.asked.add((node.of[0], True))
        self.values |= {*(node.of[1:] if node.op == "when" else node.of)}

    def write(self, position: int, *, holds: bool, name: Callable[[int], str]) -> Code:
        """The condition under which a flag of this stage holds, or does not; `name` gives the names of values."""
        node = self._program.nodes[position]
        if node.op in ("and", "or"):
            joint = " and " if (node.op == "and") is holds else " or "
            return joint.join(self.name(argument, holds=holds, name=name) for argument in node.of), {}
        if node.op == "not":
            return self.name(node.of[0], holds=not holds, name=name), {}
        if node.op in _COMPARISONS:
            given = dict(zip("ab", map(name, node.of), strict=False))
            return _COMPARISONS[node.op][holds].format_map(given), {}
        if node.op == "is_in":
            texts = enumerate(self._program.nodes[node.of[0]].categories)
            codes = frozenset(float(code) for code, text in texts if (text in node.texts) is holds)
            own = f"codes_{self.name(position, holds=holds, name=name)}"
            return f"{name(node.of[0])} in {own}", {own: codes}
        return f"{name(position)} == {float(holds)}", {}

    def name(self, position: int, *, holds: bool, name: Callable[[int], str]) -> str:
        """How a condition is written where it is asked for."""
        if position in self._own:
            return f"{'holds' if holds else 'fails'}{position:d}"
        return f"({name(position)} == {float(holds)})"

"""Which values of one level an engine of sets should keep as columns, because more than one thing rests on them."""

from collections import Counter
from collections.abc import Iterable, Iterator

from solvent.features.program import Level, Program

_ALWAYS = frozenset({"before"})
"""Values that cannot stand inside an expression over others."""
_NEVER = frozenset({"number", "row", "aggregate", "lookup", "groups"})
"""Literals, and values that are columns already."""


def find_layers(program: Program, level: Level, wanted: Iterable[int]) -> Iterator[list[int]]:
    """Yield the nodes of this level to keep, each layer resting on those before it.

    `wanted` are the nodes that other levels ask for, once for each time that they do.
    """
    asked = list(wanted)
    inside = [position for position in program.needed_by(asked) if program.nodes[position].level == level]
    uses = Counter(asked) + Counter(argument for one in inside for argument in program.nodes[one].arguments)
    layer_of: dict[int, int] = {}
    layers: dict[int, list[int]] = {}
    for position in inside:
        node = program.nodes[position]
        below = max((layer_of.get(argument, 0) for argument in node.arguments), default=0)
        keeps = node.op in _ALWAYS or (node.op not in _NEVER and uses[position] > 1)
        layer_of[position] = below + keeps
        if keeps:
            layers.setdefault(layer_of[position], []).append(position)
    yield from (layers[number] for number in sorted(layers))

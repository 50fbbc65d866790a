"""Cuts a program down to some of its features: what only the others need is neither read nor computed."""

from collections.abc import Collection
from dataclasses import replace

from solvent.errors import FeatureError
from solvent.features.program import Node, Program, list_read_columns


def keep_features(program: Program, names: Collection[str]) -> Program:
    """Return the program of these features, in the order in which the program holds them.

    Nodes keep their order, and the columns that settle ties stay with the nodes that they settle: a kept feature has
    the same value as before in every bit.

    Raises:
        FeatureError: the program has no feature of one of the names.
    """
    wanted = set(names)
    unknown = sorted(wanted - set(program.names))
    if unknown:
        raise FeatureError(f"the program has no feature {unknown[0]}: see its names")
    kept = [feature for feature in program.features if feature.name in wanted]
    needed = program.needed_by(feature.node for feature in kept)
    places = {position: place for place, position in enumerate(needed)}
    nodes = tuple(_move(program.nodes[position], places) for position in needed)
    features = tuple(replace(feature, node=places[feature.node]) for feature in kept)
    columns = {
        table: {name: program.columns[table][name] for name in read} for table, read in list_read_columns(nodes).items()
    }
    dates = {table: dates for table, dates in program.row_dates.items() if table in columns}
    return Program(columns, nodes, features, dates)


def _move(node: Node, places: dict[int, int]) -> Node:
    return replace(
        node,
        of=tuple(places[position] for position in node.of),
        by=tuple(places[position] for position in node.by),
        where=None if node.where is None else places[node.where],
        groups=None if node.groups is None else places[node.groups],
    )

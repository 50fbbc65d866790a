"""A feature program as relations: the rows of each table, then one row per loan, then one per client."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import ibis

from solvent.features.ibis_apart import APART, join_apart
from solvent.features.ibis_operations import OPERATIONS, Column, only_where, take_statistic
from solvent.features.layers import find_layers
from solvent.features.program import (
    APPLICATION,
    CLIENT,
    CLIENT_LEVEL,
    CLIENT_LINKS,
    Cleaning,
    Level,
    Node,
    Program,
    ValueKind,
)
from solvent.features.signs import find_mixed_signs
from solvent.tables.schemas import TARGET

Relation = Any
"""An ibis table expression; ibis ships no types that mypy could check."""


@dataclass
class _Scope:
    """A relation with one row per value of a level, and the node values that are columns of it."""

    level: Level
    relation: Relation
    values: dict[int, Column] = field(default_factory=dict)

    def add(self, columns: Mapping[str, Column], nodes: Mapping[int, str]) -> None:
        """Add columns to the relation, and say which of them hold the values of which nodes."""
        self.relation = self.relation.mutate(**columns)
        names = {**{position: column.get_name() for position, column in self.values.items()}, **nodes}
        self.values = {position: self.relation[name] for position, name in names.items()}


class ProgramRelations:
    """Compiles a program over raw tables.

    `read_table` returns a raw table by name. `keep` is called with a label and a relation with one row per client or
    per loan, and returns it computed: an engine may store it, as many features rest on it.
    """

    def __init__(
        self, program: Program, read_table: Callable[[str], Relation], keep: Callable[[str, Relation], Relation]
    ) -> None:
        self._program = program
        self._mixed_signs = find_mixed_signs(program)
        self._read_table = read_table
        self._keep = keep
        self._scopes: dict[Level, _Scope] = {}

    def applications(self, positions: Iterable[int]) -> Relation:
        """One row per application: the client, TARGET, and these of its columns as numbers."""
        scope = _Scope(CLIENT_LEVEL, self._read_table(APPLICATION))
        columns = {_column(position): self.number(position, scope) for position in positions}
        return scope.relation.select(CLIENT, TARGET, **columns)

    def statistics(self, positions: Iterable[int]) -> Iterator[tuple[str, Relation, list[int]]]:
        """One relation per level that statistics are taken over: a row per client that has rows, a column for each."""
        by_level: dict[Level, list[int]] = {}
        for position in positions:
            rows = self._program.nodes[self._program.nodes[position].of[0]].level
            by_level.setdefault(rows, []).append(position)
        for level, over in by_level.items():
            found = self._aggregate(self._scope(level), over, [CLIENT])
            numbers = {_column(one): self._as_number(found[_column(one)], self._program.nodes[one]) for one in over}
            yield _label(level, "client"), found.select(CLIENT, **numbers), over

    def leaves(self, table: str, positions: Iterable[int]) -> Relation:
        """The values of these nodes for each row of a table, beside its client."""
        scope = self._scope(Level(table))
        return scope.relation.select(CLIENT, **{_column(one): self.number(one, scope) for one in positions})

    def number(self, position: int, scope: _Scope) -> Column:
        """The values of a node as float64: flags as 0 and 1, categories as codes."""
        node = self._program.nodes[position]
        if node.kind is not ValueKind.CATEGORY:
            return self.value(position, scope).cast("float64")
        # An unknown category has no code, so a raw column need not be cleaned first.
        text = self._raw(node, scope) if node.op == "column" else self.value(position, scope)
        return _encode(text, node)

    def _as_number(self, statistic: Column, node: Node) -> Column:
        return _encode(statistic, node) if node.kind is ValueKind.CATEGORY else statistic.cast("float64")

    def value(self, position: int, scope: _Scope) -> Column:
        """The values of a node over a scope's rows."""
        return scope.values[position] if position in scope.values else self._compute(position, scope)

    def _compute(self, position: int, scope: _Scope) -> Column:
        node = self._program.nodes[position]
        match node.op:
            case "number":
                return ibis.literal(node.number, "float64")
            case "row":
                return ibis.literal(1.0, "float64")
            case "column":
                return clean_column(self._raw(node, scope), self._cleaning(node))
            case "is_sentinel":
                return self._raw(node, scope).isin(self._cleaning(node).sentinels)
            case "aggregate" | "lookup":
                return scope.relation[_column(position)]
            case "is_in":
                return self.value(node.of[0], scope).isin(node.texts)
            case "before":
                return self._before(node, scope)
        return OPERATIONS[node.op](*(self.value(argument, scope) for argument in node.of))

    def _with_layers(self, scope: _Scope, wanted: Iterable[int]) -> _Scope:
        """Make a column of each value that is used more than once, layer by layer as they rest on each other.

        Without columns an engine would compute a shared value at each use, and the text of the query would grow with
        the number of ways that lead to it.
        """
        for layer in find_layers(self._program, scope.level, wanted):
            columns = {_shared(position): self._compute(position, scope) for position in layer}
            scope.add(columns, {position: _shared(position) for position in layer})
        return scope

    def _cleaning(self, node: Node) -> Cleaning:
        return self._program.columns[node.level.table][node.name]

    def _raw(self, node: Node, scope: _Scope) -> Column:
        borrowed = node.level == CLIENT_LEVEL and scope.level != CLIENT_LEVEL
        return scope.relation[_borrowed(node.name) if borrowed else node.name]

    def _scope(self, level: Level) -> _Scope:
        if level not in self._scopes:
            relation = self._group_relation(level) if level.per else self._row_relation(level.table)
            scope = _Scope(level, self._with_application(relation, level))
            self._add_numbers(scope)
            over = [node for node in self._program.nodes if self._is_over(node, level)]
            self._with_layers(scope, [argument for node in over for argument in node.arguments])
            self._scopes[level] = self._with_ranks(scope)
        return self._scopes[level]

    def _add_numbers(self, scope: _Scope) -> None:
        """Add the numbers that groups have beside the key of a loan, under the names that groups know them by."""
        for node in self._program.nodes:
            if node.op == "groups" and node.level.table == scope.level.table and not scope.level.per:
                names = _group_columns(node.level)[1:]
                numbers = (self.value(position, scope) for position in node.of[1:])
                scope.add(dict(zip(names, numbers, strict=True)), {})

    def _is_over(self, node: Node, level: Level) -> bool:
        """Whether a node is computed from the values of this level, but is none of them."""
        return node.level != level and any(self._program.nodes[argument].level == level for argument in node.arguments)

    def _row_relation(self, table: str) -> Relation:
        relation = self._read_table(table)
        if table in CLIENT_LINKS:
            parent, key = CLIENT_LINKS[table]
            relation = relation.inner_join(self._read_table(parent).select(CLIENT, key).distinct(), key)
        for date in self._program.row_dates.get(table, ()):
            relation = relation.filter((relation[date] <= 0) | relation[date].isnull())
        names = {CLIENT, *self._program.columns[table]}
        relation = relation.select(*sorted(names))
        for position, node in enumerate(self._program.nodes):
            if node.op == "lookup" and node.level == Level(table):
                relation = self._with_lookup(relation, position)
        return relation

    def _with_application(self, relation: Relation, level: Level) -> Relation:
        """Put the application's columns that this level's nodes read beside every row."""
        inside = [node for node in self._program.nodes if node.level.table == level.table]
        wanted = self._program.needed_by(argument for node in inside for argument in node.arguments)
        nodes = [self._program.nodes[position] for position in wanted]
        names = {node.name for node in nodes if node.op in ("column", "is_sentinel") and node.level == CLIENT_LEVEL}
        if not names:
            return relation
        borrowed = {_borrowed(name): name for name in sorted(names)}
        return relation.inner_join(self._read_table(APPLICATION).select(CLIENT, **borrowed), CLIENT)

    def _with_lookup(self, relation: Relation, position: int) -> Relation:
        value, _, key = (self._program.nodes[argument] for argument in self._program.nodes[position].of)
        groups = self._scope(value.level)
        found = groups.relation.select(
            found_client=groups.relation[CLIENT],
            found_key=groups.relation[value.level.per],
            **{_column(position): self.value(self._program.nodes[position].of[0], groups)},
        )
        same = [relation[CLIENT] == found.found_client, relation[key.name] == found.found_key]
        return relation.left_join(found, same).drop("found_client", "found_key")

    def _group_relation(self, level: Level) -> Relation:
        rows = self._scope(Level(level.table))
        positions = [
            position
            for position, node in enumerate(self._program.nodes)
            if node.op == "aggregate" and node.level == level
        ]
        label = _label(Level(level.table), " and ".join(level.keys))
        return self._keep(label, self._aggregate(rows, positions, [CLIENT, *_group_columns(level)]))

    def _aggregate(self, scope: _Scope, positions: Iterable[int], by: list[str]) -> Relation:
        together = [position for position in positions if self._program.nodes[position].statistic not in APART]
        values = {_column(position): self._statistic(position, scope) for position in together}
        relation = scope.relation
        whole = [relation[key].notnull() for key in by]
        found = relation.group_by(by).having(*whole).aggregate(**values, group_size=relation.count())
        for rows, wanted in self._apart(scope, set(positions).difference(together), by):
            found = join_apart(found, rows, by, wanted)
        return found

    def _apart(
        self, scope: _Scope, positions: Iterable[int], by: list[str]
    ) -> Iterator[tuple[Relation, dict[str, str]]]:
        """The rows of statistics that are no aggregates, and those that are taken of them by their columns' names."""
        selections: dict[tuple[int, int | None], dict[str, str]] = {}
        for position in sorted(positions):
            node = self._program.nodes[position]
            selections.setdefault((node.of[0], node.where), {})[_column(position)] = node.statistic
        for (value, where), wanted in selections.items():
            taken = self.value(value, scope)
            passes = taken.notnull() if where is None else self.value(where, scope) & taken.notnull()
            yield scope.relation.filter(passes).select(*by, value=taken), wanted

    def _statistic(self, position: int, scope: _Scope) -> Column:
        node = self._program.nodes[position]
        values = [self.value(argument, scope) for argument in node.of]
        cancels = node.of[0] in self._mixed_signs
        return take_statistic(node, values, scope.relation, self._filter(position, scope), cancels=cancels)

    def _filter(self, position: int, scope: _Scope) -> Column | None:
        """Rows that the aggregate takes, never NULL; None for all."""
        node = self._program.nodes[position]
        if node.last:
            return scope.relation[_rank(node)].between(1, node.last)
        return None if node.where is None else self._passes(node, scope)

    def _passes(self, node: Node, scope: _Scope) -> Column:
        if node.where is None:
            return ibis.literal(True)  # noqa: FBT003
        return self.value(node.where, scope).fill_null(False)  # noqa: FBT003

    def _with_ranks(self, scope: _Scope) -> _Scope:
        """Number the rows that pass the filter of each ordered aggregate, the latest first; 0 for the others.

        Filters over the same order share its window, so that an engine sorts once.
        """
        ranked = {
            _rank(node): node
            for node in self._program.nodes
            if node.last and self._program.nodes[node.by[0]].level == scope.level
        }
        if not ranked:
            return scope
        taken = {name: self._passes(node, scope) & self._dated(node, scope) for name, node in ranked.items()}
        scope.add({f"{name}_taken": passes.cast("int32") for name, passes in taken.items()}, {})
        ranks = {}
        for name, node in ranked.items():
            passes = scope.relation[f"{name}_taken"]
            ranks[name] = passes * passes.sum().over(self._latest_first(node, scope, rows=(None, 0)))
        scope.add(ranks, {})
        return scope

    def _dated(self, node: Node, scope: _Scope) -> Column:
        return self.value(node.by[0], scope).notnull()

    def _before(self, node: Node, scope: _Scope) -> Column:
        window = self._latest_first(node, scope)
        value, ordered = self.value(node.of[0], scope), self._dated(node, scope)
        for key in self._loan_keys(node):
            ordered = ordered & scope.relation[key].notnull()
        return only_where(ordered & ordered.lead().over(window), value.lead().over(window))

    def _loan_keys(self, node: Node) -> list[str]:
        return [] if node.groups is None else _group_columns(self._program.nodes[node.groups].level)

    def _latest_first(self, node: Node, scope: _Scope, *, rows: tuple[int | None, int] | None = None) -> Column:
        order = [ibis.desc(self.value(key, scope), nulls_first=False) for key in node.by]
        return ibis.window(group_by=[CLIENT, *self._loan_keys(node)], order_by=order, rows=rows)


def clean_column(raw: Column, cleaning: Cleaning) -> Column:
    """Apply a cleaning rule: what counts as missing becomes NULL; numbers become float64."""
    if cleaning.kind is ValueKind.CATEGORY:
        return ibis.cases((raw.isin(cleaning.categories), raw), else_=ibis.null("string"))
    value = raw.cast("float64")
    kept = []
    if cleaning.sentinels:
        kept.append(value.notin(cleaning.sentinels))
    if cleaning.minimum is not None:
        kept.append(value >= cleaning.minimum)
    if cleaning.maximum is not None:
        kept.append(value <= cleaning.maximum)
    if not kept:
        return value
    condition = kept[0]
    for part in kept[1:]:
        condition = condition & part
    return ibis.cases((condition, value), else_=ibis.null("float64"))


def _encode(text: Column, node: Node) -> Column:
    """The code of each category; an unknown one has none."""
    codes = [(category, float(code)) for code, category in enumerate(node.categories)]
    return text.cases(*codes, else_=ibis.null("float64"))


def _column(position: int) -> str:
    return f"n{position}"


def _rank(node: Node) -> str:
    return f"rank_{node.groups}_{node.where}_{'_'.join(map(str, node.by))}"


def _shared(position: int) -> str:
    return f"v{position}"


def _group_columns(level: Level) -> list[str]:
    """What tells the groups of a client apart: the raw key of a loan, and a number as it is cleaned."""
    return [*level.keys[:1], *(f"each_{name}" for name in level.keys[1:])]


def _borrowed(name: str) -> str:
    return f"{APPLICATION}_{name}"


def _label(level: Level, by: str) -> str:
    """What is being done to keep a relation, for people."""
    rows = f"{' and '.join(level.keys)} of {level.table}" if level.per else level.table
    return f"aggregating {rows} by {by}"

"""A feature program as relations: the rows of each table, then one row per loan, then one per client."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import ibis

from solvent.features.ibis_operations import OPERATIONS, Column, take_statistic
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

Relation = Any
"""An ibis table expression; ibis ships no types that mypy could check."""


@dataclass
class _Scope:
    """A relation with one row per value of a level, and the node values computed over it so far."""

    level: Level
    relation: Relation
    values: dict[int, Column] = field(default_factory=dict)


class ProgramRelations:
    """Compiles a program over raw tables.

    `read_table` returns a raw table by name. `keep` is called with a label and a relation with one row per client or
    per loan, and returns it computed: an engine may store it, as many features rest on it.
    """

    def __init__(
        self, program: Program, read_table: Callable[[str], Relation], keep: Callable[[str, Relation], Relation]
    ) -> None:
        self._program = program
        self._read_table = read_table
        self._keep = keep
        self._scopes: dict[Level, _Scope] = {}

    def clients(self) -> _Scope:
        """One row per application: its raw columns, and a column for each statistic over its history."""
        relation = self._read_table(APPLICATION)
        by_level: dict[Level, list[int]] = {}
        for position in self._program.history_aggregates:
            rows = self._program.nodes[self._program.nodes[position].of[0]].level
            by_level.setdefault(rows, []).append(position)
        for level, positions in by_level.items():
            aggregated = self._aggregate(self._scope(level), positions, [CLIENT])
            relation = _join_client(relation, self._keep(_label(level, "client"), aggregated))
        # Kept, because planning the features over nine joins took DuckDB 5 s, and over one table 1 s.
        return _Scope(CLIENT_LEVEL, self._keep("all tables by client", relation))

    def leaves(self, table: str, positions: Iterable[int]) -> Relation:
        """One row per client: the values of these nodes for each of its rows, as a list of structs called `rows`."""
        scope = self._scope(Level(table))
        fields = {}
        for position in positions:
            fields[_column(position)] = self.number(position, scope).fill_null(float("nan"))
        return scope.relation.group_by(CLIENT).aggregate(rows=ibis.struct(fields).collect())

    def number(self, position: int, scope: _Scope) -> Column:
        """The values of a node as float64: flags as 0 and 1, categories as codes."""
        node = self._program.nodes[position]
        if node.kind is not ValueKind.CATEGORY:
            return self.value(position, scope).cast("float64")
        # An unknown category has no code, so a raw column need not be cleaned first.
        text = self._raw(node, scope) if node.op == "column" else self.value(position, scope)
        codes = [(category, float(code)) for code, category in enumerate(node.categories)]
        return text.cases(*codes, else_=ibis.null("float64"))

    def value(self, position: int, scope: _Scope) -> Column:
        """The values of a node over a scope's rows."""
        if position not in scope.values:
            scope.values[position] = self._compute(position, scope)
        return scope.values[position]

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
        return OPERATIONS[node.op](*(self.value(argument, scope) for argument in node.of))

    def _cleaning(self, node: Node) -> Cleaning:
        return self._program.columns[node.level.table][node.name]

    def _raw(self, node: Node, scope: _Scope) -> Column:
        borrowed = node.level == CLIENT_LEVEL and scope.level != CLIENT_LEVEL
        return scope.relation[_borrowed(node.name) if borrowed else node.name]

    def _scope(self, level: Level) -> _Scope:
        if level not in self._scopes:
            relation = self._group_relation(level) if level.per else self._row_relation(level.table)
            self._scopes[level] = self._with_ranks(_Scope(level, self._with_application(relation, level)))
        return self._scopes[level]

    def _row_relation(self, table: str) -> Relation:
        relation = self._read_table(table)
        if table in CLIENT_LINKS:
            parent, key = CLIENT_LINKS[table]
            relation = relation.inner_join(self._read_table(parent).select(CLIENT, key).distinct(), key)
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
        return self._keep(_label(Level(level.table), level.per), self._aggregate(rows, positions, [CLIENT, level.per]))

    def _aggregate(self, scope: _Scope, positions: Iterable[int], by: list[str]) -> Relation:
        values = {_column(position): self._statistic(position, scope) for position in positions}
        relation = scope.relation
        return relation.group_by(by).having(relation[by[-1]].notnull()).aggregate(**values, group_size=relation.count())

    def _statistic(self, position: int, scope: _Scope) -> Column:
        node = self._program.nodes[position]
        values = [self.value(argument, scope) for argument in node.of]
        return take_statistic(node.statistic, values, scope.relation, self._filter(position, scope))

    def _filter(self, position: int, scope: _Scope) -> Column:
        """Rows that the aggregate takes; never NULL."""
        node = self._program.nodes[position]
        passes = self._passes(node, scope)
        if not node.last:
            return passes
        dated = self.value(node.by[0], scope).notnull()
        return passes & dated & (scope.relation[_rank(position)] < node.last)

    def _passes(self, node: Node, scope: _Scope) -> Column:
        if node.where is None:
            return ibis.literal(True)  # noqa: FBT003
        return self.value(node.where, scope).fill_null(False)  # noqa: FBT003

    def _with_ranks(self, scope: _Scope) -> _Scope:
        """Number the rows that each ordered aggregate takes, the latest first."""
        ranks = {}
        for position, node in enumerate(self._program.nodes):
            if node.last and self._program.nodes[node.by[0]].level == scope.level:
                groups = [CLIENT, node.level.per] if node.level.per else [CLIENT]
                order = [ibis.desc(self.value(key, scope), nulls_first=False) for key in node.by]
                window = ibis.window(group_by=[*groups, self._passes(node, scope)], order_by=order)
                ranks[_rank(position)] = ibis.row_number().over(window)
        return _Scope(scope.level, scope.relation.mutate(**ranks)) if ranks else scope


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


def _join_client(relation: Relation, aggregated: Relation) -> Relation:
    return relation.left_join(aggregated.drop("group_size"), CLIENT).drop(f"{CLIENT}_right")


def _column(position: int) -> str:
    return f"n{position}"


def _rank(position: int) -> str:
    return f"rank{position}"


def _borrowed(name: str) -> str:
    return f"{APPLICATION}_{name}"


def _label(level: Level, by: str) -> str:
    """What a kept relation holds, for people."""
    rows = f"{level.per} of {level.table}" if level.per else level.table
    return f"{rows} by {by}"

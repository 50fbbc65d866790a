"""The feature program: every declaration as one flat list of nodes that travels as JSON inside the model bundle.

A node's arguments stand before it in the list, and equal nodes stand in it once, so an engine runs the list from
front to back and shares common work. The program also carries the cleaning rule of each raw column that it reads:
scoring needs nothing but these bytes.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

import orjson

from solvent.errors import FeatureError

PROTOCOL = 2
"""Protocol 1 had no `row_dates`: a row dated after the application counted, with its date missing. A program without
them is still written as protocol 1, so that an old one keeps its digest."""
APPLICATION = "application"
CLIENT = "SK_ID_CURR"
CLIENT_LINKS: Mapping[str, tuple[str, str]] = MappingProxyType({"bureau_balance": ("bureau", "SK_ID_BUREAU")})
"""Tables whose rows name no client: the parent table that does, and the column that ties them to it."""


class ValueKind(StrEnum):
    """What a node's value is."""

    NUMBER = "number"
    FLAG = "flag"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Level:
    """What a node has one value of.

    `table` "" is a constant; "application" one value per client; a history table one value per row of it; with
    `per`, one value per distinct value of that column within a client's rows, or of two columns with a + between them.
    """

    table: str
    per: str = ""

    @property
    def is_row(self) -> bool:
        """Whether a client can have several values."""
        return self.table not in ("", APPLICATION)

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that tell groups apart; none unless there is one value per group."""
        return tuple(self.per.split("+")) if self.per else ()


CONSTANT = Level("")
CLIENT_LEVEL = Level(APPLICATION)


@dataclass(frozen=True, slots=True)
class Cleaning:
    """When a raw value of a column counts as missing: a sentinel, outside the range, or an unknown category."""

    kind: ValueKind
    sentinels: tuple[float | str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One step: an operation, the positions of its arguments, and its options.

    `name` is a column's name, `number` a literal's value, `texts` the categories that `is_in` looks for.
    Aggregates: `statistic` with arguments [value, over?], and the positions of the filter `where`, the order `by`
    (with tie breakers behind it), the number `last` of rows to keep, and the partition `groups` if there is one value
    per group of rows instead of per client. The `number` of a quantile is the share of the values below it.
    """

    op: str
    level: Level
    kind: ValueKind
    of: tuple[int, ...] = ()
    name: str = ""
    number: float = 0.0
    texts: tuple[str, ...] = ()
    statistic: str = ""
    where: int | None = None
    by: tuple[int, ...] = ()
    last: int = 0
    groups: int | None = None
    categories: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[int, ...]:
        """Every node that this one needs."""
        optional = (self.where, self.groups)
        return self.of + self.by + tuple(position for position in optional if position is not None)


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the model's input.

    `categories`: the values behind the codes 0, 1, ... of a category feature, empty for a number.
    `sources`: the raw columns that it reads, as "table.COLUMN".
    """

    name: str
    node: int
    unit: str
    meaning: str
    reason_code: str
    categories: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """A compiled catalogue: what to read, how to clean it, what to compute, in which order to hand it over.

    `row_dates`: per table the columns of which none may lie after the application (above 0) in a row that counts.
    """

    columns: Mapping[str, Mapping[str, Cleaning]]
    nodes: tuple[Node, ...]
    features: tuple[Feature, ...]
    row_dates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Feature names in the order of the model's input."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the program's JSON, in hexadecimal."""
        return hashlib.sha256(self.to_json()).hexdigest()

    @cached_property
    def category_positions(self) -> tuple[int, ...]:
        """Positions of the category features in the model's input."""
        return tuple(position for position, feature in enumerate(self.features) if feature.categories)

    @cached_property
    def history_aggregates(self) -> tuple[int, ...]:
        """Nodes that hold one value per client computed from history rows."""
        return tuple(
            position for position, node in enumerate(self.nodes) if node.op == "aggregate" and not node.level.is_row
        )

    @cached_property
    def application_bound(self) -> frozenset[int]:
        """Nodes that cannot be known before the application is: they read its columns."""
        bound: set[int] = set()
        for position, node in enumerate(self.nodes):
            reads_application = node.op in ("column", "is_sentinel") and node.level == CLIENT_LEVEL
            if reads_application or any(argument in bound for argument in node.arguments):
                bound.add(position)
        return frozenset(bound)

    def is_row_leaf(self, position: int) -> bool:
        """Whether a node's values are read from the rows of a history table instead of computed."""
        node = self.nodes[position]
        return node.op in ("column", "is_sentinel", "row") and node.level.is_row and not node.level.per

    def needed_by(self, wanted: Iterable[int], *, given: Collection[int] = ()) -> tuple[int, ...]:
        """Return these nodes and all that they rest on, in the order in which to run them; stop at what is given."""
        needed: set[int] = set()
        stack = list(wanted)
        while stack:
            position = stack.pop()
            if position not in needed and position not in given:
                needed.add(position)
                stack.extend(self.nodes[position].arguments)
        return tuple(sorted(needed))

    def to_json(self) -> bytes:
        """Render the program; equal programs give equal bytes."""
        document: dict[str, Any] = {
            "protocol": PROTOCOL if self.row_dates else 1,
            "columns": {
                table: {name: _compact(cleaning) for name, cleaning in columns.items()}
                for table, columns in self.columns.items()
            },
            "nodes": [_compact(node) for node in self.nodes],
            "features": list(self.features),
        }
        if self.row_dates:
            document["row_dates"] = {table: list(dates) for table, dates in self.row_dates.items()}
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)

    @staticmethod
    def from_json(content: bytes) -> "Program":
        """Read a program back.

        Raises:
            FeatureError: the bytes are not a program of a protocol that this version knows.
        """
        try:
            document = orjson.loads(content)
            if document["protocol"] not in (1, PROTOCOL):
                known = f"1 to {PROTOCOL}"
                raise FeatureError(f"feature program of protocol {document['protocol']}: this version reads {known}")
            program = Program(
                columns={
                    table: {name: _read_cleaning(stored) for name, stored in columns.items()}
                    for table, columns in document["columns"].items()
                },
                nodes=tuple(_read_node(stored) for stored in document["nodes"]),
                features=tuple(_read_feature(stored) for stored in document["features"]),
                row_dates={table: tuple(dates) for table, dates in document.get("row_dates", {}).items()},
            )
            _check_positions(program)
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise FeatureError("this is not a feature program: take the bundle's features.json unchanged") from error
        return program


def list_read_columns(nodes: Iterable[Node]) -> Mapping[str, tuple[str, ...]]:
    """Return, per table, the columns that nodes read and the keys that tie its rows to their parents, sorted."""
    wanted: dict[str, set[str]] = {}
    for node in nodes:
        if node.op in ("column", "is_sentinel"):
            wanted.setdefault(node.level.table, set()).add(node.name)
        if node.level.is_row:
            wanted.setdefault(node.level.table, set())
    for table, (parent, key) in CLIENT_LINKS.items():
        if table in wanted:
            wanted[table].add(key)
            wanted.setdefault(parent, set()).add(key)
    return {table: tuple(sorted(wanted[table])) for table in sorted(wanted)}


def _check_positions(program: Program) -> None:
    for position, node in enumerate(program.nodes):
        if not all(0 <= argument < position for argument in node.arguments):
            raise ValueError(position)
    for feature in program.features:
        if not 0 <= feature.node < len(program.nodes):
            raise ValueError(feature.node)


def _compact(record: Cleaning | Node) -> dict[str, Any]:
    """Leave out what has its default: a program of 100 features has over 500 nodes."""
    return {
        field.name: getattr(record, field.name)
        for field in fields(record)
        if getattr(record, field.name) != field.default
    }


def _read_cleaning(stored: dict[str, Any]) -> Cleaning:
    return Cleaning(
        kind=ValueKind(stored["kind"]),
        sentinels=tuple(stored.get("sentinels", ())),
        minimum=stored.get("minimum"),
        maximum=stored.get("maximum"),
        categories=tuple(stored.get("categories", ())),
    )


def _read_node(stored: dict[str, Any]) -> Node:
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    return Node(**{**given, "level": Level(**stored["level"]), "kind": ValueKind(stored["kind"])})


def _read_feature(stored: dict[str, Any]) -> Feature:
    listed = {name: tuple(stored[name]) for name in ("categories", "sources")}
    return Feature(**{**stored, **listed})

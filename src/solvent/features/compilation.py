"""From declarations to a program: shared nodes once, cleaning rules attached, forbidden columns refused."""

from collections.abc import Collection, Iterable, Mapping

from solvent.errors import FeatureError, ForbiddenFeatureError
from solvent.features.language import Declaration, Expression
from solvent.features.program import (
    APPLICATION,
    Cleaning,
    Feature,
    Node,
    Program,
    ValueKind,
    list_read_columns,
)
from solvent.tables.schemas import ColumnKind, table_schema

_RAW = ("column", "is_sentinel")
"""Operations that read a raw column."""


def compile_features(declarations: Iterable[Declaration], *, forbidden: Collection[str] = ()) -> Program:
    """Compile declarations, in their order, into one program.

    Args:
        declarations: features, one value per client each.
        forbidden: application columns that no feature may read.

    Raises:
        FeatureError: two features share a name.
        ForbiddenFeatureError: a feature reads a forbidden column.
    """
    declared = tuple(declarations)
    nodes = _NodeList()
    for declaration in declared:
        nodes.add_columns(declaration.expression)
    features: list[Feature] = []
    names: set[str] = set()
    for declaration in declared:
        if declaration.name in names:
            raise FeatureError(f"two features are called {declaration.name}: rename one")
        names.add(declaration.name)
        features.append(_compile_feature(declaration, nodes, forbidden))
    columns = _cleaning_rules(nodes.nodes)
    dates = {table: table_schema(table).dates for table in columns if table_schema(table).dates}
    return Program(columns, tuple(nodes.nodes), tuple(features), dates)


def _compile_feature(declaration: Declaration, nodes: "_NodeList", forbidden: Collection[str]) -> Feature:
    position = nodes.add(declaration.expression)
    sources = read_columns(declaration.expression)
    refused = tuple(source for source in sources if source.removeprefix(f"{APPLICATION}.") in forbidden)
    if refused:
        raise ForbiddenFeatureError(declaration.name, refused)
    return Feature(
        name=declaration.name,
        node=position,
        unit=declaration.unit,
        meaning=declaration.meaning,
        reason_code=declaration.reason,
        categories=declaration.expression.categories,
        sources=sources,
    )


class _NodeList:
    """Nodes in the order of their needs, each distinct one once; the raw columns come first."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._positions: dict[Node, int] = {}
        self._added: dict[Expression, int] = {}
        self._named: set[Expression] = set()
        self._rests_on_aggregate: list[bool] = []

    def add(self, expression: Expression) -> int:
        """Return the position of an expression's node, adding what is not there yet."""
        if expression not in self._added:
            self._added[expression] = self._add(expression)
        return self._added[expression]

    def _add(self, expression: Expression) -> int:
        node = Node(
            op=expression.op,
            level=expression.level,
            kind=expression.kind,
            of=tuple(self.add(part) for part in expression.of),
            name=expression.name if expression.op in _RAW else "",
            number=expression.number,
            texts=expression.texts,
            statistic=expression.statistic,
            where=None if expression.where is None else self.add(expression.where),
            by=self._total_order(expression),
            last=expression.last,
            groups=None if expression.groups is None else self.add(expression.groups),
            categories=expression.categories,
        )
        self._check_levels(node)
        if node not in self._positions:
            self._positions[node] = len(self.nodes)
            self.nodes.append(node)
            below = any(self._rests_on_aggregate[argument] for argument in node.arguments)
            self._rests_on_aggregate.append(below or node.op == "aggregate")
        return self._positions[node]

    def add_columns(self, expression: Expression) -> None:
        """Add the raw columns that an expression reads, so that every order can be made total with them."""
        if expression in self._named:
            return
        self._named.add(expression)
        if expression.op in _RAW:
            self.add(expression)
        for part in expression.parts:
            self.add_columns(part)

    def _total_order(self, expression: Expression) -> tuple[int, ...]:
        """The declared order, made total by every other raw column of the same rows: rows still tied are alike.

        But for what they take from the row before them, so such a value is the last to settle a tie.
        """
        if not expression.by:
            return ()
        declared = [self.add(part) for part in expression.by]
        level = expression.by[0].level
        raw = [position for position, node in enumerate(self.nodes) if node.op in _RAW and node.level == level]
        beside = [self.add(value) for value in expression.of if _reads_other_rows(value)]
        return tuple(dict.fromkeys(declared + raw + beside))

    def _check_levels(self, node: Node) -> None:
        if not node.level.is_row:
            return
        for argument in node.arguments:
            if self._rests_on_aggregate[argument] and not self.nodes[argument].level.is_row:
                raise FeatureError(
                    f"a statistic over all rows of a client cannot be used inside the rows of {node.level.table}"
                )


def _reads_other_rows(expression: Expression) -> bool:
    return expression.op == "before" or any(map(_reads_other_rows, expression.parts))


def read_columns(expression: Expression) -> tuple[str, ...]:
    """Raw columns that an expression names, as "table.COLUMN", sorted; other columns of its rows only settle ties."""
    found: set[str] = set()
    seen: set[Expression] = set()
    stack = [expression]
    while stack:
        part = stack.pop()
        if part in seen:
            continue
        seen.add(part)
        if part.op in _RAW:
            found.add(f"{part.level.table}.{part.name}")
        stack.extend(part.parts)
    return tuple(sorted(found))


def _cleaning_rules(nodes: Iterable[Node]) -> Mapping[str, Mapping[str, Cleaning]]:
    """Collect the rule of every column that the nodes read, and of the keys that tie rows together."""
    return {
        table: {name: _cleaning(table, name) for name in names} for table, names in list_read_columns(nodes).items()
    }


def _cleaning(table: str, name: str) -> Cleaning:
    column = table_schema(table).column(name)
    if column.kind is ColumnKind.KEY:
        return Cleaning(ValueKind.NUMBER)
    kind = ValueKind.CATEGORY if column.kind is ColumnKind.CATEGORY else ValueKind.NUMBER
    return Cleaning(kind, column.sentinels, column.minimum, column.maximum, column.categories)

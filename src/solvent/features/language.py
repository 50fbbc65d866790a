"""The language in which features are declared: expressions over the raw tables, as data.

    bureau = table("bureau")
    active = bureau.CREDIT_ACTIVE == "Active"
    debt_ratio = ratio(bureau.AMT_CREDIT_SUM_DEBT, bureau.AMT_CREDIT_SUM)
    feature("bureau_debt_ratio_mean_active", mean(debt_ratio, where=active),
            unit="share", meaning="debt over credit of the open bureau loans, mean", reason="BUREAU_DEBT")

The meaning is the same in every engine. Missing stays missing, through arithmetic and comparisons. A filter or
condition that is missing is false. `ratio(a, 0)` is missing. A statistic over no values is missing; `count` is 0 when
the client has other rows in that table and missing when it has none. Nothing is infinite or not a number.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Union

from solvent.errors import FeatureError
from solvent.features.operations import FLOAT32_MAX
from solvent.features.program import CLIENT_LEVEL, CONSTANT, Level, ValueKind
from solvent.tables.schemas import ColumnKind, table_schema

Operand = Union["Expression", float, int]


@dataclass(frozen=True, eq=False)
class Expression:
    """One value per row, per loan or per client; combine expressions with operators and the functions below."""

    op: str
    level: Level
    kind: ValueKind = ValueKind.NUMBER
    of: tuple["Expression", ...] = ()
    name: str = ""
    number: float = 0.0
    texts: tuple[str, ...] = ()
    statistic: str = ""
    where: "Expression | None" = None
    by: tuple["Expression", ...] = ()
    last: int = 0
    groups: "Expression | None" = None
    categories: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple["Expression", ...]:
        """Every expression that this one rests on."""
        optional = (self.where, self.groups)
        return (*self.of, *self.by, *(part for part in optional if part is not None))

    def __add__(self, other: Operand) -> "Expression":
        return _numeric("add", self, other)

    def __radd__(self, other: Operand) -> "Expression":
        return _numeric("add", other, self)

    def __sub__(self, other: Operand) -> "Expression":
        return _numeric("subtract", self, other)

    def __rsub__(self, other: Operand) -> "Expression":
        return _numeric("subtract", other, self)

    def __mul__(self, other: Operand) -> "Expression":
        return _numeric("multiply", self, other)

    def __rmul__(self, other: Operand) -> "Expression":
        return _numeric("multiply", other, self)

    def __neg__(self) -> "Expression":
        return _numeric("multiply", self, -1.0)

    def __lt__(self, other: Operand) -> "Expression":
        return _comparison("less", self, other)

    def __le__(self, other: Operand) -> "Expression":
        return _comparison("less_or_equal", self, other)

    def __gt__(self, other: Operand) -> "Expression":
        return _comparison("less", other, self)

    def __ge__(self, other: Operand) -> "Expression":
        return _comparison("less_or_equal", other, self)

    def __eq__(self, other: object) -> "Expression":  # type: ignore[override]
        return _equal(self, other)

    def __ne__(self, other: object) -> "Expression":  # type: ignore[override]
        return ~_equal(self, other)

    __hash__ = object.__hash__

    def __and__(self, other: "Expression") -> "Expression":
        return _logical("and", self, other)

    def __or__(self, other: "Expression") -> "Expression":
        return _logical("or", self, other)

    def __invert__(self) -> "Expression":
        return _logical("not", self)

    def __bool__(self) -> bool:
        raise FeatureError("an expression has no truth of its own: combine with & | ~, compare one pair at a time")

    def is_in(self, *texts: str) -> "Expression":
        """Whether a category is one of these; a text that the schema does not know is an error."""
        require_kind(self, ValueKind.CATEGORY, "is_in")
        unknown = sorted(set(texts) - set(self.categories))
        if unknown:
            raise FeatureError(f"{self.name} has no category {', '.join(unknown)}: see its schema")
        return Expression("is_in", self.level, ValueKind.FLAG, (self,), texts=tuple(sorted(set(texts))))


@dataclass(frozen=True)
class Table:
    """A raw table: its columns are attributes."""

    name: str

    @property
    def level(self) -> Level:
        """One value per row; for the application, one per client."""
        return Level(self.name)

    def __getattr__(self, column: str) -> Expression:
        if column.startswith("_"):
            raise AttributeError(column)
        schema = table_schema(self.name).column(column)
        kind = ValueKind.CATEGORY if schema.kind is ColumnKind.CATEGORY else ValueKind.NUMBER
        return Expression("column", self.level, kind, name=column, categories=schema.categories)

    def column(self, name: str) -> Expression:
        """The same as the attribute, for names held in a variable."""
        expression: Expression = getattr(self, name)
        return expression

    @property
    def one_each(self) -> Expression:
        """1 for every row."""
        return Expression("row", self.level)

    def keys(self) -> tuple[Expression, ...]:
        """The columns that break ties when rows are put in order: the table's key, without the client's."""
        return tuple(self.column(name) for name in table_schema(self.name).key if name != "SK_ID_CURR")


@dataclass(frozen=True)
class Declaration:
    """A named feature: what it is, in which unit, what it means, and which reason it speaks for in a refusal."""

    name: str
    expression: Expression
    unit: str
    meaning: str
    reason: str


def table(name: str) -> Table:
    """Return a raw table; raises TablesError if there is none of that name."""
    return Table(table_schema(name).name)


def feature(name: str, expression: Expression, *, unit: str, meaning: str, reason: str) -> Declaration:
    """Name an expression that has one value per client.

    Raises:
        FeatureError: the expression has one value per row or per loan; aggregate it first.
    """
    if expression.level != CLIENT_LEVEL:
        raise FeatureError(
            f"feature {name} has one value per {describe_level(expression.level)}: aggregate it per client"
        )
    return Declaration(name, expression, unit, meaning, reason)


def number(value: float) -> Expression:
    """A literal; raises FeatureError unless it is finite and fits in float32."""
    if not abs(value) < FLOAT32_MAX:
        raise FeatureError("a literal must be a finite number that fits in float32")
    return Expression("number", CONSTANT, number=float(value))


def ratio(numerator: Operand, denominator: Operand) -> Expression:
    """Numerator over denominator; missing where the denominator is zero."""
    return _numeric("ratio", numerator, denominator)


def larger(first: Operand, second: Operand) -> Expression:
    """The larger of two values; missing if either is."""
    return _numeric("larger", first, second)


def smaller(first: Operand, second: Operand) -> Expression:
    """The smaller of two values; missing if either is."""
    return _numeric("smaller", first, second)


def absolute(value: Expression) -> Expression:
    """The value without its sign."""
    return _numeric("absolute", value)


def square_root(value: Expression) -> Expression:
    """Missing for negative values."""
    return _numeric("square_root", value)


def logarithm(value: Expression) -> Expression:
    """Natural logarithm; missing unless the value is positive."""
    return _numeric("logarithm", value)


def exponential(value: Expression) -> Expression:
    """Missing where the result would be infinite."""
    return _numeric("exponential", value)


def coalesce(first: Operand, second: Operand) -> Expression:
    """The first value, or the second where the first is missing."""
    return _numeric("coalesce", first, second)


def sum_present(*values: Expression) -> Expression:
    """Sum of the values that are there; missing if none is."""
    total = reduce(lambda total, value: total + coalesce(value, 0.0), values[1:], coalesce(values[0], 0.0))
    return when(count_present(*values) > 0, total)


def mean_present(*values: Expression) -> Expression:
    """Mean of the values that are there; missing if none is."""
    return ratio(sum_present(*values), count_present(*values))


def smallest_present(*values: Expression) -> Expression:
    """Smallest of the values that are there; missing if none is."""
    return reduce(lambda best, value: coalesce(coalesce(smaller(best, value), best), value), values)


def largest_present(*values: Expression) -> Expression:
    """Largest of the values that are there; missing if none is."""
    return reduce(lambda best, value: coalesce(coalesce(larger(best, value), best), value), values)


def count_present(*values: Expression) -> Expression:
    """How many of the values are there; never missing."""
    return reduce(lambda count, value: count + value, (as_number(~is_missing(value)) for value in values))


def is_missing(value: Expression) -> Expression:
    """Whether there is no value; never missing itself."""
    return Expression("is_missing", value.level, ValueKind.FLAG, (value,))


def is_sentinel(column: Expression) -> Expression:
    """Whether the raw column holds one of its sentinels (365243, XNA): the flag beside the missing value."""
    if column.op != "column":
        raise FeatureError("is_sentinel takes a raw column")
    if not table_schema(column.level.table).column(column.name).sentinels:
        raise FeatureError(f"{column.level.table}.{column.name} has no sentinel: see its schema")
    return replace(column, op="is_sentinel", kind=ValueKind.FLAG, categories=())


def when(condition: Expression, then: Operand, otherwise: Operand | None = None) -> Expression:
    """`then` where the condition is true, `otherwise` where it is false or missing; missing if not given."""
    require_kind(condition, ValueKind.FLAG, "when")
    branches = (_lift(then),) if otherwise is None else (_lift(then), _lift(otherwise))
    for branch in branches:
        require_kind(branch, ValueKind.NUMBER, "when")
    parts = (condition, *branches)
    return Expression("when", common_level("when", parts), of=parts)


def as_number(condition: Expression) -> Expression:
    """1 for true, 0 for false."""
    require_kind(condition, ValueKind.FLAG, "as_number")
    return Expression("as_number", condition.level, of=(condition,))


def within(column: Expression, *, last: float) -> Expression:
    """Rows dated at most `last` units (days or months, as the column) before the application, and not after it."""
    return (column >= -last) & (column <= 0)


def _numeric(op: str, *operands: Operand) -> Expression:
    parts = tuple(_lift(operand) for operand in operands)
    for part in parts:
        require_kind(part, ValueKind.NUMBER, op)
    return Expression(op, common_level(op, parts), of=parts)


def _comparison(op: str, *operands: Operand) -> Expression:
    return replace(_numeric(op, *operands), kind=ValueKind.FLAG)


def _logical(op: str, *operands: Expression) -> Expression:
    for operand in operands:
        require_kind(operand, ValueKind.FLAG, op)
    return Expression(op, common_level(op, operands), ValueKind.FLAG, operands)


def _equal(left: Expression, right: object) -> Expression:
    if isinstance(right, str):
        return left.is_in(right)
    if not isinstance(right, Expression | float | int):
        raise FeatureError("compare with a number, a category or another expression")
    if isinstance(right, Expression) and ValueKind.CATEGORY in (left.kind, right.kind):
        require_kind(left, ValueKind.CATEGORY, "==")
        require_kind(right, ValueKind.CATEGORY, "==")
        parts = (left, right)
        return Expression("same_category", common_level("==", parts), ValueKind.FLAG, parts)
    return _comparison("equal", left, right)


def _lift(operand: Operand) -> Expression:
    return operand if isinstance(operand, Expression) else number(operand)


def require_kind(expression: Expression, kind: ValueKind, where: str) -> None:
    """Raise FeatureError if an expression is not of the kind that `where` takes."""
    if expression.kind is not kind:
        raise FeatureError(f"{where} takes a {kind.value}")


def common_level(where: str, parts: Iterable[Expression]) -> Level:
    """The finest level of the parts: constants and the client's values are the same in each of its rows."""
    levels = {part.level for part in parts}
    rows = [level for level in levels if level.is_row]
    if len(rows) > 1:
        mixed = " with one value per ".join(sorted(describe_level(level) for level in rows))
        raise FeatureError(f"{where} mixes one value per {mixed}: aggregate one of them, or look it up")
    if rows:
        return rows[0]
    return CLIENT_LEVEL if CLIENT_LEVEL in levels else CONSTANT


def describe_level(level: Level) -> str:
    """Name what a level has one value of."""
    if level.per:
        return f"{' and '.join(level.keys)} of {level.table}"
    return f"row of {level.table}" if level.is_row else "application"

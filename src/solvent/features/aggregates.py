"""Statistics of the feature language: over a client's rows, or over the rows of each loan and then over its loans."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from solvent.errors import FeatureError
from solvent.features.language import (
    Expression,
    Table,
    common_level,
    describe_level,
    is_missing,
    ratio,
    require_kind,
    table,
    when,
)
from solvent.features.program import CLIENT, CLIENT_LEVEL, Level, ValueKind
from solvent.tables.schemas import ColumnKind, table_schema


@dataclass(frozen=True)
class Groups:
    """The loans (or other groups) of one client in one table: aggregate rows per group, then groups per client."""

    source: Table
    key: str
    each: str = ""

    @property
    def level(self) -> Level:
        """One value per group."""
        return Level(self.source.name, f"{self.key}+{self.each}" if self.each else self.key)

    def value(self, aggregate: Expression) -> Expression:
        """Turn a statistic over the table's rows into one value per group.

        Raises:
            FeatureError: it is not a statistic over the rows of this table.
        """
        if aggregate.op != "aggregate" or aggregate.of[0].level != self.source.level:
            keys = " and ".join(self.level.keys)
            raise FeatureError(f"a value per {keys} is a statistic over the rows of {self.source.name}")
        return replace(aggregate, level=self.level, groups=self.partition)

    @property
    def partition(self) -> Expression:
        """The assignment of rows to groups."""
        return Expression("groups", self.level, of=tuple(map(self.source.column, self.level.keys)))

    @property
    def one_each(self) -> Expression:
        """1 for every group."""
        return Expression("row", self.level, of=(self.partition,))


def grouped(source: Table, *, by: str, each: str = "") -> Groups:
    """Group a table's rows within each client into loans, by SK_ID_PREV or SK_ID_BUREAU.

    With `each`, a loan's rows are grouped further by a number that they have, such as that of the instalment. Rows
    without one of the two belong to no group.

    Raises:
        FeatureError: the first column is not the key of a loan, or the second is no number.
    """
    if table_schema(source.name).column(by).kind is not ColumnKind.KEY or by == CLIENT:
        raise FeatureError(f"{source.name}.{by} is not the key of a loan: group by SK_ID_PREV or SK_ID_BUREAU")
    if each:
        require_kind(source.column(each), ValueKind.NUMBER, "each")
    return Groups(source, by, each)


def lookup(value: Expression, *, into: Table) -> Expression:
    """For each row of a table, the value of the group with the same key; missing if it has none."""
    if len(value.level.keys) != 1:
        raise FeatureError("lookup takes a value per loan: see grouped and Groups.value")
    table_schema(into.name).column(value.level.per)
    partition = Groups(table(value.level.table), value.level.per).partition
    parts = (value, partition, into.column(value.level.per))
    return Expression("lookup", into.level, value.kind, parts, categories=value.categories)


def count(rows: Table | Groups, *, where: Expression | None = None) -> Expression:
    """Number of rows (or groups) that pass the filter."""
    return _aggregate("count", rows.one_each, where=where)


def share(
    condition: Expression, *, where: Expression | None = None, last: int = 0, by: Expression | None = None
) -> Expression:
    """Rows that meet the condition, over rows that pass the filter."""
    return _aggregate("share", condition, where=where, last=last, by=by)


def total(
    value: Expression, *, where: Expression | None = None, last: int = 0, by: Expression | None = None
) -> Expression:
    """Sum of the values that are there."""
    return _aggregate("sum", value, where=where, last=last, by=by)


def mean(
    value: Expression, *, where: Expression | None = None, last: int = 0, by: Expression | None = None
) -> Expression:
    """Mean of the values that are there."""
    return _aggregate("mean", value, where=where, last=last, by=by)


def minimum(
    value: Expression, *, where: Expression | None = None, last: int = 0, by: Expression | None = None
) -> Expression:
    """Smallest value."""
    return _aggregate("min", value, where=where, last=last, by=by)


def maximum(
    value: Expression, *, where: Expression | None = None, last: int = 0, by: Expression | None = None
) -> Expression:
    """Largest value."""
    return _aggregate("max", value, where=where, last=last, by=by)


def deviation(
    value: Expression, *, where: Expression | None = None, last: int = 0, by: Expression | None = None
) -> Expression:
    """Standard deviation of the sample; missing under two values, exactly 0 if all are equal."""
    return _aggregate("std", value, where=where, last=last, by=by)


def quantile(value: Expression, part: float, *, where: Expression | None = None) -> Expression:
    """The value below which this part of the values lies, on the straight line between its two neighbours.

    Definition 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages" (1996), as numpy and SQL have it.

    Raises:
        FeatureError: the part is not between 0 and 1.
    """
    if not 0.0 <= part <= 1.0:
        raise FeatureError("quantile takes a part between 0 and 1")
    return replace(_aggregate("quantile", value, where=where), number=float(part))


def median(value: Expression, *, where: Expression | None = None) -> Expression:
    """The middle value, or the mean of the two in the middle."""
    return quantile(value, 0.5, where=where)


def quartile_range(value: Expression, *, where: Expression | None = None) -> Expression:
    """Width of the middle half of the values."""
    return quantile(value, 0.75, where=where) - quantile(value, 0.25, where=where)


def kurtosis(value: Expression, *, where: Expression | None = None) -> Expression:
    """Fourth central moment over the square of the second (Pearson): 3 for a normal distribution, large for outliers.

    Missing if all values are equal.
    """
    return _aggregate("kurtosis", value, where=where)


def longest_run(number: Expression, *, where: Expression | None = None) -> Expression:
    """Length of the longest run of numbers that pass the filter and follow each other by 1; 0 if none passes."""
    return _aggregate("longest_run", number, where=where)


def run_count(number: Expression, *, where: Expression | None = None) -> Expression:
    """How many runs there are: a gap of any length between the numbers that pass the filter begins another one."""
    return _aggregate("run_count", number, where=where)


def distinct(value: Expression, *, where: Expression | None = None) -> Expression:
    """Number of different values; missing if there is none."""
    return _aggregate("distinct", value, where=where)


def slope(
    value: Expression, *, over: Expression, where: Expression | None = None, last: int = 0, by: Expression | None = None
) -> Expression:
    """Slope of the least-squares line of the value over another; missing if that one does not vary."""
    return _aggregate("slope", value, over, where=where, last=last, by=by)


def latest(value: Expression, *, by: Expression, where: Expression | None = None) -> Expression:
    """The value in the row with the largest `by` among those that pass the filter; missing if it is missing there."""
    return _aggregate("latest", value, where=where, last=1, by=by)


def earliest(value: Expression, *, by: Expression, where: Expression | None = None) -> Expression:
    """The value in the row with the smallest `by` among those that pass the filter; missing if it is missing there."""
    return latest(value, by=-by, where=where)


def weighted_mean(value: Expression, weight: Expression, *, where: Expression | None = None) -> Expression:
    """Mean of the values that are there, each counted by its weight; missing if the weights add up to 0."""
    return ratio(
        total(value * weight, where=where), total(when(~is_missing(value * weight), weight * 1.0), where=where)
    )


def before(value: Expression, *, by: Expression, within_loan: Groups | None = None) -> Expression:
    """For each row the value in the client's row just before it in the order `by`, or in the loan's; missing if none.

    Rows without `by` are in no order: they have nothing before them and come before nothing.
    """
    require_kind(value, ValueKind.NUMBER, "before")
    require_kind(by, ValueKind.NUMBER, "before")
    level = common_level("before", (value, by))
    if not level.is_row or not by.level.is_row or not value.level.is_row:
        raise FeatureError("before needs a value and an order that differ from row to row")
    if within_loan is not None and (level != within_loan.source.level or within_loan.each):
        raise FeatureError(f"before within a loan is taken over the rows of {within_loan.source.name}, loan by loan")
    partition = None if within_loan is None else within_loan.partition
    return Expression("before", level, of=(value,), by=(by, *_tie_breakers(level)), groups=partition)


def _aggregate(
    statistic: str, *values: Expression, where: Expression | None, last: int = 0, by: Expression | None = None
) -> Expression:
    if (last > 0) != (by is not None):
        raise FeatureError(
            f"{statistic}: the last rows need an order, and an order the number of rows: last=3, by=column"
        )
    order = () if by is None else (by, *_tie_breakers(by.level))
    parts = (*values, *order, *(() if where is None else (where,)))
    level = common_level(statistic, parts)
    if not level.is_row:
        raise FeatureError(f"{statistic} is taken over rows of a history table, not over the {describe_level(level)}")
    kind = ValueKind.CATEGORY if statistic == "latest" and values[0].kind is ValueKind.CATEGORY else ValueKind.NUMBER
    _check_operands(statistic, values)
    if where is not None:
        _check_condition("where", where, ValueKind.FLAG)
    if by is not None:
        _check_condition("by", by, ValueKind.NUMBER)
    return Expression(
        "aggregate", CLIENT_LEVEL, kind, values, values[0].name, statistic=statistic, where=where, by=order, last=last,
        categories=values[0].categories if kind is ValueKind.CATEGORY else (),
    )  # fmt: skip


def _check_condition(name: str, condition: Expression, kind: ValueKind) -> None:
    require_kind(condition, kind, name)
    if not condition.level.is_row:
        raise FeatureError(f"{name} needs a value that differs from row to row; use when() around the statistic")


def _check_operands(statistic: str, values: Iterable[Expression]) -> None:
    allowed = {
        "share": (ValueKind.FLAG,),
        "latest": (ValueKind.NUMBER, ValueKind.CATEGORY),
        "distinct": (ValueKind.NUMBER, ValueKind.CATEGORY),
    }.get(statistic, (ValueKind.NUMBER,))
    for value in values:
        if value.kind not in allowed:
            raise FeatureError(f"{statistic} does not take a {value.kind.value}")
        if not value.level.is_row:
            raise FeatureError(f"{statistic} needs a value that differs from row to row")


def _tie_breakers(level: Level) -> tuple[Expression, ...]:
    if not level.per:
        return Table(level.table).keys() if level.is_row else ()
    groups = Groups(Table(level.table), *level.keys)
    return tuple(groups.value(maximum(groups.source.column(key))) for key in level.keys)

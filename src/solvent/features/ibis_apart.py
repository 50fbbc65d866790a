"""Statistics that SQL has no sound aggregate for: each a relation of its own, joined to that of the others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import ibis

Relation = Any
"""An ibis table expression; ibis ships no types that mypy could check."""


@dataclass(frozen=True, slots=True)
class _Apart:
    """How rows are made ready (statistics that share it share the work), what is taken of them, and of no rows."""

    prepare: Callable[[Relation, list[str]], Relation]
    take: Callable[[Relation], Any]
    nothing: float | None = None


def join_apart(found: Relation, values: Relation, by: list[str], wanted: Mapping[str, str]) -> Relation:
    """Add statistics of the column `value` to a relation with one row for each group of the columns `by`.

    Args:
        found: the relation of the other statistics.
        values: `by` and `value` of the rows that count, none of the values missing.
        by: what tells the groups apart.
        wanted: a statistic by the name of its column.
    """
    for prepare in dict.fromkeys(APART[statistic].prepare for statistic in wanted.values()):
        rows = prepare(values, by)
        own = {name: APART[statistic] for name, statistic in wanted.items() if APART[statistic].prepare is prepare}
        taken = rows.group_by(by).aggregate(**{name: one.take(rows).cast("float64") for name, one in own.items()})
        found = _left_join(found, taken, by)
        filled = {name: found[name].fill_null(one.nothing) for name, one in own.items() if one.nothing is not None}
        found = found.mutate(**filled)
    return found


def _left_join(found: Relation, other: Relation, by: list[str]) -> Relation:
    other = other.rename({f"joined_{key}": key for key in by})
    same = [found[key] == other[f"joined_{key}"] for key in by]
    return found.left_join(other, same).drop(*(f"joined_{key}" for key in by))


def _runs(values: Relation, by: list[str]) -> Relation:
    """One row for each run; numbers that follow each other by 1 are equally far from their places in the order."""
    different = values.distinct()
    place = ibis.row_number().over(ibis.window(group_by=by, order_by=different.value))
    placed = different.mutate(start=different.value - place.cast("float64"))
    return placed.group_by([*by, "start"]).aggregate(length=placed.count())


def _squares(values: Relation, by: list[str]) -> Relation:
    """Squared distances to the mean of the group, of groups whose values are not all the same."""
    centres = values.group_by(by).aggregate(
        centre=values.value.mean(), smallest=values.value.min(), largest=values.value.max()
    )
    centred = values.inner_join(centres.filter(centres.smallest < centres.largest), by)
    distance = centred.value - centred.centre
    return centred.select(*by, square=distance * distance)


def _kurtosis(rows: Relation) -> Any:  # noqa: ANN401 - an ibis column
    second, fourth = rows.square.sum(), (rows.square * rows.square).sum()
    return rows.count().cast("float64") * fourth / (second * second).nullif(0.0)


APART: Mapping[str, _Apart] = MappingProxyType(
    {
        "longest_run": _Apart(_runs, lambda runs: runs.length.max(), 0.0),
        "run_count": _Apart(_runs, lambda runs: runs.count(), 0.0),
        "kurtosis": _Apart(_squares, _kurtosis),
    }
)
"""Statistics by their name in the language. Engines have a kurtosis of their own, by several formulas."""

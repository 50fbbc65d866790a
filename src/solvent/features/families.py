"""Families of features: the same statistics of the same quantities over several parts of a table's rows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from solvent.features.aggregates import deviation, maximum, mean, minimum, share, total
from solvent.features.language import Declaration, Expression, feature


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value per row, or a condition for `share`: its name in a feature's name, its unit, and what it is in words."""

    name: str
    value: Expression
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a table's rows: the end of a feature's name, the filter, and which rows they are in words."""

    name: str
    where: Expression | None
    meaning: str


STATISTICS: Mapping[str, tuple[Callable[..., Expression], str]] = MappingProxyType(
    {
        "sum": (total, "sum of"),
        "mean": (mean, "mean of"),
        "min": (minimum, "smallest"),
        "max": (maximum, "largest"),
        "std": (deviation, "spread of"),
        "share": (share, "share with"),
    }
)
"""Statistics by their word in a feature's name, each with how it begins the feature's meaning."""


def declare_family(
    source: str, quantities: Iterable[tuple[Quantity, str]], parts: Iterable[Part], *, reason: str
) -> tuple[Declaration, ...]:
    """Declare source_quantity_statistic_part for each part, quantity and statistic.

    Args:
        source: how the names begin.
        quantities: each with the words of its statistics, separated by spaces.
        parts: each gives every one of them.
        reason: the code of the reason that all of them speak for.
    """
    pairs = tuple(quantities)
    return tuple(
        _declare(source, quantity, statistic, part, reason)
        for part in parts
        for quantity, statistics in pairs
        for statistic in statistics.split()
    )


def _declare(source: str, quantity: Quantity, statistic: str, part: Part, reason: str) -> Declaration:
    take, words = STATISTICS[statistic]
    return feature(
        "_".join(filter(None, (source, quantity.name, statistic, part.name))),
        take(quantity.value, where=part.where),
        unit=quantity.unit,
        meaning=f"{words} {quantity.meaning}, {part.meaning}",
        reason=reason,
    )

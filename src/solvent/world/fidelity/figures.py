"""A comparison of one published number with a world, and the figure that many of them make against a goal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvent.world.drawing.marginals import Coded, Column, Floats
from solvent.world.fidelity.distances import MEAN_OF_HALF_NORMAL, MEAN_OF_KOLMOGOROV, kolmogorov_distance, share_of

DISTANCE_GOAL, MISSING_GOAL, TARGET_GOAL, CORRELATION_GOAL, RELATION_GOAL = 0.02, 0.01, 0.01, 0.03, 0.02
WORST_SHOWN = 8
FEWEST_REAL_ROWS = 200
"""A share or distribution that was measured on fewer real rows is not judged: two points are within its noise."""


@dataclass(frozen=True)
class Comparison:
    """How far a world is from one published number; `noise` is what sampling on both sides shows on average.

    `world` and `published` are None for a distance between distributions. What was measured on fewer than
    `FEWEST_REAL_ROWS` is not judged: a figure counts it among those left out.
    """

    name: str
    difference: float
    noise: float
    world: float | None = None
    published: float | None = None
    is_judged: bool = True


@dataclass(frozen=True)
class Figure:
    """A line of the report: the largest or the mean difference of its comparisons, worst first.

    `noise` is that of the worst comparison for a largest difference, the mean one for a mean. `left_out` counts the
    groups of rows that were too small to judge.
    """

    name: str
    value: float
    goal: float
    noise: float
    compared: int
    worst: tuple[Comparison, ...]
    left_out: int = 0

    @property
    def is_met(self) -> bool:
        """Whether the value is at most the goal."""
        return bool(self.value <= self.goal)


def largest(name: str, comparisons: Sequence[Comparison], goal: float) -> Figure | None:
    """Return the figure of the largest difference; None without comparisons."""
    ordered = _ordered(comparisons)
    if not ordered:
        return None
    worst, left_out = ordered[:WORST_SHOWN], len(comparisons) - len(ordered)
    return Figure(name, worst[0].difference, goal, worst[0].noise, len(ordered), worst, left_out)


def mean(name: str, comparisons: Sequence[Comparison], goal: float) -> Figure | None:
    """Return the figure of the mean difference; None without comparisons."""
    ordered = _ordered(comparisons)
    if not ordered:
        return None
    value, noise = (float(np.mean([getattr(one, part) for one in ordered])) for part in ("difference", "noise"))
    return Figure(name, value, goal, noise, len(ordered), ordered[:WORST_SHOWN], len(comparisons) - len(ordered))


def _ordered(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    judged = (one for one in comparisons if one.is_judged)
    return tuple(sorted(judged, key=lambda one: (-one.difference, one.name)))


def compare_share(name: str, world: float, published: float, rows: tuple[float, float]) -> Comparison:
    """Compare a share; `rows` are the (effective) rows of the world and of the published sample."""
    spread = np.sqrt(max(published * (1 - published), 0.0) * (1 / max(rows[0], 1) + 1 / max(rows[1], 1)))
    return Comparison(name, abs(world - published), float(MEAN_OF_HALF_NORMAL * spread), world, published)


def too_few_rows(name: str) -> Comparison:
    """Return what stands for a group that is not judged."""
    return Comparison(name, 0.0, 0.0, is_judged=False)


@dataclass(frozen=True)
class Sample:
    """What published figures of a table rest on: levels of the quantiles, real rows, and the share `independent`.

    Rows of one client resemble one another, so only that share of them counts as independent, here and in a world.
    """

    levels: Floats
    rows: float
    independent: float = 1.0

    def known(self, world_rows: float, share: float) -> tuple[float, float]:
        """Return the independent rows of a world and of the real sample, if `share` of the real ones count."""
        return world_rows * self.independent, self.rows * share * self.independent


@dataclass(frozen=True)
class ColumnComparisons:
    """Comparisons of columns by kind: distances, total variations, exact values, missing shares."""

    distances: list[Comparison]
    variations: list[Comparison]
    exact_values: list[Comparison]
    missing: list[Comparison]

    def figures(self, what: str) -> list[Figure]:
        """Return the figures of these columns against the goals of distances and missing shares."""
        made = (
            largest(f"{what}: KS distance of numeric columns", self.distances, DISTANCE_GOAL),
            largest(f"{what}: share of an exact value", self.exact_values, DISTANCE_GOAL),
            largest(f"{what}: total variation of categories", self.variations, DISTANCE_GOAL),
            largest(f"{what}: missing share", self.missing, MISSING_GOAL),
        )
        return [figure for figure in made if figure is not None]


def no_comparisons() -> ColumnComparisons:
    """Return an empty collection to fill."""
    return ColumnComparisons([], [], [], [])


def compare_column(
    into: ColumnComparisons, name: str, column: Column, *, published: Mapping[str, Any], sample: Sample
) -> None:
    """Compare one column with its entry of `measured.json` and add the results to `into`."""
    missing, shown = _missing_and_shown(column)
    share = float(np.mean(missing))
    into.missing.append(compare_share(name, share, published["missing"], sample.known(missing.size, 1.0)))
    there = 1 - published["missing"]
    if not shown.size or there * sample.rows < FEWEST_REAL_ROWS:
        return
    rows = sample.known(shown.size, there)
    if "shares" in published:
        into.variations.append(_total_variation(name, column, shown, published=published["shares"], rows=rows))
        return
    distance = kolmogorov_distance(shown, sample.levels, np.asarray(published["quantiles"], dtype=np.float64))
    noise = MEAN_OF_KOLMOGOROV * np.sqrt(1 / rows[0] + 1 / rows[1])
    into.distances.append(Comparison(name, distance, float(noise)))
    for value, wanted in published.get("spikes", {}).items():
        into.exact_values.append(compare_share(f"{name} = {value}", share_of(shown, float(value)), wanted, rows))


def _missing_and_shown(column: Column) -> tuple[Floats, Floats]:
    if isinstance(column, Coded):
        missing = column.codes < 0
        return missing.astype(np.float64), column.codes[~missing].astype(np.float64)
    values = np.asarray(column, dtype=np.float64)
    return np.isnan(values).astype(np.float64), values[~np.isnan(values)]


def _total_variation(
    name: str, column: Column, shown: Floats, *, published: Mapping[str, float], rows: tuple[float, float]
) -> Comparison:
    if isinstance(column, Coded):
        counts = np.bincount(shown.astype(np.int64), minlength=len(column.labels)) / shown.size
        world = dict(zip(column.labels, counts.tolist(), strict=True))
        wanted = dict(published)
    else:
        values, counted = np.unique(shown, return_counts=True)
        world = dict(zip((str(value) for value in values), (counted / shown.size).tolist(), strict=True))
        wanted = {str(float(value)): share for value, share in published.items()}
    names = world.keys() | wanted.keys()
    parts = [compare_share("", world.get(at, 0.0), wanted.get(at, 0.0), rows) for at in names]
    return Comparison(name, sum(one.difference for one in parts) / 2, sum(one.noise for one in parts) / 2)

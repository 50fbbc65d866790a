"""Correlations of normal scores in a world, computed as the published ones were, and their distance from those."""

from collections.abc import Mapping, Sequence

import numpy as np

from solvent.world.drawing.marginals import Coded, Column, Floats
from solvent.world.drawing.sentinels import MISSING
from solvent.world.fidelity.distances import (
    MEAN_OF_HALF_NORMAL,
    normal_scores,
    pairwise_correlations,
    share_between_groups,
)
from solvent.world.fidelity.figures import Comparison
from solvent.world.fidelity.measured import Correlations

TARGET = "TARGET"
STRONGEST = 40
FEWEST_PAIRS = 200
"""A correlation over fewer pairs was not published, and is not compared."""


def ordered_by_default_rate(column: Coded, rates: Mapping[str, float], overall: float) -> Floats:
    """Return a text column as the published rank of its category, float64 (n,); unrated ones take the overall rate."""
    rate = np.array([rates.get(label, overall) for label in column.labels] or [overall])
    names = np.array([*column.labels] or [""])
    rank = np.empty(names.size)
    rank[np.lexsort((names, rate))] = np.arange(names.size)
    return np.where(column.codes < 0, np.nan, rank[column.codes])


def scores_of(columns: Mapping[str, Column], names: Sequence[str], rates: Mapping[str, Mapping[str, float]]) -> Floats:
    """Return normal scores (n, k) in the order of `names`; NAME__missing is the missing flag of NAME.

    `rates` has the default rates of the categories of text columns, and under "" the overall one.
    """
    overall = rates[""]["all"]
    scores = []
    for name in names:
        column = columns[name.removesuffix(MISSING)]
        plain = (
            ordered_by_default_rate(column, rates.get(name.removesuffix(MISSING), {}), overall)
            if isinstance(column, Coded)
            else np.asarray(column, dtype=np.float64)
        )
        scores.append(normal_scores(np.isnan(plain).astype(np.float64) if name.endswith(MISSING) else plain))
    return np.column_stack(scores)


def compare_correlations(
    scores: Floats, names: Sequence[str], published: Correlations, *, independent: float = 1.0
) -> list[Comparison]:
    """Compare every published pair of `names` with its correlation in the scores (n, k).

    `independent` is the share of the rows that count as such, where rows come in groups of one client.
    """
    at = [published.names.index(name) for name in names]
    values, pairs = pairwise_correlations(scores)
    compared = []
    for row, name in enumerate(names):
        for column in range(row):
            real, made = published.values[at[row], at[column]], values[row, column]
            if np.isnan(real) or np.isnan(made) or pairs[row, column] < FEWEST_PAIRS:
                continue
            sample = min(published.rows[at[row]], published.rows[at[column]])
            noise = MEAN_OF_HALF_NORMAL * (1 - real**2) * np.sqrt((1 / pairs[row, column] + 1 / sample) / independent)
            compared.append(Comparison(f"{name} x {names[column]}", abs(made - real), float(noise), made, real))
    return compared


def with_target(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Keep the pairs with TARGET."""
    return [one for one in comparisons if TARGET in one.name.split(" x ")]


def among(comparisons: Sequence[Comparison], names: Sequence[str]) -> list[Comparison]:
    """Keep the pairs of which both are in `names`."""
    kept = set(names)
    return [one for one in comparisons if set(one.name.split(" x ")) <= kept]


def strongest(published: Correlations, candidates: Sequence[str]) -> list[str]:
    """Return the `STRONGEST` of the candidates by the size of their published correlation with TARGET."""
    target = published.values[published.names.index(TARGET)]
    size = {name: abs(float(np.nan_to_num(target[published.names.index(name)]))) for name in candidates}
    return sorted((name for name in candidates if name != TARGET), key=lambda name: (-size[name], name))[:STRONGEST]


def compare_between_clients(
    scores: Floats, names: Sequence[str], published: Mapping[str, float | None], owner: Floats
) -> list[Comparison]:
    """Compare the share of variance between clients of each column of the scores (n, k); no noise is known of it."""
    compared = []
    for at, name in enumerate(names):
        real = published.get(name)
        made = share_between_groups(scores[:, at], owner)
        if real is not None and not np.isnan(made):
            compared.append(Comparison(name, abs(made - real), 0.0, made, real))
    return compared

"""Distances between columns of a world and published statistics, and the normal scores that correlations rest on."""

import math

import numpy as np

from solvent.world.drawing.marginals import Floats
from solvent.world.drawing.normal import normal_quantile

ROUNDING = 6e-6
"""Published values have six significant digits: a raw value this close to one of them, relatively, equals it."""

MEAN_OF_HALF_NORMAL = math.sqrt(2 / math.pi)
MEAN_OF_KOLMOGOROV = 0.8687
"""Mean of sqrt(n) times the Kolmogorov statistic of n draws, sqrt(pi / 2) ln 2. Source: Marsaglia, Tsang and Wang,
Evaluating Kolmogorov's distribution, J. Stat. Softw. 8 (2003)."""


def kolmogorov_distance(values: Floats, levels: Floats, quantiles: Floats) -> float:
    """Return the largest distance between the distribution of `values` (n,) and published quantiles, 0 to 1.

    At a quantile x of level p a distribution function jumps from at most p to at least p; the distance is what the
    values miss of that, so a quantile inside a tie asks for no more than is known.
    """
    ordered = np.sort(values)
    slack = ROUNDING * np.abs(quantiles)
    above = np.searchsorted(ordered, quantiles + slack, side="right") / ordered.size
    below = np.searchsorted(ordered, quantiles - slack, side="left") / ordered.size
    return float(max(np.max(levels - above), np.max(below - levels), 0.0))


def share_of(values: Floats, value: float) -> float:
    """Return the share of `values` (n,) that equal a published value up to its rounding."""
    return float(np.mean(np.abs(values - value) <= ROUNDING * abs(value)))


def normal_scores(values: Floats) -> Floats:
    """Return the standard normal quantiles of mid-ranks, float64 (n,); ties share a score, NaN stays NaN."""
    scores = np.full(values.shape[0], np.nan)
    shown = ~np.isnan(values)
    size = int(shown.sum())
    if size:
        _, where, counts = np.unique(values[shown], return_inverse=True, return_counts=True)
        middle = (np.cumsum(counts) - counts / 2) / size
        scores[shown] = normal_quantile(middle)[where]
    return scores


def pairwise_correlations(scores: Floats) -> tuple[Floats, Floats]:
    """Return Pearson correlations (k, k) of the columns of scores (n, k) over complete pairs, and the pairs' counts.

    NaN where a column does not vary among the pairs.
    """
    shown = ~np.isnan(scores)
    filled, weight = np.where(shown, scores, 0.0), shown.astype(np.float64)
    pairs = weight.T @ weight
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (filled.T @ weight) / pairs
        variance = (filled**2).T @ weight / pairs - mean**2
        variance[variance < 1e-12] = np.nan
        covariance = filled.T @ filled / pairs - mean * mean.T
        return covariance / np.sqrt(variance * variance.T), pairs


def share_between_groups(values: Floats, groups: Floats) -> float:
    """Return the share of the variance of `values` (n,) that lies between groups: the one-way intraclass correlation.

    Source: analysis of variance estimator with the mean size of unequal groups, Donner, Int. Stat. Rev. 54 (1986).
    """
    shown = ~np.isnan(values)
    _, group, counts = np.unique(groups[shown], return_inverse=True, return_counts=True)
    kept = values[shown]
    if counts.size < 2 or kept.size == counts.size:
        return math.nan
    means = np.bincount(group, weights=kept) / counts
    between = float(np.sum(counts * (means - kept.mean()) ** 2)) / (counts.size - 1)
    within = float(np.sum((kept - means[group]) ** 2)) / (kept.size - counts.size)
    size = (kept.size - float(np.sum(counts**2)) / kept.size) / (counts.size - 1)
    total = between + (size - 1) * within
    return (between - within) / total if total > 0 else math.nan

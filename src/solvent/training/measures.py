"""Statistics of predictions, for many weightings of the rows at once: one for the rows, the others for resamples."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS = 10
_RESAMPLES_AT_ONCE = 25


@dataclass(frozen=True)
class ScoredOutcomes:
    """Score, probability of default and outcome (1.0 for a default, 0.0 for none) of rows, each of shape (rows,)."""

    scores: Floats
    probabilities: Floats
    defaulted: Floats

    def __len__(self) -> int:
        return len(self.defaulted)


def log_losses(probabilities: Floats, defaulted: Floats) -> Floats:
    """Negative logarithm of the probability given to what happened, per row."""
    losses: Floats = -np.log(np.where(defaulted > 0, probabilities, 1 - probabilities))
    return losses


def bin_by_mass(probabilities: Floats) -> npt.NDArray[np.intp]:
    """Number the bin of each row: bins between deciles, so of equal mass but for rows of equal probability."""
    deciles = np.quantile(probabilities, np.arange(1, BINS) / BINS, method="inverted_cdf")
    return np.searchsorted(np.unique(deciles), probabilities)


def draw_weights(rows: int, *, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield weightings in blocks of shape (some, rows): first every row once, then bootstrap samples as counts."""
    generator = np.random.default_rng(seed)
    yield np.ones((1, rows))
    for start in range(0, resamples, _RESAMPLES_AT_ONCE):
        drawn = range(min(_RESAMPLES_AT_ONCE, resamples - start))
        yield np.array([np.bincount(generator.integers(rows, size=rows), minlength=rows) for _ in drawn], np.float64)


def measure_auc(outcomes: ScoredOutcomes, weights: Floats) -> Floats:
    """Area under the ROC curve of the scores, per weighting: the chance that a default outscores a good payer.

    Equal scores count a half (Mann-Whitney). NaN where a weighting leaves a class empty.
    """
    order = np.argsort(outcomes.scores, kind="stable")
    starts = np.flatnonzero(np.diff(outcomes.scores[order], prepend=-np.inf))
    bad = np.add.reduceat((weights * outcomes.defaulted)[:, order], starts, axis=1)
    good = np.add.reduceat((weights * (1 - outcomes.defaulted))[:, order], starts, axis=1)
    outscored = np.cumsum(good, axis=1) - good / 2
    return divide((bad * outscored).sum(axis=1), bad.sum(axis=1) * good.sum(axis=1))


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """NaN where the denominator is zero."""
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)

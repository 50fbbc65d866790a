"""A text or count column whose shares depend on a group of clients."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from solvent.world.drawing.exact import settle
from solvent.world.drawing.marginals import Coded, Floats, Integers
from solvent.world.drawing.normal import normal_quantile
from solvent.world.drawing.raking import rake

FEWEST_ROWS, MANY_ROWS = 50, 3000
"""Groups of fewer reference clients than the first get the cuts of a standard normal latent; below the second those of
a normal latent with the group's mean and deviation, whose sampling error is smaller than that of quantiles."""

FARTHEST_CUT = 99.0


@dataclass(frozen=True)
class Grouped:
    """`labels` (c,) in the order of the latent, and the z cuts (g, c - 1) between them in each group."""

    labels: tuple[Any, ...]
    cuts: Floats

    def codes(self, latent: Floats, groups: Integers) -> Integers:
        """Return the position in `labels` of each row, int64 (n,)."""
        return np.asarray(np.sum(latent[:, None] > self.cuts[groups], axis=1), dtype=np.int64)

    def texts(self, latent: Floats, groups: Integers) -> Coded:
        """Return the category of each row."""
        return Coded(self.codes(latent, groups), tuple(str(label) for label in self.labels))

    def numbers(self, latent: Floats, groups: Integers) -> Floats:
        """Return the number of each row, float64 (n,)."""
        return np.asarray(self.labels, dtype=np.float64)[self.codes(latent, groups)]


def fit_grouped(labels: tuple[Any, ...], shares: Floats, latent: Floats, groups: Integers) -> Grouped:
    """Fit the cuts so that `shares` (g, c) hold among the reference rows of each group."""
    cuts = np.empty((shares.shape[0], len(labels) - 1))
    for group, row in enumerate(shares):
        cumulated = np.clip(np.cumsum(row)[:-1] / max(float(row.sum()), 1e-12), 0.0, 1.0)
        rows = latent[groups == group]
        if rows.size >= MANY_ROWS:
            inside = np.quantile(rows, cumulated)
        else:
            mean, deviation = (rows.mean(), rows.std()) if rows.size >= FEWEST_ROWS else (0.0, 1.0)
            inside = mean + deviation * normal_quantile(cumulated)
        cuts[group] = np.where(cumulated < 1e-9, -FARTHEST_CUT, np.where(cumulated > 1 - 1e-9, FARTHEST_CUT, inside))
    return Grouped(labels, settle(cuts))


def raked_shares(seed: Floats, groups: Integers, margin: Floats) -> Floats:
    """Return the shares (g, c) nearest to `seed` with which the reference rows (n,) keep the overall `margin` (c,)."""
    return rake(seed, np.bincount(groups, minlength=seed.shape[0]).astype(np.float64), margin)

"""Raking: shares per group that keep a column's overall distribution."""

import numpy as np

from solvent.world.drawing.exact import settle
from solvent.world.drawing.marginals import Floats

PASSES = 200
SMALLEST = 1e-12


def rake(seed: Floats, weights: Floats, margin: Floats) -> Floats:
    """Return shares (g, c) with rows of sum 1 whose mean over the groups, by `weights` (g,), is `margin` (c,).

    Ratios of `seed` (g, c) are kept as far as the margins allow; what is 0 stays 0. Source: iterative proportional
    fitting, Deming and Stephan, Ann. Math. Statist. 11 (1940).
    """
    weights, margin = weights / max(float(weights.sum()), SMALLEST), margin / max(float(margin.sum()), SMALLEST)
    joint = seed * weights[:, None]
    for _ in range(PASSES):
        joint *= (margin / np.maximum(joint.sum(axis=0), SMALLEST))[None, :]
        joint *= (weights / np.maximum(joint.sum(axis=1), SMALLEST))[:, None]
    total = np.maximum(joint.sum(axis=1, keepdims=True), SMALLEST)
    return settle(joint / total)

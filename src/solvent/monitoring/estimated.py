"""Performance before any outcome is known, from calibrated probabilities alone.

Confidence-based performance estimation, as NannyML defines it (https://nannyml.readthedocs.io, "How it works", chapter
"Estimation of performance of the monitored model"): a client with probability p counts as p of a default and 1 - p of a
good payer. It rests on the probabilities being true: where the true risk moves and no input shows it, the estimate
stays what it was.

The intervals are those within which the realised figure of the same decisions falls in 95 of 100 cases if each outcome
is drawn with its probability: they hold the chance of the outcomes, not the error of the probabilities.

Arrays: `probabilities` float64 and `approved` bool, of shape (rows,).
"""

import numpy as np
import numpy.typing as npt

from solvent.domain.costs import CostMatrix
from solvent.monitoring.figures import Figure, normal_figure

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def estimate_default_rate(probabilities: Floats) -> Figure:
    """Mean probability; its variance is that of a sum of independent Bernoulli draws (Poisson binomial)."""
    variance = _chances(probabilities).sum() / len(probabilities) ** 2
    return normal_figure(float(probabilities.mean()), float(variance), within=(0.0, 1.0))


def estimate_cost(probabilities: Floats, approved: Flags, costs: CostMatrix) -> Figure:
    """Expected mean cost of an application, from the expected confusion matrix, in units of one good payer refused."""
    each = np.where(approved, costs.false_negative * probabilities, costs.false_positive * (1 - probabilities))
    at_stake = np.where(approved, costs.false_negative, costs.false_positive)
    variance = (at_stake**2 * _chances(probabilities)).sum() / len(probabilities) ** 2
    return normal_figure(float(each.mean()), float(variance), within=(0.0, np.inf))


def estimate_auc(probabilities: Floats) -> Figure | None:
    """AUC with every row as p of a default and 1 - p of a good payer: the area under NannyML's expected ROC curve.

    The variance is the first-order one (delta method): AUC = W / (P N), where W counts the pairs in order, P the
    defaults and N the good payers; its derivative by the outcome of a row is (good payers below it - defaults above
    it - AUC (N - P)) / (P N). None where every probability is 0, or every one 1.
    """
    _, groups = np.unique(probabilities, return_inverse=True)
    bad = np.bincount(groups, weights=probabilities)
    good = np.bincount(groups, weights=1 - probabilities)
    pairs = bad.sum() * good.sum()
    if pairs == 0.0:
        return None
    good_below = np.cumsum(good) - good / 2
    bad_above = bad.sum() - np.cumsum(bad) + bad / 2
    area = float((bad * good_below).sum() / pairs)
    slopes = (good_below - bad_above - area * (good.sum() - bad.sum())) / pairs
    variance = (_chances(probabilities) * slopes[groups] ** 2).sum()
    return normal_figure(area, float(variance), within=(0.0, 1.0))


def _chances(probabilities: Floats) -> Floats:
    """Variance of each outcome."""
    return probabilities * (1 - probabilities)

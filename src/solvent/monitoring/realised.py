"""Performance on decisions whose outcome is known.

Arrays: `probabilities` float64, `defaulted` and `approved` bool, each of shape (rows,).
"""

import numpy as np
import numpy.typing as npt
from scipy import special

from solvent.domain.costs import CostMatrix
from solvent.monitoring.figures import Figure, normal_figure
from solvent.statistics.areas import place

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CLIPPED = 1e-6
"""Probabilities are kept this far from 0 and 1 before their log-odds are taken."""

MAX_STEPS = 25


def measure_auc(probabilities: Floats, defaulted: Flags) -> Figure:
    """Chance that a default was given a higher probability than a good payer, with the interval of DeLong.

    Raises:
        ValueError: a class has fewer than two rows.
    """
    placements = place(probabilities, defaulted)
    if placements is None or np.isnan(placements.standard_error):
        raise ValueError("both classes need two rows")
    return normal_figure(placements.area, placements.standard_error**2, within=(0.0, 1.0))


def measure_cost(approved: Flags, defaulted: Flags, costs: CostMatrix) -> Figure:
    """Mean cost of an application, in units of one good payer refused; the interval is that of a mean of many rows."""
    missed, refused = approved & defaulted, ~approved & ~defaulted
    each = costs.false_negative * missed + costs.false_positive * refused
    return normal_figure(float(each.mean()), float(each.var(ddof=1)) / len(each), within=(0.0, np.inf))


def measure_calibration_slope(probabilities: Floats, defaulted: Flags) -> Figure | None:
    """Slope of the log-odds of default on those that were predicted: 1 if they are true, below 1 if they are too bold.

    Cox, Two further applications of a model for binary regression (Biometrika 45, 1958); fitted by Newton's method,
    interval from the information matrix. None where the slope is not determined: one class alone, all probabilities
    equal, or classes that they part without a remainder.
    """
    odds = special.logit(np.clip(probabilities, CLIPPED, 1 - CLIPPED))
    design = np.column_stack([np.ones_like(odds), odds])
    if defaulted.all() or not defaulted.any() or np.ptp(odds) == 0.0:
        return None
    try:
        return _fit_slope(design, defaulted)
    except np.linalg.LinAlgError:
        return None


def _fit_slope(design: Floats, defaulted: Flags) -> Figure | None:
    solution = np.array([0.0, 1.0])
    for _ in range(MAX_STEPS):
        fitted = special.expit(design @ solution)
        information = design.T @ (design * (fitted * (1 - fitted))[:, None])
        step = np.linalg.solve(information, design.T @ (defaulted - fitted))
        solution = solution + step
        if np.abs(step).max() < 1e-10:
            return normal_figure(float(solution[1]), float(np.linalg.inv(information)[1, 1]))
    return None

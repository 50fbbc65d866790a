"""The area under the ROC curve with its interval, and the paired difference of two areas, after DeLong."""

import numpy as np
import numpy.typing as npt

from solvent.statistics.areas import Placements, place
from solvent.training.intervals import UNDEFINED, Estimate, estimate_normal

Floats = npt.NDArray[np.float64]


def measure_auc(scores: Floats, defaulted: Floats) -> Estimate:
    """Chance that a default outscores a good payer, equal scores counting a half.

    Undefined without rows of both classes; with one row in a class there is a figure and no interval.
    """
    return _estimate(place(scores, defaulted > 0), lowest=0.0)


def compare_aucs(first: Floats, second: Floats, defaulted: Floats) -> Estimate:
    """Area of the second scores less that of the first, on the same rows; undefined as in `measure_auc`."""
    one, other = place(first, defaulted > 0), place(second, defaulted > 0)
    return _estimate(None if one is None or other is None else other - one, lowest=-1.0)


def _estimate(placements: Placements | None, *, lowest: float) -> Estimate:
    if placements is None:
        return UNDEFINED
    return estimate_normal(placements.area, placements.standard_error, lowest=lowest, highest=1.0)

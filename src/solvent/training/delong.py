"""The area under the ROC curve with its interval, and the paired difference of two areas, after DeLong.

Source: DeLong, DeLong and Clarke-Pearson 1988, "Comparing the areas under two or more correlated receiver operating
characteristic curves", Biometrics 44(3), equations 3 to 6; the placements are counted on sorted scores (Sun and Xu
2014), so 61,000 rows take some 10 ms.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvent.training.intervals import UNDEFINED, Estimate, estimate_normal

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Placements:
    """Share of the other class that each default outscores, and by which each good payer is outscored; ties half."""

    bad: Floats
    good: Floats


def measure_auc(scores: Floats, defaulted: Floats) -> Estimate:
    """Chance that a default outscores a good payer, equal scores counting a half.

    Undefined without rows of both classes; with one row in a class there is a figure and no interval.
    """
    placements = _place(scores, defaulted)
    if placements is None:
        return UNDEFINED
    value = float(placements.bad.mean())
    return estimate_normal(value, _standard_error(placements.bad, placements.good), lowest=0.0, highest=1.0)


def compare_aucs(first: Floats, second: Floats, defaulted: Floats) -> Estimate:
    """Area of the second scores less that of the first, on the same rows; undefined as in `measure_auc`."""
    one, other = _place(first, defaulted), _place(second, defaulted)
    if one is None or other is None:
        return UNDEFINED
    bad, good = other.bad - one.bad, other.good - one.good
    return estimate_normal(float(bad.mean()), _standard_error(bad, good), lowest=-1.0, highest=1.0)


def _place(scores: Floats, defaulted: Floats) -> _Placements | None:
    bad, good = scores[defaulted > 0], scores[defaulted == 0]
    if not bad.size or not good.size:
        return None
    return _Placements(_share_below(bad, np.sort(good)), 1 - _share_below(good, np.sort(bad)))


def _share_below(scores: Floats, others: Floats) -> Floats:
    below = np.searchsorted(others, scores, side="left")
    up_to = np.searchsorted(others, scores, side="right")
    shares: Floats = (below + up_to) / (2 * len(others))
    return shares


def _standard_error(bad: Floats, good: Floats) -> float:
    if bad.size < 2 or good.size < 2:
        return np.nan
    return float(np.sqrt(bad.var(ddof=1) / bad.size + good.var(ddof=1) / good.size))

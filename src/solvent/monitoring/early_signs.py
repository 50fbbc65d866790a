"""Early signs of default against what decisions of the same probabilities showed before.

The one thing that tells of a rise in true risk that no input shows, months before the outcomes do.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvent.monitoring.figures import Figure
from solvent.statistics.rates import Z_95

BANDS = 5
"""Bands of equal mass of the probability: enough that a shift between good and bad risks is not taken for a rise."""

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SignedDecisions:
    """Probabilities (float64) of decisions, and whether the sign has shown (bool); it has had its time."""

    probabilities: Floats
    has_shown: Flags


def measure_ratio(current: SignedDecisions, reference: SignedDecisions) -> Figure | None:
    """Signs that showed over those expected: the reference's share in each band of probability, times its rows now.

    A standardised ratio as of Breslow and Day (Statistical methods in cancer research II, IARC 1987, chapter 2). The
    interval is that of its logarithm: 1 / observed for the chance of now, and the variance of the expected number for
    that of the reference. None if nothing is expected or observed.
    """
    limits = np.quantile(reference.probabilities, np.arange(1, BANDS) / BANDS)
    then = np.searchsorted(limits, reference.probabilities)
    now = np.searchsorted(limits, current.probabilities)
    rows = np.bincount(then, minlength=BANDS)
    shares = np.bincount(then, weights=reference.has_shown, minlength=BANDS) / np.maximum(rows, 1)
    rows_now = np.bincount(now, minlength=BANDS)
    observed, expected = int(current.has_shown.sum()), float((shares * rows_now).sum())
    if not observed or expected <= 0.0:
        return None
    variance_expected = (rows_now**2 * shares * (1 - shares) / np.maximum(rows, 1)).sum()
    half = Z_95 * float(np.sqrt(1 / observed + variance_expected / expected**2))
    ratio = observed / expected
    return Figure(ratio, ratio * float(np.exp(-half)), ratio * float(np.exp(half)))

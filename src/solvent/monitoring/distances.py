"""How far two samples lie apart, from their counts in the same bins: PSI, Kolmogorov-Smirnov, chi-squared.

Counts are int64 or float64 (bins + 1,), as `bundle.profile.Bins` counts them: missing values last.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special, stats

SMALLEST_SHARE = 1e-3
"""Shares below it are taken for it, so that an empty bin has a finite logarithm and the same one whatever the size of a
sample. Five of the 5,000 rows of a reference: fewer than five expected say little of a share (Cochran, Some methods for
strengthening the common chi-squared tests, Biometrics 10, 1954)."""

Counts = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Distance:
    """A statistic and the probability of one as large or larger if both samples came from one population."""

    statistic: float
    p_value: float


def measure_psi(reference: Counts, current: Counts) -> float:
    """Population stability index beyond what chance alone makes; 0 or more.

    PSI = sum over bins of (q - p) ln(q / p) (Siddiqi, Credit Risk Scorecards, 2006). If nothing changed,
    PSI / (1/n + 1/m) follows chi-squared with bins - 1 degrees of freedom (Yurdakul and Naranjo, Statistical properties
    of the population stability index, Journal of Risk Model Validation 14(4), 2020), so its mean is
    (bins - 1)(1/n + 1/m): 0.01 for ten bins and 1,000 decisions. That mean is taken off, and shares have a floor that
    is the same for all samples, so the figure does not depend on their sizes. Bins at the floor on both sides do not
    count.
    """
    n, m = float(reference.sum()), float(current.sum())
    p, q = np.maximum(reference / n, SMALLEST_SHARE), np.maximum(current / m, SMALLEST_SHARE)
    bins = int((np.maximum(p, q) > SMALLEST_SHARE).sum())
    raw = float(np.sum((q - p) * np.log(q / p)))
    return max(0.0, raw - max(0, bins - 1) * (1 / n + 1 / m))


def measure_kolmogorov_smirnov(reference: Counts, current: Counts) -> Distance:
    """Kolmogorov-Smirnov on the bins of a number, with missing values as the lowest of all.

    The p-value is that of Kolmogorov's limit (Ann. Math. Statist. 12, 1941); binned samples have many ties, so it is on
    the safe side (Conover, Practical Nonparametric Statistics, 1999, section 6.3).
    """
    n, m = float(reference.sum()), float(current.sum())
    first, second = np.roll(reference, 1).cumsum() / n, np.roll(current, 1).cumsum() / m
    statistic = float(np.abs(first - second).max())
    return Distance(statistic, float(special.kolmogorov(statistic * np.sqrt(n * m / (n + m)))))


def measure_chi_squared(reference: Counts, current: Counts) -> Distance:
    """Pearson's chi-squared test that both samples have the same shares; bins that both leave empty do not count."""
    p, q = _used(reference, current)
    both, n, m = p + q, p.sum(), q.sum()
    expected_p, expected_q = both * n / (n + m), both * m / (n + m)
    statistic = float(((p - expected_p) ** 2 / expected_p + (q - expected_q) ** 2 / expected_q).sum())
    return Distance(statistic, float(special.chdtrc(len(p) - 1, statistic)) if len(p) > 1 else 1.0)


def adjust_for_many(p_values: Counts) -> npt.NDArray[np.float64]:
    """Raise p-values so that of all tests called significant at a level no more than that share is false.

    Benjamini and Hochberg, Controlling the false discovery rate, J. R. Statist. Soc. B 57, 1995. If nothing at all
    changed, the level is also the probability of calling any test significant.
    """
    if not len(p_values):
        return np.empty(0)
    return np.asarray(stats.false_discovery_control(p_values, method="bh"), dtype=np.float64)


def _used(reference: Counts, current: Counts) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    used = (reference + current) > 0
    return reference[used].astype(np.float64), current[used].astype(np.float64)

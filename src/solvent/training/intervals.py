"""A figure with its 95 % interval, from resampled rows or from a standard error."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TWO_SIDED_95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


UNDEFINED = Estimate(np.nan, np.nan, np.nan)


def estimate(samples: Floats) -> Estimate:
    """Take the figure from the first sample and the interval from percentiles of the others, the resamples.

    Resamples in which the figure is undefined are left out.
    """
    resampled = samples[1:][~np.isnan(samples[1:])]
    if not resampled.size:
        return Estimate(float(samples[0]), np.nan, np.nan)
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Estimate(float(samples[0]), float(low), float(high))


def estimate_distance(samples: Floats) -> Estimate:
    """As `estimate`, for a figure of zero or more that the noise of resampling can only raise, such as a mean gap.

    The resamples are moved down by their bias: their mean less the figure (Efron and Tibshirani 1993, chapter 10).
    """
    bias = np.nanmean(samples[1:]) - samples[0] if samples.size > 1 else 0.0
    return estimate(np.concatenate([samples[:1], np.maximum(samples[1:] - bias, 0.0)]))


def estimate_normal(value: float, standard_error: float, *, lowest: float, highest: float) -> Estimate:
    """Take the normal interval around a figure, cut at the ends of its range; none without a standard error."""
    if np.isnan(standard_error):
        return Estimate(value, np.nan, np.nan)
    reach = TWO_SIDED_95 * standard_error
    return Estimate(value, max(lowest, value - reach), min(highest, value + reach))

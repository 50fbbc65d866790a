"""The standard normal distribution for thresholds and probabilities, without a statistics library."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

FARTHEST = 4.75
"""Where quantile 0 and 1 are put: one draw in a million lies beyond."""

_STANDARD = NormalDist()


def normal_quantile(probability: ArrayLike) -> NDArray[np.float64]:
    """Return the standard normal quantile of each probability, cut off at `FARTHEST` standard deviations."""
    flat = np.atleast_1d(np.asarray(probability, dtype=np.float64))
    low, high = _STANDARD.cdf(-FARTHEST), _STANDARD.cdf(FARTHEST)
    return np.array([_STANDARD.inv_cdf(value) for value in np.clip(flat, low, high)])


def normal_density(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard normal density at each point."""
    return np.asarray(np.exp(-0.5 * points**2) / math.sqrt(2 * math.pi), dtype=np.float64)


def normal_cdf(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard normal distribution function at each point, shape (n,)."""
    return np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in points], dtype=np.float64)


def interval_means(
    lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean of a standard normal inside each interval (bounds are z values), and the interval's mass."""
    mass = normal_cdf(upper) - normal_cdf(lower)
    return (normal_density(lower) - normal_density(upper)) / np.maximum(mass, 1e-12), mass

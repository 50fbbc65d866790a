"""The expected calibration error, corrected for what the luck of the draw alone makes of it."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvent.training.intervals import Estimate
from solvent.training.measures import bin_by_mass

Floats = npt.NDArray[np.float64]

_GRID = 2_000


@dataclass(frozen=True)
class LuckOfTheDraw:
    """What chance does to the gaps between mean probability and default rate of bins.

    `shares`: of the rows in each bin. `deviations`: standard deviation of each bin's gap, the probabilities being true.
    """

    shares: Floats
    deviations: Floats

    @property
    def floor(self) -> float:
        """The ECE that true probabilities show on average on these bins."""
        return float(self.expect(np.zeros(1))[0])

    def expect(self, gaps: Floats) -> Floats:
        """The mean plain ECE where every bin is off by a gap, for each of these gaps.

        The distance from zero of a normal variable is a folded normal one (Leone, Nelson and Nottingham 1961, "The
        folded normal distribution", Technometrics 3(4), equation 2).
        """
        spread = np.maximum(self.deviations, np.finfo(np.float64).tiny)
        ratio = gaps[:, None] / spread
        folded = spread * math.sqrt(2 / math.pi) * np.exp(-(ratio**2) / 2) + gaps[:, None] * _erf(ratio / math.sqrt(2))
        return np.asarray(folded @ self.shares)

    def correct(self, plain: Floats) -> Floats:
        """The gap of every bin that would show each plain ECE on average; 0 at the floor and below.

        The plain ECE is biased upward (Kumar, Liang and Ma 2019, "Verified uncertainty calibration", section 4; Bröcker
        2012): a mean of distances turns noise into error. Where few bins are far off the correction is too small, never
        too large: it lies between 0 and what the same gaps would need if they were spread evenly.
        """
        gaps = np.linspace(0.0, max(float(plain.max()), np.finfo(np.float64).tiny), _GRID)
        return np.asarray(np.interp(plain, self.expect(gaps), gaps))

    def correct_estimate(self, plain: Estimate) -> Estimate:
        """Correct a figure and the ends of its interval: the correction keeps their order."""
        value, low, high = self.correct(np.array([plain.value, plain.low, plain.high])).tolist()
        return Estimate(value, low, high)


def measure_luck(probabilities: Floats) -> LuckOfTheDraw:
    """Measure what chance does on the bins of these rows, each default being drawn with its probability."""
    bins = bin_by_mass(probabilities)
    rows = np.bincount(bins)
    variances = np.bincount(bins, weights=probabilities * (1 - probabilities)) / np.maximum(rows, 1) ** 2
    return LuckOfTheDraw(rows / len(probabilities), np.sqrt(variances))


def _erf(values: Floats) -> Floats:
    return np.array([math.erf(value) for value in values.ravel().tolist()]).reshape(values.shape)

"""What became of the applications of each risk band."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from solvent.domain.policy import Policy, RiskLevel
from solvent.statistics.rates import wilson_interval
from solvent.training.intervals import Estimate
from solvent.training.measures import ScoredOutcomes


@dataclass(frozen=True, slots=True)
class RiskBand:
    """A band of the probability of default from `begins` on: what was said of its rows, and what happened.

    `default_rate` has a 95 % Wilson interval (Wilson 1927); NaN in a band without rows.
    """

    level: RiskLevel
    begins: float
    rows: int
    defaults: int
    mean_probability: float
    default_rate: Estimate


@dataclass(frozen=True, slots=True)
class RiskBands:
    """The bands, the safest first; `rising` says whether each has a higher default rate than the one before it."""

    bands: tuple[RiskBand, ...]
    rising: bool


def measure_bands(outcomes: ScoredOutcomes, policy: Policy) -> RiskBands:
    """Count the rows of each band of a policy."""
    edges = (0.0, policy.medium_from, policy.high_from)
    band_of = np.searchsorted(edges, outcomes.probabilities, side="right") - 1
    bands = tuple(
        _measure_band(level, begins, outcomes, band_of == number)
        for number, (level, begins) in enumerate(zip(RiskLevel, edges, strict=True))
    )
    rates = [band.default_rate.value for band in bands if band.rows]
    return RiskBands(bands, all(safer < riskier for safer, riskier in pairwise(rates)))


def _measure_band(level: RiskLevel, begins: float, outcomes: ScoredOutcomes, inside: npt.NDArray[np.bool_]) -> RiskBand:
    rows, defaults = int(inside.sum()), int(outcomes.defaulted[inside].sum())
    if not rows:
        return RiskBand(level, begins, 0, 0, np.nan, Estimate(np.nan, np.nan, np.nan))
    rate = Estimate(defaults / rows, *wilson_interval(defaults, rows))
    return RiskBand(level, begins, rows, defaults, float(outcomes.probabilities[inside].mean()), rate)

"""Chooses the policy: the threshold that costs least, with its cost curve and interval, and the risk bands."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvent.domain.costs import CostMatrix
from solvent.domain.policy import Policy
from solvent.domain.threshold import choose_threshold
from solvent.training.measures import ScoredOutcomes, draw_weights

RESAMPLES = 200
CURVE_POINTS = 100

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CostPoint:
    """What refusing at or above a threshold costs per application, in units of one good payer refused."""

    threshold: float
    cost_per_application: float


@dataclass(frozen=True, slots=True)
class PolicyChoice:
    """A policy, and its cost on the rows that chose it: an optimistic figure, kept to be compared with the test.

    `low`, `high`: 95 % bootstrap interval of the cheapest threshold. `curve`: cost over threshold on those rows.
    """

    policy: Policy
    chosen_on_cost: float
    low: float
    high: float
    curve: tuple[CostPoint, ...]


def choose_policy(
    outcomes: ScoredOutcomes, *, costs: CostMatrix, forbidden: frozenset[str], seed: int = 0
) -> PolicyChoice:
    """Choose the threshold on the threshold split, and derive the bands.

    Rule for the bands: HIGH begins where applications are refused, MEDIUM at half of that. Where the best threshold is
    to refuse nobody, HIGH begins at the break-even probability of the costs.
    """
    choice = choose_threshold(outcomes.probabilities.tolist(), (outcomes.defaulted > 0).tolist(), costs)
    high_from = choice.threshold if choice.threshold < 1 else costs.break_even_probability
    policy = Policy(
        threshold=choice.threshold,
        medium_from=high_from / 2,
        high_from=high_from,
        costs=costs,
        forbidden_columns=forbidden,
    )
    curve = CostCurve(outcomes, costs)
    low, high = np.quantile(curve.resample(seed=seed), [0.025, 0.975], method="inverted_cdf")
    return PolicyChoice(policy, choice.cost, float(low), float(high), curve.thin(CURVE_POINTS))


class CostCurve:
    """Total cost over every distinct threshold, and 1.0, of rows that may be weighted."""

    def __init__(self, outcomes: ScoredOutcomes, costs: CostMatrix) -> None:
        order = np.argsort(outcomes.probabilities, kind="stable")
        ranked = outcomes.probabilities[order]
        self._order, self._costs = order, costs
        self._defaulted = outcomes.defaulted[order]
        self._starts = np.flatnonzero(np.diff(ranked, prepend=-np.inf))
        self.thresholds: Floats = np.append(ranked[self._starts], 1.0)

    def measure(self, weights: Floats) -> Floats:
        """Costs of shape (some, thresholds) for weights of shape (some, rows)."""
        ranked = weights[:, self._order]
        missed = self._costs.false_negative * ranked * self._defaulted
        refused = self._costs.false_positive * ranked * (1.0 - self._defaulted)
        steps = np.add.reduceat(missed - refused, self._starts, axis=1)
        return np.cumsum(np.column_stack([refused.sum(axis=1), steps]), axis=1)

    def resample(self, *, seed: int, resamples: int = RESAMPLES) -> Floats:
        """The cheapest threshold of each bootstrap sample; the lower one on a tie."""
        blocks = draw_weights(len(self._order), resamples=resamples, seed=seed)
        next(blocks)
        return np.concatenate([self.thresholds[self.measure(weights).argmin(axis=1)] for weights in blocks])

    def thin(self, points: int) -> tuple[CostPoint, ...]:
        """The curve at thresholds that are spread evenly over the rows, the cheapest among them."""
        costs = self.measure(np.ones((1, len(self._order))))[0] / len(self._order)
        spread = np.linspace(0, len(costs) - 1, points).astype(np.intp)
        shown = np.unique(np.append(spread, costs.argmin()))
        return tuple(CostPoint(float(self.thresholds[at]), float(costs[at])) for at in shown)

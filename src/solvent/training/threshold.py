"""Chooses the policy: the threshold that costs least, and the risk bands."""

from dataclasses import dataclass

from solvent.domain.costs import CostMatrix
from solvent.domain.policy import Policy
from solvent.domain.threshold import choose_threshold
from solvent.training.measures import ScoredOutcomes


@dataclass(frozen=True, slots=True)
class PolicyChoice:
    """A policy, and its cost on the rows that chose it: an optimistic figure, kept to be compared with the test."""

    policy: Policy
    chosen_on_cost: float


def choose_policy(outcomes: ScoredOutcomes, *, costs: CostMatrix, forbidden: frozenset[str]) -> PolicyChoice:
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
    return PolicyChoice(policy, choice.cost)

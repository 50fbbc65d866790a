"""Choosing the probability of default from which an application is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from solvent.domain.costs import CostMatrix


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """A threshold and its total cost on the rows that chose it (report another split's cost, never this one)."""

    threshold: float
    cost: float


def choose_threshold(probabilities: Sequence[float], defaulted: Sequence[bool], costs: CostMatrix) -> ThresholdChoice:
    """Find the threshold with the least total cost; refuse at or above it.

    Every distinct probability is tried, and 1.0 (refuse nobody below certainty). Between thresholds of equal
    cost the lower one wins: it refuses more, which errs on the side of the dearer error.

    Raises ValueError when there are no rows.
    """
    if not probabilities:
        raise ValueError("no rows to choose a threshold on")
    ranked = sorted(zip(probabilities, defaulted, strict=True), reverse=True)
    cost = costs.false_negative * sum(defaulted)
    best = ThresholdChoice(1.0, cost)
    for probability, tied in groupby(ranked, key=lambda row: row[0]):
        for _, is_default in tied:
            cost += -costs.false_negative if is_default else costs.false_positive
        if cost <= best.cost:
            best = ThresholdChoice(probability, cost)
    return best

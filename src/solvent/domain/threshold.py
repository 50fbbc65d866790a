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


@dataclass(frozen=True, slots=True)
class RiskBin:
    """Applications whose probability of default lies in [low, next low); counts may be expected ones."""

    low: float
    paid: float
    defaulted: float


@dataclass(frozen=True, slots=True)
class CostPoint:
    """What a threshold would do: shares between 0 and 1, the cost per application; None where nobody is approved."""

    threshold: float
    approval_rate: float
    default_rate: float | None
    cost: float


def trace_costs(bins: Sequence[RiskBin], costs: CostMatrix) -> tuple[CostPoint, ...]:
    """What each edge of ascending bins would do as a threshold, and what approving everybody would.

    Raises ValueError when the bins are empty.
    """
    everybody = sum(one.paid + one.defaulted for one in bins)
    if everybody <= 0:
        raise ValueError("no applications to trace the costs of")
    all_paid = sum(one.paid for one in bins)
    points = []
    paid = defaulted = 0.0
    for threshold, following in [*((one.low, one) for one in bins), (1.0, RiskBin(1.0, 0.0, 0.0))]:
        approved = paid + defaulted
        cost = (costs.false_negative * defaulted + costs.false_positive * (all_paid - paid)) / everybody
        points.append(CostPoint(threshold, approved / everybody, defaulted / approved if approved else None, cost))
        paid, defaulted = paid + following.paid, defaulted + following.defaulted
    return tuple(points)

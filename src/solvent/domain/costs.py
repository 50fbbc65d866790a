"""What a wrong decision costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CostMatrix:
    """Cost of each kind of error, in units of one good payer refused.

    The default is the lender's: a bad payer accepted costs ten times a good payer refused.
    """

    false_negative: float = 10.0
    false_positive: float = 1.0

    def __post_init__(self) -> None:
        if not all(math.isfinite(cost) and cost > 0 for cost in (self.false_negative, self.false_positive)):
            raise ValueError("both costs must be finite and positive")

    @property
    def break_even_probability(self) -> float:
        """The probability of default at which approving and refusing cost the same on average."""
        return self.false_positive / (self.false_positive + self.false_negative)


def total_cost(costs: CostMatrix, *, false_negatives: int, false_positives: int) -> float:
    """Cost of a set of decisions, from the counts of its errors."""
    return costs.false_negative * false_negatives + costs.false_positive * false_positives


def count_errors(probabilities: Sequence[float], defaulted: Sequence[bool], *, threshold: float) -> tuple[int, int]:
    """Count (false negatives, false positives) when every probability at or above the threshold is refused."""
    false_negatives = false_positives = 0
    for probability, is_default in zip(probabilities, defaulted, strict=True):
        refused = probability >= threshold
        false_negatives += is_default and not refused
        false_positives += refused and not is_default
    return false_negatives, false_positives

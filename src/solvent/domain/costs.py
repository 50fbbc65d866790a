"""What a wrong decision costs."""

import math
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

"""From a probability of default to a decision and a risk level."""

from dataclasses import dataclass, field
from enum import StrEnum

from solvent.domain.costs import CostMatrix
from solvent.domain.outcomes import DefaultDefinition

FORBIDDEN_COLUMNS = frozenset({"CODE_GENDER", "NAME_FAMILY_STATUS", "CNT_FAM_MEMBERS", "NAME_TYPE_SUITE"})
"""Columns that no model feature may read; a policy may add to them, never take away.

Sex and marital status (EU charter of fundamental rights, article 21), and the two columns that state marital status in
other words: family members less children is 2 for couples and 1 for all others, and the companion may be the spouse.
"""


class Decision(StrEnum):
    """What the lender does with an application."""

    APPROVE = "approve"
    REFUSE = "refuse"


class RiskLevel(StrEnum):
    """Band of the probability of default, for people who read lists."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules that turn a calibrated probability into a decision; they travel in the model bundle.

    `threshold`: probability of default at or above which an application is refused.
    `medium_from`, `high_from`: probabilities at which the bands MEDIUM and HIGH begin.
    `default_definition`: what the probability is one of.
    """

    threshold: float
    medium_from: float
    high_from: float
    costs: CostMatrix = field(default_factory=CostMatrix)
    forbidden_columns: frozenset[str] = FORBIDDEN_COLUMNS
    max_reasons: int = 4
    default_definition: DefaultDefinition = field(default_factory=DefaultDefinition)

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold <= 1.0:
            raise ValueError("the threshold must lie in (0, 1]")
        if not 0.0 < self.medium_from < self.high_from < 1.0:
            raise ValueError("risk bands must satisfy 0 < medium_from < high_from < 1")
        if self.max_reasons < 1:
            raise ValueError("a refusal must be able to carry at least one reason")

    def decide(self, probability_default: float) -> Decision:
        """Refuse at or above the threshold."""
        return Decision.REFUSE if probability_default >= self.threshold else Decision.APPROVE

    def risk_level(self, probability_default: float) -> RiskLevel:
        """Band of a probability."""
        if probability_default >= self.high_from:
            return RiskLevel.HIGH
        return RiskLevel.MEDIUM if probability_default >= self.medium_from else RiskLevel.LOW

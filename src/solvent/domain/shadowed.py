"""What a shadow model said of decisions, beside what was decided."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShadowedDecision:
    """One decision, with the scores in log-odds and the probabilities of both models.

    `has_defaulted` is None until the outcome is final.
    """

    client_id: int
    score: float
    probability_default: float
    is_refused: bool
    shadow_score: float
    shadow_probability: float
    shadow_refuses: bool
    has_defaulted: bool | None

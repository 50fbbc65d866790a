"""Which features may move the score in one direction only, each rule with its reason."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from solvent.features.program import Feature, Program

RISES, FREE, FALLS = 1, 0, -1
_OTHER_QUESTIONS = ("*_ratio_*", "*_slope_*", "*_difference*", "*_std*", "*_latest*", "*_count*")
"""Names that match a rule and ask something else: when it was, how it changed, how much it varies."""


@dataclass(frozen=True, slots=True)
class MonotoneRule:
    """Features by the pattern of their name, the direction of risk as they rise, and why nobody could defend another.

    `pattern` is a shell pattern (fnmatch).
    """

    pattern: str
    direction: int
    reason: str


_SCORE = "an external score is published as a score: who has more of it is the safer payer"
_LATE = "nobody may raise their chances by paying later or more often late"
_OVERDUE = "nobody may raise their chances by owing more that is overdue"
RULES = (
    MonotoneRule("application_ext_source_?", FALLS, _SCORE),
    *(
        MonotoneRule(f"application_external_score_{statistic}", FALLS, _SCORE)
        for statistic in ("mean", "min", "max", "median", "sum", "weighted", "product*", "geometric_mean*")
    ),
    MonotoneRule("*_late_share*", RISES, _LATE),
    MonotoneRule("*_late_tolerant_share*", RISES, _LATE),
    MonotoneRule("*_late_loan_share*", RISES, _LATE),
    MonotoneRule("*_late_[0-9]*_share", RISES, _LATE),
    MonotoneRule("*_late_days_m*", RISES, _LATE),
    MonotoneRule("*_late_days_sum*", RISES, _LATE),
    MonotoneRule("*_late_tolerant_days_m*", RISES, _LATE),
    MonotoneRule("*_overdue_amount_*", RISES, _OVERDUE),
    MonotoneRule("*_overdue_days_*", RISES, _OVERDUE),
    MonotoneRule("*_overdue_share*", RISES, _OVERDUE),
)


def find_directions(program: Program) -> tuple[int, ...]:
    """Return, for each feature of a program, 1 where risk may only rise with it, -1 where it may only fall, else 0."""
    return tuple(_find_direction(feature) for feature in program.features)


def find_rule(feature: Feature) -> MonotoneRule | None:
    """The rule that binds a feature; None for a category, and for a feature that is free."""
    if feature.categories or any(fnmatchcase(feature.name, pattern) for pattern in _OTHER_QUESTIONS):
        return None
    return next((rule for rule in RULES if fnmatchcase(feature.name, rule.pattern)), None)


def _find_direction(feature: Feature) -> int:
    rule = find_rule(feature)
    return FREE if rule is None else rule.direction

"""Directions: bound where business logic demands it, free everywhere else."""

import pytest

from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.features.catalogue import build_program
from solvent.training.monotone import RULES, find_directions, find_rule

PROGRAM = build_program(FORBIDDEN_COLUMNS)
DIRECTIONS = dict(zip(PROGRAM.names, find_directions(PROGRAM), strict=True))


@pytest.mark.parametrize(
    ("feature", "direction"),
    [
        ("application_ext_source_2", -1),
        ("application_external_score_mean", -1),
        ("application_external_score_count", 0),
        ("installments_late_share", 1),
        ("installments_late_days_max_12m", 1),
        ("bureau_overdue_amount_sum", 1),
        ("bureau_month_late_share_mean", 1),
        ("pos_late_tolerant_days_max", 1),
        ("installments_late_30_share", 1),
        ("previous_late_loan_share_approved", 1),
        ("application_external_score_geometric_mean_1_3", -1),
        ("application_external_score_difference_1_2", 0),
        ("pos_late_days_slope_12m", 0),
        ("pos_late_days_ratio_6m_12m", 0),
        ("installments_late_days_latest", 0),
        ("application_amt_credit", 0),
    ],
)
def test_the_direction_of(feature: str, direction: int) -> None:
    assert DIRECTIONS[feature] == direction


def test_a_category_is_never_bound() -> None:
    assert all(find_rule(feature) is None for feature in PROGRAM.features if feature.categories)


def test_every_rule_gives_its_reason() -> None:
    assert all(len(rule.reason.split()) >= 8 for rule in RULES)

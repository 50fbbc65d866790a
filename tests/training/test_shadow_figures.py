"""A shadow model beside the one that decided: agreement at once, figures where the outcome is final."""

import pytest

from solvent.domain.costs import CostMatrix
from solvent.domain.promotion import Gate
from solvent.domain.shadowed import ShadowedDecision
from solvent.training.shadow_figures import measure_shadow


def decision(client: int, probability: float, shadow: float, has_defaulted: bool | None) -> ShadowedDecision:
    return ShadowedDecision(
        client, probability, probability, probability >= 0.2, shadow, shadow, shadow >= 0.2, has_defaulted
    )


DECISIONS = [
    decision(1, 0.1, 0.3, True),
    decision(2, 0.1, 0.1, False),
    decision(3, 0.3, 0.1, False),
    decision(4, 0.3, 0.4, True),
    decision(5, 0.1, 0.5, None),
]


def test_counts_agreement_over_all_decisions() -> None:
    figures = measure_shadow(DECISIONS, CostMatrix())
    assert figures.decisions == 5
    assert (figures.agreeing, figures.only_shadow_refuses, figures.only_shadow_approves) == (0.4, 0.4, 0.2)
    assert figures.mean_probability == pytest.approx(0.18)
    assert figures.shadow_mean_probability == pytest.approx(0.28)


def test_compares_where_the_outcome_is_final() -> None:
    challenge = measure_shadow(DECISIONS, CostMatrix()).challenge
    assert (challenge.rows, challenge.defaults) == (4, 2)
    found = {one.gate: (one.champion, one.challenger) for one in challenge.worsenings}
    assert found[Gate.AUC] == (0.5, 1.0)
    assert found[Gate.COST] == (11.0, 0.0)


def test_without_a_final_outcome_there_is_no_comparison() -> None:
    challenge = measure_shadow(DECISIONS[4:], CostMatrix()).challenge
    assert (challenge.rows, challenge.worsenings) == (0, ())

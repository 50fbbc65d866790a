"""The policy: the cheapest threshold, and bands that follow from it."""

import numpy as np
import pytest

from solvent.domain.costs import CostMatrix
from solvent.training.measures import ScoredOutcomes
from solvent.training.threshold import choose_policy


def outcomes(probabilities: list[float], defaulted: list[float]) -> ScoredOutcomes:
    return ScoredOutcomes(np.array(probabilities), np.array(probabilities), np.array(defaulted))


def test_takes_the_cheapest_threshold_and_halves_it_for_the_bands() -> None:
    rows = outcomes([0.02, 0.06, 0.1, 0.3], [0.0, 0.0, 1.0, 0.0])
    choice = choose_policy(rows, costs=CostMatrix(), forbidden=frozenset({"CODE_GENDER"}))
    assert choice.policy.threshold == 0.1
    assert choice.policy.high_from == 0.1
    assert choice.policy.medium_from == 0.05
    assert choice.policy.forbidden_columns == {"CODE_GENDER"}
    assert choice.chosen_on_cost == 1.0


def test_costs_move_the_threshold() -> None:
    rows = outcomes([0.1, 0.2, 0.3, 0.4], [1.0, 0.0, 0.0, 1.0])
    cheap_misses = choose_policy(rows, costs=CostMatrix(1.5, 1.0), forbidden=frozenset())
    dear_misses = choose_policy(rows, costs=CostMatrix(10.0, 1.0), forbidden=frozenset())
    assert cheap_misses.policy.threshold == 0.4
    assert dear_misses.policy.threshold == 0.1
    assert dear_misses.policy.costs == CostMatrix(10.0, 1.0)


def test_where_nobody_is_refused_high_risk_begins_at_break_even() -> None:
    policy = choose_policy(outcomes([0.1, 0.2], [0.0, 0.0]), costs=CostMatrix(), forbidden=frozenset()).policy
    assert policy.threshold == 1.0
    assert policy.high_from == pytest.approx(1 / 11)
    assert policy.medium_from == pytest.approx(1 / 22)

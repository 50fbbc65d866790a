import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from solvent.domain.costs import CostMatrix
from solvent.monitoring.estimated import Floats, estimate_auc, estimate_cost, estimate_default_rate
from solvent.monitoring.figures import Figure

SIX = np.array([0.9, 0.5, 0.5, 0.4, 0.2, 0.1])


def probabilities(rows: int, seed: int = 3) -> Floats:
    return np.random.default_rng(seed).beta(1.2, 12.0, rows)


def test_estimates_of_a_case_worked_by_hand() -> None:
    # expected defaults 2.6 and good payers 3.4; bad x good below it, half of its own group:
    # .1x.45 + .2x(.9+.4) + .4x(1.7+.3) + 1x(2.3+.5) + .9x(3.3+.05) = 6.92
    area = estimate_auc(SIX)
    assert area is not None
    assert area.value == pytest.approx(6.92 / (2.6 * 3.4))
    assert estimate_default_rate(SIX).value == pytest.approx(2.6 / 6)
    approved = np.array([False, False, False, True, True, True])
    # approved: 10 x (.4 + .2 + .1); refused: (1 - .9) + .5 + .5
    assert estimate_cost(SIX, approved, CostMatrix()).value == pytest.approx((7 + 1.1) / 6)


def test_the_auc_is_that_of_every_row_as_both_outcomes_with_its_probabilities_as_weights() -> None:
    given = probabilities(500).round(2)
    found = estimate_auc(given)
    labels, weights = np.repeat([1, 0], 500), np.concatenate([given, 1 - given])
    expected = roc_auc_score(labels, np.concatenate([given, given]), sample_weight=weights)
    assert found is not None
    assert found.value == pytest.approx(expected, abs=1e-12)


def test_intervals_are_as_wide_as_the_chance_of_the_outcomes_makes_the_realised_figures() -> None:
    given = probabilities(1_500)
    approved = given < 0.1
    outcomes = np.random.default_rng(4).uniform(size=(3_000, 1_500)) < given
    bad, ranks = outcomes.sum(axis=1), stats.rankdata(given)
    areas = (outcomes @ ranks - bad * (bad + 1) / 2) / (bad * (1_500 - bad))  # Mann-Whitney, no two are equal
    costs = (10 * (approved & outcomes) + (~approved & ~outcomes)).mean(axis=1)
    for found, drawn, room in (
        (estimate_auc(given), areas, 0.05),
        (estimate_default_rate(given), outcomes.mean(axis=1), 0.05),
        (estimate_cost(given, approved, CostMatrix()), costs, 0.05),
    ):
        assert found is not None
        assert found.value == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(len(drawn)) + 2e-3)
        assert (found.high - found.low) / 2 == pytest.approx(1.96 * drawn.std(), rel=room)


def test_a_higher_threshold_costs_what_the_probabilities_say() -> None:
    given = np.array([0.05, 0.2])
    assert estimate_cost(given, np.array([True, True]), CostMatrix()).value == pytest.approx(1.25)
    assert estimate_cost(given, np.array([True, False]), CostMatrix()).value == pytest.approx(0.65)


def test_certain_outcomes_have_no_auc_and_no_chance() -> None:
    assert estimate_auc(np.zeros(5)) is None
    assert estimate_auc(np.ones(5)) is None
    assert estimate_default_rate(np.zeros(5)) == Figure(0.0, 0.0, 0.0)

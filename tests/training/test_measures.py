"""Statistics against second implementations and numbers worked by hand."""

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss

from solvent.training.measures import (
    ScoredOutcomes,
    bin_by_mass,
    divide,
    draw_weights,
    log_losses,
    measure_separation,
)


@pytest.mark.parametrize("distinct", [1, 5, 10_000])
def test_separation_agrees_with_second_implementations_also_with_ties_and_weights(distinct: int) -> None:
    generator = np.random.default_rng(4)
    scores = generator.integers(0, distinct, 300).astype(np.float64)
    defaulted = (generator.random(300) < 0.2).astype(np.float64)
    weights = generator.integers(0, 4, (3, 300)).astype(np.float64)
    rows = ScoredOutcomes(scores, scores, defaulted).ranked()
    scores, defaulted = rows.scores, rows.defaulted
    ks, precision = measure_separation(rows, weights)
    for number, counts in enumerate(weights):
        drawn = np.repeat(np.arange(300), counts.astype(int))
        bad, good = scores[drawn][defaulted[drawn] > 0], scores[drawn][defaulted[drawn] == 0]
        assert ks[number] == pytest.approx(ks_2samp(bad, good).statistic, abs=1e-12)
        expected = average_precision_score(defaulted, scores, sample_weight=counts)
        assert precision[number] == pytest.approx(expected, rel=1e-12)


def test_separation_of_four_rows() -> None:
    outcomes = ScoredOutcomes(np.array([4.0, 3.0, 2.0, 1.0]), np.zeros(4), np.array([1.0, 0.0, 1.0, 0.0]))
    ks, precision = measure_separation(outcomes, np.ones((1, 4)))
    assert ks.tolist() == [0.5]
    assert precision.tolist() == [pytest.approx(0.5 * 1 + 0.5 * 2 / 3)]


def test_separation_of_one_class_is_undefined() -> None:
    outcomes = ScoredOutcomes(np.array([2.0, 1.0]), np.zeros(2), np.array([0.0, 0.0]))
    assert np.isnan(measure_separation(outcomes, np.ones((1, 2)))).all()


def test_log_losses_agree_with_scikit_learn() -> None:
    generator = np.random.default_rng(6)
    probabilities, defaulted = generator.uniform(0.01, 0.99, 200), (generator.random(200) < 0.3).astype(np.float64)
    assert log_losses(probabilities, defaulted).mean() == pytest.approx(log_loss(defaulted, probabilities), rel=1e-12)
    squared = ((probabilities - defaulted) ** 2).mean()
    assert squared == pytest.approx(brier_score_loss(defaulted, probabilities), rel=1e-12)


def test_bins_hold_a_tenth_each() -> None:
    assert np.bincount(bin_by_mass(np.random.default_rng(1).random(200))).tolist() == [20] * 10


def test_equal_probabilities_share_a_bin() -> None:
    assert bin_by_mass(np.array([0.1] * 15 + [0.2] * 5)).tolist() == [0] * 15 + [1] * 5


def test_the_first_weighting_is_the_rows_and_the_others_are_resamples() -> None:
    weights = np.concatenate(list(draw_weights(40, resamples=60, seed=3)))
    assert weights.shape == (61, 40)
    assert weights[0].tolist() == [1.0] * 40
    assert (weights.sum(axis=1) == 40).all()
    assert len(np.unique(weights, axis=0)) == 61


def test_a_share_of_nothing_is_undefined() -> None:
    np.testing.assert_array_equal(divide(np.array([1.0, 0.0]), np.array([4.0, 0.0])), [0.25, np.nan])

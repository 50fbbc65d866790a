"""Figures of a split, worked by hand on ten rows, with intervals that behave."""

import math
from dataclasses import replace

import numpy as np
import pytest

from solvent.domain.costs import CostMatrix
from solvent.domain.policy import Policy
from solvent.training.evaluation import evaluate
from solvent.training.measures import ScoredOutcomes

POLICY = Policy(threshold=0.3, medium_from=0.1, high_from=0.3)
PROBABILITIES = np.array([0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.55, 0.6, 0.9])
DEFAULTED = np.array([0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0])
TEN = ScoredOutcomes(np.log(PROBABILITIES / (1 - PROBABILITIES)), PROBABILITIES, DEFAULTED)


def portfolio(rows: int, *, seed: int = 2) -> ScoredOutcomes:
    """Probabilities that are true."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(-2.5, 1.0, rows)
    probabilities = 1 / (1 + np.exp(-scores))
    return ScoredOutcomes(scores, probabilities, (generator.random(rows) < probabilities).astype(np.float64))


def test_counts_and_means() -> None:
    figures = evaluate(TEN, POLICY, seed=0)
    assert (figures.rows, figures.defaults) == (10, 4)
    assert figures.default_rate.value == pytest.approx(0.4)
    assert figures.auc.value == pytest.approx(19 / 24)
    squares = 0.0025 + 0.01 + 0.7225 + 0.04 + 0.0625 + 0.09 + 0.36 + 0.3025 + 0.16 + 0.01
    assert figures.brier.value == pytest.approx(squares / 10)
    likelihood = 0.95 * 0.9 * 0.15 * 0.8 * 0.75 * 0.7 * 0.4 * 0.45 * 0.6 * 0.9
    assert figures.log_loss.value == pytest.approx(-math.log(likelihood) / 10)


def test_decisions_at_the_threshold() -> None:
    figures = evaluate(TEN, POLICY, seed=0).at_threshold
    assert figures.threshold == 0.3
    assert (figures.true_positives, figures.false_positives) == (3, 2)
    assert (figures.true_negatives, figures.false_negatives) == (4, 1)
    assert figures.recall.value == pytest.approx(3 / 4)
    assert figures.precision.value == pytest.approx(3 / 5)
    assert figures.f1.value == pytest.approx(6 / 9)
    assert figures.approval_rate.value == pytest.approx(0.5)
    assert figures.cost.value == 12.0
    assert figures.cost_per_application.value == pytest.approx(1.2)


def test_decisions_at_one_half() -> None:
    figures = evaluate(TEN, POLICY, seed=0).at_half
    assert (figures.threshold, figures.true_positives, figures.false_positives) == (0.5, 2, 1)
    assert figures.cost.value == 21.0


def test_costs_come_from_the_policy() -> None:
    policy = replace(POLICY, costs=CostMatrix(false_negative=3.0, false_positive=2.0))
    assert evaluate(TEN, policy, seed=0).at_threshold.cost.value == 7.0


def test_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    probabilities = np.repeat([0.1, 0.3], 10)
    defaulted = np.array([1.0] * 3 + [0.0] * 7 + [1.0] * 2 + [0.0] * 8)
    figures = evaluate(ScoredOutcomes(probabilities, probabilities, defaulted), POLICY, seed=0)
    assert figures.plain_calibration_error == pytest.approx((0.2 * 10 + 0.1 * 10) / 20)
    assert figures.calibration_error.value < figures.plain_calibration_error
    described = [(entry.rows, entry.mean_probability, entry.default_rate) for entry in figures.reliability]
    assert described == [pytest.approx((10, 0.1, 0.3)), pytest.approx((10, 0.3, 0.2))]


def test_true_probabilities_have_little_calibration_error_and_doubled_ones_much() -> None:
    outcomes = portfolio(5_000)
    doubled = replace(outcomes, probabilities=np.minimum(2 * outcomes.probabilities, 0.99))
    true, wrong = (evaluate(one, POLICY, seed=0).calibration_error for one in (outcomes, doubled))
    assert true.value < 0.015
    assert wrong.value > 0.09
    assert true.high < wrong.low


def test_an_interval_is_the_one_of_the_binomial_for_a_rate() -> None:
    rate = evaluate(portfolio(5_000), POLICY, seed=0, resamples=500).default_rate
    half_width = 1.96 * math.sqrt(rate.value * (1 - rate.value) / 5_000)
    assert rate.low == pytest.approx(rate.value - half_width, abs=0.15 * half_width)
    assert rate.high == pytest.approx(rate.value + half_width, abs=0.15 * half_width)


def test_the_interval_of_auc_is_the_one_of_hanley_and_mcneil() -> None:
    figures = evaluate(portfolio(5_000), POLICY, seed=0)
    auc, bad, good = figures.auc.value, figures.defaults, figures.rows - figures.defaults
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + (bad - 1) * (q1 - auc**2) + (good - 1) * (q2 - auc**2)) / (bad * good)
    assert figures.auc.high - figures.auc.low == pytest.approx(2 * 1.96 * math.sqrt(variance), rel=0.15)


def test_every_interval_holds_its_figure() -> None:
    figures = evaluate(portfolio(300), POLICY, seed=0)
    for estimate in (figures.auc, figures.ks, figures.pr_auc, figures.brier):
        assert estimate.low < estimate.value < estimate.high
    assert figures.calibration_error.low <= figures.calibration_error.value < figures.calibration_error.high


def test_the_seed_decides_the_resampled_intervals() -> None:
    first, again, other = (evaluate(portfolio(300), POLICY, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.brier.value == other.brier.value
    assert first.brier != other.brier
    assert first.auc == other.auc


def test_the_ranking_figures_of_ten_rows() -> None:
    figures = evaluate(TEN, POLICY, seed=0)
    assert figures.gini.value == pytest.approx(14 / 24)
    assert (figures.gini.low, figures.gini.high) == (2 * figures.auc.low - 1, 2 * figures.auc.high - 1)
    assert figures.ks.value == pytest.approx(3 / 4 - 1 / 6)
    assert figures.pr_auc.value == pytest.approx((1 + 1 + 3 / 4 + 4 / 8) / 4)


def test_the_parts_of_a_brier_score_add_up_to_it() -> None:
    figures = evaluate(portfolio(2_000), POLICY, seed=0)
    parts = figures.brier_parts
    total = parts.reliability.value - parts.resolution.value + parts.uncertainty.value + parts.within_bins.value
    assert total == pytest.approx(figures.brier.value, rel=1e-12)


def test_a_brier_score_of_two_bins_is_taken_apart_as_murphy_does() -> None:
    probabilities = np.repeat([0.1, 0.3], 10)
    defaulted = np.array([1.0] * 3 + [0.0] * 7 + [1.0] * 2 + [0.0] * 8)
    parts = evaluate(ScoredOutcomes(probabilities, probabilities, defaulted), POLICY, seed=0).brier_parts
    assert parts.reliability.value == pytest.approx((0.2**2 + 0.1**2) / 2)
    assert parts.resolution.value == pytest.approx(0.05**2)
    assert parts.uncertainty.value == pytest.approx(0.25 * 0.75)
    assert parts.within_bins.value == pytest.approx(0.0, abs=1e-12)


def test_precision_is_undefined_when_nobody_is_refused() -> None:
    outcomes = replace(TEN, probabilities=np.linspace(0.01, 0.1, 10))
    figures = evaluate(outcomes, POLICY, seed=0).at_half
    assert math.isnan(figures.precision.value)
    assert math.isnan(figures.precision.low)
    assert figures.recall.value == 0.0
    assert figures.approval_rate.value == 1.0

"""The corrected ECE: nothing where probabilities are true, the gap where all are off by it."""

import numpy as np
import pytest
from scipy import stats

from solvent.domain.policy import Policy
from solvent.training.calibration_error import LuckOfTheDraw, measure_luck
from solvent.training.evaluation import Evaluation, evaluate
from solvent.training.measures import ScoredOutcomes

POLICY = Policy(threshold=0.1, medium_from=0.05, high_from=0.1)


def judge(seed: int, *, gap: float = 0.0, rows: int = 2_000, resamples: int = 60) -> Evaluation:
    """Clients who default less often than they are told, by a gap."""
    generator = np.random.default_rng(seed)
    truth = generator.beta(2, 18, rows)
    defaulted = (generator.random(rows) < truth).astype(np.float64)
    return evaluate(ScoredOutcomes(truth, truth + gap, defaulted), POLICY, seed=seed, resamples=resamples)


def test_the_expected_distance_is_that_of_the_folded_normal() -> None:
    luck = LuckOfTheDraw(np.array([0.25, 0.75]), np.array([0.01, 0.02]))
    expected = [
        0.25 * stats.foldnorm.mean(gap / 0.01, scale=0.01) + 0.75 * stats.foldnorm.mean(gap / 0.02, scale=0.02)
        for gap in (0.0, 0.005, 0.03)
    ]
    np.testing.assert_allclose(luck.expect(np.array([0.0, 0.005, 0.03])), expected, rtol=1e-9)
    assert luck.floor == pytest.approx((0.25 * 0.01 + 0.75 * 0.02) * 0.7978845608)


def test_correcting_undoes_what_chance_adds() -> None:
    luck = LuckOfTheDraw(np.full(10, 0.1), np.linspace(0.002, 0.02, 10))
    gaps = np.array([0.004, 0.01, 0.05])
    np.testing.assert_allclose(luck.correct(luck.expect(gaps)), gaps, atol=2e-4)
    assert luck.correct(np.array([luck.floor, 0.5 * luck.floor])).tolist() == [0.0, 0.0]


def test_the_deviation_of_a_bin_is_that_of_its_default_rate() -> None:
    luck = measure_luck(np.repeat([0.1, 0.3], 50))
    np.testing.assert_allclose(luck.deviations, [(0.09 / 50) ** 0.5, (0.21 / 50) ** 0.5])
    assert luck.shares.tolist() == [0.5, 0.5]


def test_true_probabilities_show_about_the_floor_and_an_interval_that_reaches_zero() -> None:
    """The floor, told by theory, is the mean plain ECE of 40 draws."""
    draws = [judge(seed) for seed in range(40)]
    plain = np.mean([one.plain_calibration_error for one in draws])
    assert plain == pytest.approx(draws[0].calibration_error_floor, rel=0.1)
    assert sum(one.calibration_error.low == 0.0 for one in draws) >= 36
    assert np.median([one.calibration_error.value for one in draws]) < 0.5 * plain


def test_a_gap_in_every_bin_is_found_and_zero_is_ruled_out() -> None:
    draws = [judge(seed, gap=0.04) for seed in range(20)]
    assert np.mean([one.calibration_error.value for one in draws]) == pytest.approx(0.04, abs=0.003)
    assert all(one.calibration_error.low > 0.0 for one in draws)
    assert sum(one.calibration_error.low <= 0.04 <= one.calibration_error.high for one in draws) >= 17

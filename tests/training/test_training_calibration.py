"""The curve: fitted right, and its shape chosen by the rule."""

import numpy as np
import numpy.typing as npt
import pytest

from solvent.bundle.calibration import Calibration, CalibrationMethod
from solvent.errors import TrainingError
from solvent.training.calibration import choose_calibration, fit_beta, fit_isotonic, fit_platt

BETA, ISOTONIC, PLATT = CalibrationMethod.BETA, CalibrationMethod.ISOTONIC, CalibrationMethod.PLATT
Floats = npt.NDArray[np.float64]


def straight(scores: Floats) -> Floats:
    return 1 / (1 + np.exp(-(0.9 * scores - 0.2)))


def bent(scores: Floats) -> Floats:
    """A step: the log-odds hardly follow the score but in the middle."""
    return 0.02 + 0.3 / (1 + np.exp(-4 * (scores + 1.5)))


def draw(truth: object, *, rows: int, seed: int = 1) -> tuple[Floats, Floats]:
    generator = np.random.default_rng(seed)
    scores = generator.normal(-2.5, 1.0, rows)
    assert callable(truth)
    return scores, (generator.random(rows) < truth(scores)).astype(np.float64)


def test_platt_solves_its_likelihood_equations() -> None:
    scores, defaulted = draw(straight, rows=2_000)
    curve = fit_platt(scores, defaulted)
    positives = defaulted.sum()
    targets = np.where(defaulted > 0, (positives + 1) / (positives + 2), 1 / (2_000 - positives + 2))
    errors = curve.apply_many(scores) - targets
    assert abs(errors.sum()) < 1e-5
    assert abs((errors * scores).sum()) < 1e-5


def test_platt_finds_the_line_that_made_the_outcomes() -> None:
    curve = fit_platt(*draw(straight, rows=200_000))
    assert curve.slope == pytest.approx(0.9, abs=0.02)
    assert curve.intercept == pytest.approx(-0.2, abs=0.04)


def test_beta_finds_the_two_slopes_that_made_the_outcomes() -> None:
    def two_slopes(scores: Floats) -> Floats:
        log_odds = -0.6 * np.logaddexp(0.0, -scores) + 1.8 * np.logaddexp(0.0, scores) - 0.3
        return np.asarray(1 / (1 + np.exp(-log_odds)))

    generator = np.random.default_rng(4)
    scores = generator.normal(0.0, 2.0, 200_000)
    curve = fit_beta(scores, (generator.random(200_000) < two_slopes(scores)).astype(np.float64))
    assert (curve.slope, curve.upper_slope) == pytest.approx((0.6, 1.8), abs=0.05)
    np.testing.assert_allclose(curve.apply_many(np.linspace(-4, 4, 50)), two_slopes(np.linspace(-4, 4, 50)), atol=0.01)


def test_a_slope_that_would_be_negative_is_held_at_zero() -> None:
    scores, defaulted = draw(bent, rows=8_000)
    flattening = np.where(scores > -1.5, -1.5 - 0.05 * (scores + 1.5), scores)
    curve = fit_beta(flattening, defaulted)
    assert min(curve.slope, curve.upper_slope) == 0.0
    assert (np.diff(curve.apply_many(np.linspace(-6, 6, 200))) >= 0).all()


@pytest.mark.parametrize("seed", range(20))
def test_a_small_sample_whose_folds_do_not_all_rise_still_gets_a_rising_curve(seed: int) -> None:
    generator = np.random.default_rng(seed)
    scores = np.concatenate([generator.normal(0.9, 1.0, 9), generator.normal(0.0, 1.0, 80)])
    curve = choose_calibration(scores, np.repeat([1.0, 0.0], [9, 80]), seed=seed).calibration
    assert curve.method is PLATT
    assert curve.slope > 0


def test_isotonic_pools_what_descends() -> None:
    curve = fit_isotonic(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 1.0, 0.0, 1.0]))
    assert curve.scores == (1.0, 2.0, 3.0, 4.0)
    assert curve.probabilities == pytest.approx((1 / 6, 0.5, 0.5, 5 / 6))


def test_isotonic_averages_equal_scores() -> None:
    curve = fit_isotonic(np.array([1.0, 1.0, 2.0, 2.0]), np.array([0.0, 1.0, 1.0, 1.0]))
    assert curve.scores == (1.0, 2.0)
    assert curve.probabilities == pytest.approx((0.5, 5 / 6))


def test_few_defaults_keep_a_line_even_if_the_truth_is_bent() -> None:
    scores, defaulted = draw(bent, rows=8_000)
    choice = choose_calibration(scores, defaulted, seed=0)
    assert defaulted.sum() < 1_000
    assert choice.calibration.method is not ISOTONIC
    assert list(choice.log_losses) == [PLATT, BETA]


def test_many_defaults_and_a_bent_truth_get_isotonic() -> None:
    scores, defaulted = draw(bent, rows=20_000)
    choice = choose_calibration(scores, defaulted, seed=0)
    assert choice.calibration == fit_isotonic(scores, defaulted)
    assert choice.log_losses[ISOTONIC] == min(choice.log_losses.values())


def test_many_defaults_and_a_straight_truth_keep_platt() -> None:
    scores, defaulted = draw(straight, rows=20_000)
    choice = choose_calibration(scores, defaulted, seed=0)
    assert defaulted.sum() > 1_000
    assert choice.calibration.method is PLATT
    assert choice.log_losses[PLATT] < choice.log_losses[ISOTONIC]


def test_the_seed_decides_the_folds() -> None:
    scores, defaulted = draw(straight, rows=2_000)
    losses = [choose_calibration(scores, defaulted, seed=seed).log_losses[PLATT] for seed in (0, 0, 1)]
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


@pytest.mark.parametrize("direction", [0.0, -1.0])
def test_refuses_scores_that_do_not_rise_with_defaults(direction: float) -> None:
    scores, defaulted = draw(straight, rows=2_000)
    with pytest.raises(TrainingError, match="do not rise with defaults"):
        choose_calibration(direction * scores, defaulted, seed=0)


def excess_log_loss(curve: Calibration, scores: Floats) -> float:
    truth, said = bent(scores), curve.apply_many(scores)
    return float((truth * np.log(truth / said) + (1 - truth) * np.log((1 - truth) / (1 - said))).mean())


@pytest.mark.parametrize(("rows", "winner"), [(700, fit_platt), (30_000, fit_isotonic)])
def test_the_free_curve_needs_many_defaults(rows: int, winner: object) -> None:
    fresh, _ = draw(bent, rows=2_000, seed=99)
    excess = {
        fit: np.mean([excess_log_loss(fit(*draw(bent, rows=rows, seed=seed)), fresh) for seed in range(8)])
        for fit in (fit_platt, fit_isotonic)
    }
    assert min(excess, key=lambda fit: excess[fit]) is winner

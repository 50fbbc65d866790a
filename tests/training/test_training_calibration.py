"""The curve: fitted right, and its shape chosen by the rule."""

import numpy as np
import numpy.typing as npt
import pytest

from solvent.bundle.calibration import Calibration, CalibrationMethod
from solvent.errors import TrainingError
from solvent.training.calibration import choose_calibration, fit_isotonic, fit_platt

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


def test_isotonic_pools_what_descends() -> None:
    curve = fit_isotonic(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 1.0, 0.0, 1.0]))
    assert curve.scores == (1.0, 2.0, 3.0, 4.0)
    assert curve.probabilities == pytest.approx((1 / 6, 0.5, 0.5, 5 / 6))


def test_isotonic_averages_equal_scores() -> None:
    curve = fit_isotonic(np.array([1.0, 1.0, 2.0, 2.0]), np.array([0.0, 1.0, 1.0, 1.0]))
    assert curve.scores == (1.0, 2.0)
    assert curve.probabilities == pytest.approx((0.5, 5 / 6))


def test_few_defaults_get_platt_even_if_the_truth_is_bent() -> None:
    scores, defaulted = draw(bent, rows=8_000)
    choice = choose_calibration(scores, defaulted, seed=0)
    assert defaulted.sum() < 1_000
    assert choice.calibration == fit_platt(scores, defaulted)
    assert choice.isotonic_log_loss is None


def test_many_defaults_and_a_bent_truth_get_isotonic() -> None:
    scores, defaulted = draw(bent, rows=30_000)
    choice = choose_calibration(scores, defaulted, seed=0)
    assert choice.calibration == fit_isotonic(scores, defaulted)
    assert choice.isotonic_log_loss is not None
    assert choice.isotonic_log_loss < choice.platt_log_loss


def test_many_defaults_and_a_straight_truth_keep_platt() -> None:
    scores, defaulted = draw(straight, rows=30_000)
    choice = choose_calibration(scores, defaulted, seed=0)
    assert defaulted.sum() > 1_000
    assert choice.calibration.method is CalibrationMethod.PLATT
    assert choice.isotonic_log_loss is not None
    assert choice.isotonic_log_loss > choice.platt_log_loss


def test_the_seed_decides_the_folds() -> None:
    scores, defaulted = draw(straight, rows=2_000)
    losses = [choose_calibration(scores, defaulted, seed=seed).platt_log_loss for seed in (0, 0, 1)]
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

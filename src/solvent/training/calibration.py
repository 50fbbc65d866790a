"""Fits the curve from score to probability of default, and chooses its shape by rule."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression

from solvent.bundle.calibration import Calibration, CalibrationMethod
from solvent.errors import TrainingError
from solvent.training.measures import log_losses

FOLDS = 5
FEWEST_DEFAULTS_FOR_ISOTONIC = 500

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CalibrationChoice:
    """A curve, and the mean log loss of each shape in cross-validation; None where isotonic was not in question."""

    calibration: Calibration
    platt_log_loss: float
    isotonic_log_loss: float | None


def choose_calibration(scores: Floats, defaulted: Floats, *, seed: int) -> CalibrationChoice:
    """Fit the curve on the calibration split.

    Rule: Platt, unless the split holds at least 500 defaults and the isotonic curve has the lower log loss in 5-fold
    cross-validation within the split. A step curve needs many defaults (Niculescu-Mizil and Caruana 2005, figure 8:
    Platt is better below about 1,000 cases); MEASURED

    Args:
        scores: raw scores of shape (rows,).
        defaulted: 1.0 for a default, 0.0 for none, of shape (rows,).
        seed: decides the folds.

    Raises:
        TrainingError: the scores do not rise with the defaults, so no curve can be trusted.
    """
    folds = _draw_folds(defaulted, seed)
    platt_loss = _cross_validate(fit_platt, scores, defaulted, folds)
    if defaulted.sum() < FEWEST_DEFAULTS_FOR_ISOTONIC:
        return CalibrationChoice(fit_platt(scores, defaulted), platt_loss, None)
    isotonic_loss = _cross_validate(fit_isotonic, scores, defaulted, folds)
    fit = fit_isotonic if isotonic_loss < platt_loss else fit_platt
    return CalibrationChoice(fit(scores, defaulted), platt_loss, isotonic_loss)

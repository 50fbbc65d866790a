"""Fits the curve from score to probability of default, and chooses its shape by rule."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from solvent.bundle.calibration import Calibration, CalibrationMethod
from solvent.errors import TrainingError
from solvent.training.measures import log_losses

FOLDS = 5
_FLAT = "scores do not rise with defaults: add applications, or features that tell them apart"

Floats = npt.NDArray[np.float64]
FitCurve = Callable[[Floats, Floats], Calibration]


@dataclass(frozen=True, slots=True)
class CalibrationChoice:
    """A curve, and the mean log loss in cross-validation of each shape that was in question."""

    calibration: Calibration
    log_losses: Mapping[CalibrationMethod, float]


def choose_calibration(scores: Floats, defaulted: Floats, *, seed: int) -> CalibrationChoice:
    """Fit the curve on scores of rows that their model did not grow on.

    Rule: of the shapes that the number of defaults allows (`FEWEST_DEFAULTS`), the one with the lowest log loss in
    5-fold cross-validation within these rows; of equal ones, the one with fewer parameters.

    Args:
        scores: raw scores of shape (rows,).
        defaulted: 1.0 for a default, 0.0 for none, of shape (rows,).
        seed: decides the folds.

    Raises:
        TrainingError: the scores do not rise with the defaults, so there is nothing to calibrate.
    """
    fit_platt(scores, defaulted)  # where not even a line rises, no shape is in question
    folds = _draw_folds(defaulted, seed)
    losses = {
        method: _cross_validate(FIT[method], scores, defaulted, folds=folds)
        for method, fewest in FEWEST_DEFAULTS.items()
        if defaulted.sum() >= fewest
    }
    best = min(losses, key=lambda method: losses[method])
    return CalibrationChoice(FIT[best](scores, defaulted), losses)


def fit_platt(scores: Floats, defaulted: Floats) -> Calibration:
    """Fit the sigmoid of a line, with Platt's targets, which keep off 0 and 1 (Platt 1999, section 2.2)."""
    slopes, intercept = _fit_line(scores[:, None], defaulted) if np.ptp(scores) > 0 else (np.zeros(1), 0.0)
    if slopes[0] <= 0:
        raise TrainingError(_FLAT)
    return Calibration(CalibrationMethod.PLATT, slope=float(slopes[0]), intercept=intercept)


def fit_beta(scores: Floats, defaulted: Floats) -> Calibration:
    """Fit the line of two slopes; one that would be negative is held at zero (Kull et al. 2017, section 4.2)."""
    lower, upper = -np.logaddexp(0.0, -scores), np.logaddexp(0.0, scores)
    slopes, intercept = _fit_line(np.column_stack([lower, upper]), defaulted)
    if slopes.min() < 0:
        held = int(slopes.argmin())
        (other,), intercept = _fit_line((upper if held == 0 else lower)[:, None], defaulted)
        slopes[held], slopes[1 - held] = 0.0, other
    if slopes.max() <= 0:
        raise TrainingError(_FLAT)
    return Calibration(
        CalibrationMethod.BETA, slope=float(slopes[0]), upper_slope=float(slopes[1]), intercept=intercept
    )


def fit_isotonic(scores: Floats, defaulted: Floats) -> Calibration:
    """Fit the best rising curve (pool adjacent violators, ties averaged), kept 1 / (rows + 2) off 0 and 1."""
    margin = 1 / (len(scores) + 2)
    curve = IsotonicRegression(y_min=margin, y_max=1 - margin).fit(scores, defaulted)
    return Calibration(
        CalibrationMethod.ISOTONIC,
        scores=tuple(curve.X_thresholds_.tolist()),
        probabilities=tuple(curve.y_thresholds_.tolist()),
    )


FIT: Mapping[CalibrationMethod, FitCurve] = MappingProxyType(
    {
        CalibrationMethod.PLATT: fit_platt,
        CalibrationMethod.BETA: fit_beta,
        CalibrationMethod.ISOTONIC: fit_isotonic,
    }
)
FEWEST_DEFAULTS: Mapping[CalibrationMethod, int] = MappingProxyType(
    {CalibrationMethod.PLATT: 0, CalibrationMethod.BETA: 200, CalibrationMethod.ISOTONIC: 1_000}
)
"""How many defaults a shape needs to be in question, the simplest first.

A free curve needs many cases (Niculescu-Mizil and Caruana 2005, section 5), and defaults are the rare ones: on
simulated scores with 8 % default, whose true curve is strongly bent, the isotonic excess log loss beside Platt's was
17e-4 to 7e-4 at 500 defaults, 13e-4 to 7e-4 at 1,000, 6e-4 to 6e-4 at 2,000.
"""


def _fit_line(columns: Floats, defaulted: Floats) -> tuple[Floats, float]:
    """Slopes and intercept of the log-odds; each row counts in part as a default and in part as none."""
    defaults = defaulted.sum()
    targets = np.where(defaulted > 0, (defaults + 1) / (defaults + 2), 1 / (len(defaulted) - defaults + 2))
    line = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10)
    labels = np.repeat([1, 0], len(columns))
    with threadpool_limits(limits=1):  # on a busy machine threads that wait for each other took ten times as long
        line.fit(np.tile(columns, (2, 1)), labels, sample_weight=np.concatenate([targets, 1 - targets]))
    return line.coef_[0].astype(np.float64), float(line.intercept_[0])


def _draw_folds(defaulted: Floats, seed: int) -> npt.NDArray[np.intp]:
    """Number the fold of each row, with each class spread evenly."""
    shuffled = np.random.default_rng(seed).permutation(len(defaulted))
    by_class = shuffled[np.argsort(defaulted[shuffled], kind="stable")]
    folds = np.empty(len(defaulted), dtype=np.intp)
    folds[by_class] = np.arange(len(defaulted)) % FOLDS
    return folds


def _cross_validate(fit: FitCurve, scores: Floats, defaulted: Floats, *, folds: npt.NDArray[np.intp]) -> float:
    losses = np.empty(len(scores))
    for fold in range(FOLDS):
        held_out = folds == fold
        losses[held_out] = log_losses(
            _apply_fitted(fit, scores[~held_out], defaulted[~held_out], to=scores[held_out]), defaulted[held_out]
        )
    return float(losses.mean())


def _apply_fitted(fit: FitCurve, scores: Floats, defaulted: Floats, *, to: Floats) -> Floats:
    """Probabilities of other rows; where the few rows of a fold do not rise, that is their plain default rate."""
    try:
        return fit(scores, defaulted).apply_many(to)
    except TrainingError:
        return np.full(len(to), (defaulted.sum() + 1) / (len(defaulted) + 2))

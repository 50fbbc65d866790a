"""From the model's raw score to a probability of default."""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from solvent.bundle.json_form import FieldReader, read_document, render_json
from solvent.errors import BundleError

CALIBRATION_FILE = "calibration.json"
SMALLEST_PROBABILITY = 1e-9
"""No applicant is certain to repay, and none is certain to default."""


class CalibrationMethod(StrEnum):
    """Shape of the curve."""

    BETA = "beta"
    ISOTONIC = "isotonic"
    PLATT = "platt"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A rising curve from score (log-odds, as LightGBM's raw margin) to probability of default in (0, 1).

    Platt: sigmoid(slope * score + intercept), slope positive (Platt 1999). Beta: the line of two slopes,
    sigmoid(slope * ln(s) - upper_slope * ln(1 - s) + intercept) with s = sigmoid(score), no slope negative and one
    positive (Kull, Silva Filho and Flach 2017). Isotonic: linear between the knots (`scores` strictly ascending,
    `probabilities` never descending), constant beyond them (Zadrozny and Elkan 2002).

    Raises:
        BundleError: the numbers do not make such a curve.
    """

    method: CalibrationMethod
    slope: float = 1.0
    intercept: float = 0.0
    upper_slope: float = 1.0
    scores: tuple[float, ...] = ()
    probabilities: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        fault = _find_fault(self)
        if fault:
            raise BundleError(f"{CALIBRATION_FILE} {fault}: calibrate the model again")

    def apply(self, score: float) -> float:
        """Map one score.

        Raises:
            BundleError: the score is not finite, which no sound model gives.
        """
        if not math.isfinite(score):
            raise BundleError("the model gave a score that is not a finite number: withdraw this bundle")
        match self.method:
            case CalibrationMethod.PLATT:
                raw = _sigmoid(self.slope * score + self.intercept)
            case CalibrationMethod.BETA:
                raw = _sigmoid(self.slope * -_softplus(-score) + self.upper_slope * _softplus(score) + self.intercept)
            case CalibrationMethod.ISOTONIC:
                raw = self._isotonic(score)
        return min(max(raw, SMALLEST_PROBABILITY), 1.0 - SMALLEST_PROBABILITY)

    def apply_many(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Map scores of shape (rows,), each by `apply`, so that a batch and a request agree in every bit."""
        return np.array([self.apply(score) for score in scores.tolist()], dtype=np.float64)

    def _isotonic(self, score: float) -> float:
        after = bisect_right(self.scores, score)
        if after == 0:
            return self.probabilities[0]
        if after == len(self.scores):
            return self.probabilities[-1]
        low, high = self.probabilities[after - 1], self.probabilities[after]
        way = (score - self.scores[after - 1]) / (self.scores[after] - self.scores[after - 1])
        return min(low + way * (high - low), high)

    def to_json(self) -> bytes:
        """Render the curve."""
        return render_json({"method": self.method, **{name: getattr(self, name) for name in _FIELDS[self.method]}})

    @staticmethod
    def from_json(content: bytes) -> "Calibration":
        """Read a curve back; raises BundleError if it is none."""
        document = read_document(content, file=CALIBRATION_FILE)
        try:
            method = CalibrationMethod(document.get("method", ""))
        except ValueError as error:
            raise BundleError(f"{CALIBRATION_FILE} has an unknown method: train the bundle again") from error
        read = FieldReader(document, ("method", *_FIELDS[method]), file=CALIBRATION_FILE)
        if method is CalibrationMethod.ISOTONIC:
            return Calibration(method, scores=read.numbers("scores"), probabilities=read.numbers("probabilities"))
        upper_slope = read.number("upper_slope") if method is CalibrationMethod.BETA else 1.0
        return Calibration(
            method, slope=read.number("slope"), intercept=read.number("intercept"), upper_slope=upper_slope
        )


_FIELDS: Mapping[CalibrationMethod, tuple[str, ...]] = {
    CalibrationMethod.BETA: ("slope", "upper_slope", "intercept"),
    CalibrationMethod.PLATT: ("slope", "intercept"),
    CalibrationMethod.ISOTONIC: ("scores", "probabilities"),
}


def _sigmoid(log_odds: float) -> float:
    if log_odds >= 0.0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1.0 + odds)


def _softplus(value: float) -> float:
    """ln(1 + exp(value)), so that ln(sigmoid(z)) is -_softplus(-z)."""
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))


def _find_fault(curve: Calibration) -> str | None:
    if not all(
        map(math.isfinite, (curve.slope, curve.upper_slope, curve.intercept, *curve.scores, *curve.probabilities))
    ):
        return "holds a number that is not finite"
    if curve.method is CalibrationMethod.PLATT:
        return None if curve.slope > 0.0 else "has a slope that is not positive"
    if curve.method is CalibrationMethod.BETA:
        slopes = (curve.slope, curve.upper_slope)
        return None if min(slopes) >= 0.0 and max(slopes) > 0.0 else "has a negative slope, or none that is positive"
    if not curve.scores or len(curve.scores) != len(curve.probabilities):
        return "must have one probability for each of its scores"
    if any(left >= right for left, right in pairwise(curve.scores)):
        return "has scores that do not ascend"
    if any(left > right for left, right in pairwise(curve.probabilities)):
        return "has probabilities that descend"
    return None if curve.probabilities[0] > 0.0 and curve.probabilities[-1] < 1.0 else "leaves the range (0, 1)"

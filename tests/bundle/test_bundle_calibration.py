"""Calibration curves: worked values, and every broken curve refused."""

import math
from typing import Any

import numpy as np
import pytest
from bundle_parts import CONTENTS

from solvent.bundle.calibration import Calibration, CalibrationMethod
from solvent.bundle.json_form import render_json
from solvent.errors import BundleError

PLATT = CalibrationMethod.PLATT
ISOTONIC = CalibrationMethod.ISOTONIC
TWO_SLOPES = Calibration(CalibrationMethod.BETA, slope=0.0, upper_slope=1.5, intercept=-2.0)
STEPS = Calibration(ISOTONIC, scores=(-4.0, -2.0, 1.0), probabilities=(0.01, 0.05, 0.35))


def test_platt_is_the_sigmoid_of_a_line() -> None:
    curve = Calibration(PLATT, slope=2.0, intercept=-1.0)
    assert curve.apply(0.5) == 0.5
    assert curve.apply(-1.0) == pytest.approx(1.0 / (1.0 + math.exp(3.0)), rel=1e-15)
    assert curve.apply(2.0) == pytest.approx(1.0 / (1.0 + math.exp(-3.0)), rel=1e-15)


def test_beta_is_the_sigmoid_of_a_line_in_both_logarithms() -> None:
    curve = Calibration(CalibrationMethod.BETA, slope=0.5, upper_slope=2.0, intercept=-0.25)
    share = 1.0 / (1.0 + math.exp(-0.7))
    log_odds = 0.5 * math.log(share) - 2.0 * math.log(1.0 - share) - 0.25
    assert curve.apply(0.7) == pytest.approx(1.0 / (1.0 + math.exp(-log_odds)), rel=1e-14)


def test_beta_of_equal_slopes_is_platt() -> None:
    beta = Calibration(CalibrationMethod.BETA, slope=1.3, upper_slope=1.3, intercept=0.1)
    for score in (-700.0, -3.0, 0.0, 2.0, 700.0):
        assert beta.apply(score) == pytest.approx(Calibration(PLATT, slope=1.3, intercept=0.1).apply(score), rel=1e-12)


@pytest.mark.parametrize(
    ("score", "probability"),
    [(-9.0, 0.01), (-4.0, 0.01), (-3.0, 0.03), (-2.0, 0.05), (-0.5, 0.2), (1.0, 0.35), (7.0, 0.35)],
)
def test_isotonic_is_linear_between_knots_and_constant_beyond(score: float, probability: float) -> None:
    assert STEPS.apply(score) == pytest.approx(probability, rel=1e-15)


@pytest.mark.parametrize(("score", "probability"), [(-1e308, 1e-9), (1e308, 1.0 - 1e-9)])
def test_no_score_makes_a_certainty(score: float, probability: float) -> None:
    assert Calibration(PLATT, slope=10.0).apply(score) == probability


@pytest.mark.parametrize("curve", [STEPS, TWO_SLOPES, CONTENTS.calibration])
def test_a_batch_agrees_with_single_scores_in_every_bit(curve: Calibration) -> None:
    scores = np.random.default_rng(7).normal(-2.0, 2.0, 2_000)
    assert curve.apply_many(scores).tolist() == [curve.apply(score) for score in scores.tolist()]


@pytest.mark.parametrize("curve", [STEPS, TWO_SLOPES, CONTENTS.calibration])
def test_a_higher_score_never_gets_a_lower_probability(curve: Calibration) -> None:
    scores = np.sort(np.random.default_rng(8).normal(-2.0, 2.0, 2_000))
    assert (np.diff(curve.apply_many(scores)) >= 0.0).all()


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_refuses_a_score_that_is_not_finite(score: float) -> None:
    with pytest.raises(BundleError, match="not a finite number: withdraw this bundle"):
        STEPS.apply(score)


@pytest.mark.parametrize("curve", [STEPS, TWO_SLOPES, CONTENTS.calibration])
def test_survives_its_file(curve: Calibration) -> None:
    assert Calibration.from_json(curve.to_json()) == curve


def test_writes_only_the_fields_of_its_method() -> None:
    assert CONTENTS.calibration.to_json() == b'{\n  "intercept": -0.5,\n  "method": "platt",\n  "slope": 1.25\n}\n'


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"method": "spline"}, "unknown method"),
        ({"slope": 1.0, "intercept": 0.0}, "unknown method"),
        ({"method": "platt", "slope": 1.0}, "lacks intercept"),
        ({"method": "platt", "slope": 1.0, "intercept": 0.0, "scores": []}, "has the unknown scores"),
        ({"method": "platt", "slope": None, "intercept": 0.0}, "no finite number in slope"),
        ({"method": "platt", "slope": True, "intercept": 0.0}, "no finite number in slope"),
        ({"method": "platt", "slope": 0.0, "intercept": 0.0}, "slope that is not positive"),
        ({"method": "beta", "slope": -0.1, "upper_slope": 1.0, "intercept": 0.0}, "negative slope"),
        ({"method": "beta", "slope": 0.0, "upper_slope": 0.0, "intercept": 0.0}, "none that is positive"),
        ({"method": "beta", "slope": 1.0, "intercept": 0.0}, "lacks upper_slope"),
        ({"method": "isotonic", "scores": [], "probabilities": []}, "one probability for each"),
        ({"method": "isotonic", "scores": [0.0], "probabilities": [0.1, 0.2]}, "one probability for each"),
        ({"method": "isotonic", "scores": [1.0, 1.0], "probabilities": [0.1, 0.2]}, "scores that do not ascend"),
        ({"method": "isotonic", "scores": [0.0, 1.0], "probabilities": [0.2, 0.1]}, "probabilities that descend"),
        ({"method": "isotonic", "scores": [0.0, 1.0], "probabilities": [0.0, 0.1]}, "leaves the range"),
        ({"method": "isotonic", "scores": [0.0, 1.0], "probabilities": [0.1, 1.0]}, "leaves the range"),
        ({"method": "isotonic", "scores": [0.0, 1.0], "probabilities": [0.1, None]}, "no finite number in probab"),
    ],
)
def test_refuses_a_broken_curve(document: dict[str, Any], fault: str) -> None:
    with pytest.raises(BundleError, match=rf"^calibration\.json .*{fault}"):
        Calibration.from_json(render_json(document))


def test_refuses_a_curve_made_of_nan() -> None:
    with pytest.raises(BundleError, match="not finite"):
        Calibration(PLATT, slope=math.nan)

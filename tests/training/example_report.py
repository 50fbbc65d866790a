"""A report with round figures, and outcomes to draw."""

import math

import numpy as np

from solvent.bundle.calibration import Calibration, CalibrationMethod
from solvent.domain.policy import Policy, RiskLevel
from solvent.training.calibration import CalibrationChoice
from solvent.training.contributions import ExplainedRows
from solvent.training.evaluation import BrierParts, DecisionFigures, Evaluation, ReliabilityBin
from solvent.training.fitting import LearnerSettings
from solvent.training.held_out import HeldOut
from solvent.training.importance import Importance
from solvent.training.intervals import Estimate
from solvent.training.measures import ScoredOutcomes
from solvent.training.report import TrainingReport
from solvent.training.risk_bands import RiskBand, RiskBands
from solvent.training.threshold import CostPoint, PolicyChoice

NOT_DEFINED = Estimate(math.nan, math.nan, math.nan)
OUTCOMES = ScoredOutcomes(
    np.array([-3.0, -2.5, -2.0, -1.0]), np.array([0.05, 0.08, 0.12, 0.27]), np.array([0.0, 0.0, 1.0, 1.0])
)
HELD_OUT = HeldOut(
    np.array([1, 2, 3, 4]),
    OUTCOMES,
    OUTCOMES.probabilities >= 0.0912,
    {"sex": np.array(["F", "M", "F", ""]), "age_band": np.array(["25 to 35", "", "", "from 65"])},
)
EXPLAINED = ExplainedRows(
    ("ext_source_1", "ext_source_2"),
    np.array([[0.1, 0.2], [0.5, np.nan], [0.7, 0.3], [0.9, 0.8]], dtype=np.float32),
    np.array([[0.3, 0.9], [0.1, 0.0], [-0.1, 0.8], [-0.2, -1.0]]),
)


def decisions(threshold: float, precision: Estimate) -> DecisionFigures:
    return DecisionFigures(
        threshold=threshold,
        true_positives=640,
        false_positives=2_400,
        true_negatives=6_600,
        false_negatives=360,
        recall=Estimate(0.64, 0.61, 0.67),
        precision=precision,
        f1=Estimate(0.32, 0.3, 0.34),
        approval_rate=Estimate(0.696, 0.69, 0.7),
        cost=Estimate(6_000.0, 5_800.0, 6_200.0),
        cost_per_application=Estimate(0.6, 0.58, 0.62),
    )


REPORT = TrainingReport(
    seed=7,
    settings=LearnerSettings(),
    rounds=321,
    splits={"fit": {"rows": 51_000, "defaults": 5_100}, "test": {"rows": 10_000, "defaults": 1_000}},
    calibration=CalibrationChoice(
        Calibration(CalibrationMethod.PLATT, slope=1.1, intercept=0.2), {CalibrationMethod.PLATT: 0.25}
    ),
    chosen=PolicyChoice(
        Policy(threshold=0.0912, medium_from=0.0456, high_from=0.0912),
        4_100.0,
        low=0.081,
        high=0.102,
        curve=(CostPoint(0.05, 0.7), CostPoint(0.0912, 0.6), CostPoint(1.0, 1.0)),
    ),
    test=Evaluation(
        rows=10_000,
        defaults=1_000,
        default_rate=Estimate(0.1, 0.09, 0.11),
        auc=Estimate(0.785, 0.775, 0.795),
        gini=Estimate(0.57, 0.55, 0.59),
        ks=Estimate(0.42, 0.4, 0.44),
        pr_auc=Estimate(0.28, 0.26, 0.3),
        brier=Estimate(0.07, 0.06, 0.08),
        brier_parts=BrierParts(
            Estimate(0.0001, 0.0, 0.0002), Estimate(0.02, 0.01, 0.03), Estimate(0.09, 0.08, 0.1), NOT_DEFINED
        ),
        log_loss=Estimate(0.25, 0.24, 0.26),
        calibration_error=Estimate(0.004, 0.002, 0.006),
        plain_calibration_error=0.0055,
        calibration_error_floor=0.0041,
        at_threshold=decisions(0.0912, Estimate(0.21, 0.2, 0.22)),
        at_half=decisions(0.5, NOT_DEFINED),
        reliability=(ReliabilityBin(5_000, 0.05, 0.048), ReliabilityBin(5_000, 0.15, 0.152)),
    ),
    bands=RiskBands(
        (
            RiskBand(RiskLevel.LOW, 0.0, 4_000, 120, 0.029, Estimate(0.03, 0.0251, 0.0358)),
            RiskBand(RiskLevel.MEDIUM, 0.0456, 2_960, 240, 0.08, Estimate(0.0811, 0.0718, 0.0915)),
            RiskBand(RiskLevel.HIGH, 0.0912, 3_040, 640, 0.211, Estimate(0.2105, 0.1964, 0.2254)),
        ),
        rising=True,
    ),
    importance=(Importance("ext_source_2", 0.6), Importance("ext_source_1", 0.4)),
)

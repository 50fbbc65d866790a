"""Puts together what training made: booster and curve to a model, model and report to the contents of a bundle."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from solvent import __version__
from solvent.bundle.files import BundleContents
from solvent.bundle.reference import ScoredRows, build_profile, render_reference
from solvent.features.matrix import FeatureMatrix
from solvent.training.calibration import CalibrationChoice, choose_calibration
from solvent.training.fitting import LIGHTGBM_VERSION, FittedModel
from solvent.training.measures import ScoredOutcomes
from solvent.training.model_card import render_model_card
from solvent.training.report import TrainingReport
from solvent.training.splits import Splits


@dataclass(frozen=True)
class CalibratedModel:
    """A booster with its curve: from features to probabilities."""

    fitted: FittedModel
    calibration: CalibrationChoice

    def apply(self, matrix: FeatureMatrix) -> ScoredOutcomes:
        """Score labelled applications as serving would."""
        scores = self.fitted.score(matrix)
        return ScoredOutcomes(scores, self.calibration.calibration.apply_many(scores), _defaulted(matrix))


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where and when a model comes from; `created_at` is aware."""

    data_fingerprint: str
    created_at: datetime


def calibrate_model(fitted: FittedModel, calibration: FeatureMatrix, *, seed: int) -> CalibratedModel:
    """Fit the curve on the calibration split."""
    return CalibratedModel(fitted, choose_calibration(fitted.score(calibration), _defaulted(calibration), seed=seed))


def assemble(model: CalibratedModel, splits: Splits, report: TrainingReport, provenance: Provenance) -> BundleContents:
    """Collect the contents of a bundle.

    The profile describes all rows that no tree was grown on: on its own rows a booster's scores spread wider than on
    anybody else's, which would look like drift. The reference sample comes from the test split.
    """
    program = splits.fit.program
    held_out = [_scored_rows(model, part) for part in (splits.calibration, splits.threshold, splits.test)]
    return BundleContents(
        program=program,
        model_text=model.fitted.text,
        calibration=model.calibration.calibration,
        policy=report.chosen.policy,
        reference=render_reference(program, held_out[-1], seed=report.seed),
        profile=build_profile(
            program,
            _join(held_out),
            importances={entry.feature: entry.share for entry in report.importance},
        ),
        evaluation=report.to_document(),
        model_card=render_model_card(report, program),
        top_features=report.top_features,
        training_rows=len(splits.fit),
        data_fingerprint=provenance.data_fingerprint,
        code_version=__version__,
        lightgbm_version=LIGHTGBM_VERSION,
        created_at=provenance.created_at,
    )


def _defaulted(matrix: FeatureMatrix) -> npt.NDArray[np.float64]:
    return matrix.target.astype(np.float64)


def _scored_rows(model: CalibratedModel, matrix: FeatureMatrix) -> ScoredRows:
    outcomes = model.apply(matrix)
    return ScoredRows(matrix.values, outcomes.scores, outcomes.probabilities)


def _join(parts: list[ScoredRows]) -> ScoredRows:
    return ScoredRows(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
    )

"""Develops a model: trees, curve and policy, each from rows that the one before it was not fitted on."""

from dataclasses import dataclass
from typing import Generic

import numpy as np
import numpy.typing as npt

from solvent.domain.costs import CostMatrix
from solvent.domain.progress import Progress, silent
from solvent.features.matrix import FeatureMatrix
from solvent.training.calibration import CalibrationChoice, choose_calibration
from solvent.training.cross_fitting import Fitted, Learner, cross_fit
from solvent.training.measures import ScoredOutcomes
from solvent.training.splits import Splits
from solvent.training.threshold import PolicyChoice, choose_policy

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DevelopedModel(Generic[Fitted]):
    """A model with its curve and policy; `held_out` are the rows that chose these, each scored by its fold's model."""

    model: Fitted
    calibration: CalibrationChoice
    chosen: PolicyChoice
    held_out: ScoredOutcomes

    def apply(self, matrix: FeatureMatrix) -> ScoredOutcomes:
        """Score labelled applications as serving would."""
        return _join(self.model.score(matrix), self.calibration, matrix.target)


@dataclass(frozen=True, slots=True)
class DevelopmentRules:
    """What every model of one training is developed by."""

    costs: CostMatrix
    forbidden: frozenset[str]
    seed: int


def develop(
    learner: Learner[Fitted], splits: Splits, rules: DevelopmentRules, *, progress: Progress = silent
) -> DevelopedModel[Fitted]:
    """Fit a learner across the folds, then its curve on the calibration rows and its policy on the threshold rows.

    Raises:
        TrainingError: the scores do not rise with the defaults.
    """
    fitted = cross_fit(learner, splits, progress=progress)
    target = splits.matrix.target
    progress("calibrating", 0.0)
    curve = choose_calibration(
        fitted.held_out[splits.calibration], target[splits.calibration].astype(np.float64), seed=rules.seed
    )
    on_threshold = _join(fitted.held_out[splits.threshold], curve, target[splits.threshold])
    chosen = choose_policy(on_threshold, costs=rules.costs, forbidden=rules.forbidden, seed=rules.seed)
    crossed = splits.crossed
    return DevelopedModel(fitted.model, curve, chosen, _join(fitted.held_out[crossed], curve, target[crossed]))


def _join(scores: Floats, curve: CalibrationChoice, target: npt.NDArray[np.float32]) -> ScoredOutcomes:
    return ScoredOutcomes(scores, curve.calibration.apply_many(scores), target.astype(np.float64))

"""Gives every row of calibration and threshold a score by a model that did not grow on it, and one model to serve."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from solvent.domain.progress import Progress, silent
from solvent.features.matrix import FeatureMatrix
from solvent.training.splits import FOLDS, Splits

Floats = npt.NDArray[np.float64]


class Scorer(Protocol):
    """A fitted model: a higher score is a higher risk."""

    def score(self, matrix: FeatureMatrix) -> Floats:
        """Log-odds of default, not calibrated, of shape (rows,)."""


Fitted = TypeVar("Fitted", bound=Scorer)


class Learner(Protocol[Fitted]):
    """A way to fit a model."""

    def fit(self, rows: FeatureMatrix, stopping: FeatureMatrix, /, *, progress: Progress = silent) -> Fitted:
        """Fit on rows; the stopping rows may decide how long."""

    def refit(self, rows: FeatureMatrix, folds: Sequence[Fitted], /, *, progress: Progress = silent) -> Fitted:
        """Fit on more rows, as long as the models of the folds were fitted."""


@dataclass(frozen=True)
class CrossFitted(Generic[Fitted]):
    """The model to serve, which grew on all rows but the test rows, and the scores that judge it before the test.

    `held_out`: scores of shape (labelled clients,) by the model of the client's fold, NaN outside the folds.
    """

    model: Fitted
    held_out: Floats


def cross_fit(learner: Learner[Fitted], splits: Splits, *, progress: Progress = silent) -> CrossFitted[Fitted]:
    """Fit one model per fold and the one to serve.

    The curve and the threshold are fitted on scores of models that saw three quarters of the rows of the served one
    (fit and two folds of three: 65 % of the labelled clients against 85 %), grown as long: the nearest to its own
    scores of new clients that rows can give which all go into it in the end.
    """
    stopping = splits.rows(splits.stopping)
    held_out = np.full(len(splits.matrix), np.nan)
    models = []
    for fold in range(FOLDS):
        grown, scored = splits.fold_rows(fold)
        models.append(learner.fit(splits.rows(grown), stopping, progress=_say(progress, fold)))
        held_out[scored] = models[-1].score(splits.rows(scored))
    model = learner.refit(splits.rows(splits.grown), models, progress=_say(progress, FOLDS))
    return CrossFitted(model, held_out)


def _say(progress: Progress, fold: int) -> Progress:
    """Report the share of one model as a share of all."""

    def report(what: str, share: float) -> None:
        progress(f"{what}, model {fold + 1} of {FOLDS + 1}", share)

    return report

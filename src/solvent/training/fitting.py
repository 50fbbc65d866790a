"""Fits the LightGBM booster, with early stopping on rows that no tree grew on."""

import os
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from solvent.bundle.agreement import find_forbidden_features
from solvent.domain.progress import Progress, silent
from solvent.errors import ForbiddenFeatureError, TrainingError
from solvent.features.matrix import FeatureMatrix

# Read while OpenMP is loaded: threads that wait by spinning made 460 rounds on 2 busy cores take 84 s instead of 6 s.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import lightgbm

LIGHTGBM_VERSION: str = lightgbm.__version__
FEWEST_DEFAULTS = 50
"""Below this the threshold split holds fewer than five defaults and every figure is noise."""


@dataclass(frozen=True, slots=True)
class LearnerSettings:
    """Settings of the booster: shallow trees, few columns each, strong L2, no class weights.

    Source: the settings of the published solutions in FEATURES.md ("Learner settings that worked").
    """

    learning_rate: float = 0.03
    num_leaves: int = 24
    feature_fraction: float = 0.15
    bagging_fraction: float = 0.8
    bagging_freq: int = 1
    lambda_l2: float = 50.0
    min_data_in_leaf: int = 50
    cat_smooth: float = 50.0
    max_rounds: int = 3_000
    stopping_rounds: int = 100
    num_threads: int = 2


@dataclass(frozen=True)
class FittedModel:
    """A booster as the text that travels in the bundle; `gains` holds the total gain of each feature."""

    text: str
    rounds: int
    gains: npt.NDArray[np.float64]

    def score(self, matrix: FeatureMatrix) -> npt.NDArray[np.float64]:
        """Raw scores in log-odds, of shape (rows,), by the booster that the text describes."""
        booster = lightgbm.Booster(model_str=self.text)
        scores: npt.NDArray[np.float64] = booster.predict(matrix.values, raw_score=True)
        return scores


def check_trainable(matrix: FeatureMatrix, *, forbidden: Collection[str]) -> None:
    """Check labelled rows before any work is put into them.

    Raises:
        ForbiddenFeatureError: a feature reads a forbidden column.
        TrainingError: the target is not 0 and 1, one class is missing, or defaults are too few.
    """
    for name, columns in find_forbidden_features(matrix.program, forbidden).items():
        raise ForbiddenFeatureError(name, columns)
    if not np.isin(matrix.target, (0.0, 1.0)).all():
        raise TrainingError("TARGET holds something else than 0 and 1: correct application_train")
    defaults = int(matrix.target.sum())
    if not len(matrix):
        raise TrainingError("no application has a TARGET: add application_train with its outcomes")
    if defaults == len(matrix):
        raise TrainingError("TARGET is 1 in every labelled application: add applications that were repaid")
    if defaults < FEWEST_DEFAULTS:
        raise TrainingError(
            f"TARGET is 1 in {defaults} applications: add applications until at least {FEWEST_DEFAULTS} defaulted"
        )


def fit_booster(
    fit: FeatureMatrix,
    stopping: FeatureMatrix,
    *,
    settings: LearnerSettings,
    seed: int,
    progress: Progress = silent,
) -> FittedModel:
    """Grow trees on `fit` until the log loss on `stopping` has not fallen for `stopping_rounds`.

    The same rows, settings and seed give the same text.
    """
    parameters = _parameters(settings, seed)
    rows = _dataset(fit, parameters)
    booster = lightgbm.train(
        parameters,
        rows,
        num_boost_round=settings.max_rounds,
        valid_sets=[_dataset(stopping, parameters, reference=rows)],
        callbacks=[
            lightgbm.early_stopping(settings.stopping_rounds, verbose=False),
            _reporting(progress, settings.max_rounds),
        ],
    )
    best = booster.best_iteration
    gains = booster.feature_importance("gain", iteration=best).astype(np.float64)
    return FittedModel(booster.model_to_string(num_iteration=best), best, gains)


def _parameters(settings: LearnerSettings, seed: int) -> dict[str, Any]:
    grown = {name: value for name, value in asdict(settings).items() if name not in ("max_rounds", "stopping_rounds")}
    fixed = {"objective": "binary", "metric": "binary_logloss", "seed": seed, "verbosity": -1}
    return grown | fixed | {"deterministic": True, "force_row_wise": True}


def _dataset(
    matrix: FeatureMatrix, parameters: dict[str, Any], *, reference: lightgbm.Dataset | None = None
) -> lightgbm.Dataset:
    return lightgbm.Dataset(
        matrix.values,
        matrix.target,
        reference=reference,
        feature_name=list(matrix.program.names),
        categorical_feature=list(matrix.program.category_positions),
        params=parameters,
    )


def _reporting(progress: Progress, rounds: int) -> Callable[[Any], None]:
    def report(state: Any) -> None:  # noqa: ANN401 - LightGBM's own environment tuple
        if state.iteration % 20 == 0:
            progress("growing trees", state.iteration / rounds)

    return report

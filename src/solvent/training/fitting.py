"""Fits the LightGBM booster, with early stopping on rows that no tree grew on."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
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


_ROUNDS = ("max_rounds", "stopping_rounds")


@dataclass(frozen=True, slots=True)
class LearnerSettings:
    """Settings of the booster: shallow trees, few columns each, strong L2, no class weights.

    Source: what published solutions of the competition settled on (GitHub: js-aguiar/home-credit-default-competition,
    KazukiOnodera/Home-Credit-Default-Risk, pawelgodula/kagglehomecredit).
    """

    learning_rate: float = 0.05
    num_leaves: int = 6
    feature_fraction: float = 0.08
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


@dataclass(frozen=True)
class BoosterLearner:
    """LightGBM with these settings; the same rows, settings and seed give the same text.

    `directions`: per feature of the program, 1 where the score may only rise with it, -1 where it may only fall, 0
    where it is free; empty where all are free.
    """

    settings: LearnerSettings
    seed: int
    directions: tuple[int, ...] = ()

    def fit(self, rows: FeatureMatrix, stopping: FeatureMatrix, *, progress: Progress = silent) -> FittedModel:
        """Grow trees on `rows` until the log loss on `stopping` has not fallen for `stopping_rounds`."""
        parameters = self._parameters()
        grown = open_dataset(rows, parameters)
        booster = lightgbm.train(
            parameters,
            grown,
            num_boost_round=self.settings.max_rounds,
            valid_sets=[open_dataset(stopping, parameters, reference=grown)],
            callbacks=[
                lightgbm.early_stopping(self.settings.stopping_rounds, verbose=False),
                _reporting(progress, self.settings.max_rounds),
            ],
        )
        return _read_booster(booster, booster.best_iteration)

    def refit(self, rows: FeatureMatrix, folds: Sequence[FittedModel], *, progress: Progress = silent) -> FittedModel:
        """Grow as many trees on `rows` as the folds took at their median."""
        rounds = int(np.median([model.rounds for model in folds]))
        parameters = self._parameters()
        booster = lightgbm.train(
            parameters, open_dataset(rows, parameters), num_boost_round=rounds, callbacks=[_reporting(progress, rounds)]
        )
        return _read_booster(booster, rounds)

    def _parameters(self) -> dict[str, Any]:
        chosen = {name: value for name, value in asdict(self.settings).items() if name not in _ROUNDS}
        fixed = {"objective": "binary", "metric": "binary_logloss", "seed": self.seed, "verbosity": -1}
        constraints = {"monotone_constraints": list(self.directions)} if any(self.directions) else {}
        return chosen | fixed | constraints | {"deterministic": True, "force_row_wise": True}


def _read_booster(booster: lightgbm.Booster, rounds: int) -> FittedModel:
    gains = booster.feature_importance("gain", iteration=rounds).astype(np.float64)
    return FittedModel(booster.model_to_string(num_iteration=rounds), rounds, gains)


def open_dataset(
    matrix: FeatureMatrix, parameters: Mapping[str, Any], *, reference: lightgbm.Dataset | None = None
) -> lightgbm.Dataset:
    """Hand rows to LightGBM, with the names and categories of their program."""
    return lightgbm.Dataset(
        matrix.values,
        matrix.target,
        reference=reference,
        feature_name=list(matrix.program.names),
        categorical_feature=list(matrix.program.category_positions),
        params=dict(parameters),
    )


def _reporting(progress: Progress, rounds: int) -> Callable[[Any], None]:
    def report(state: Any) -> None:  # noqa: ANN401 - LightGBM's own environment tuple
        if state.iteration % 20 == 0:
            progress("growing trees", state.iteration / rounds)

    return report

"""What each feature gains with the true outcomes, and with shuffled ones that it cannot know anything of."""

from dataclasses import dataclass

import lightgbm
import numpy as np
import numpy.typing as npt

from solvent.domain.progress import Progress, silent
from solvent.features.matrix import FeatureMatrix
from solvent.training.fitting import open_dataset

TRUE_RUNS = 3
NULL_RUNS = 12
ROUNDS = 60

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gains:
    """Total gain per run and feature: `true` of shape (3, features), `null` of shape (12, features)."""

    true: Floats
    null: Floats


def measure_gains(matrix: FeatureMatrix, *, seed: int, threads: int, progress: Progress = silent) -> Gains:
    """Fit small boosters to the outcomes under different seeds, and to shuffled outcomes.

    Source: Altmann, Tolosi, Sander and Lengauer (2010), "Permutation importance: a corrected feature importance
    measure"; usual are some 80 shuffles, for which a quarter of the rows would have to do.
    """
    generator = np.random.default_rng(seed)
    parameters = {**_PARAMETERS, "num_threads": threads}
    rows = open_dataset(matrix, parameters)
    runs = []
    for run in range(TRUE_RUNS + NULL_RUNS):
        progress("comparing features with shuffled outcomes", run / (TRUE_RUNS + NULL_RUNS))
        target = matrix.target if run < TRUE_RUNS else generator.permutation(matrix.target)
        rows.set_label(target)
        booster = lightgbm.train({**parameters, "seed": seed + run}, rows, num_boost_round=ROUNDS)
        runs.append(booster.feature_importance("gain").astype(np.float64))
    return Gains(np.array(runs[:TRUE_RUNS]), np.array(runs[TRUE_RUNS:]))


_PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 16,
    "feature_fraction": 0.2,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "min_data_in_leaf": 50,
    "cat_smooth": 50.0,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
}

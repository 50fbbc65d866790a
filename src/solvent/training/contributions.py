"""What each feature adds to the score of test rows: TreeSHAP by LightGBM itself, which needs no package for it."""

from dataclasses import dataclass

import lightgbm
import numpy as np
import numpy.typing as npt

from solvent.features.matrix import FeatureMatrix

ROWS = 1_000
"""Enough for the shape of a cloud of points; TreeSHAP takes some 2 ms a row."""


@dataclass(frozen=True)
class ExplainedRows:
    """Feature values and their contributions in log-odds of default, both of shape (rows, features)."""

    names: tuple[str, ...]
    values: npt.NDArray[np.float32]
    contributions: npt.NDArray[np.float64]

    def strongest(self, count: int) -> npt.NDArray[np.intp]:
        """Positions of the features with the largest mean absolute contribution, the strongest first."""
        return np.argsort(-np.abs(self.contributions).mean(axis=0), kind="stable")[:count]


def explain_rows(model_text: str, matrix: FeatureMatrix, *, seed: int, limit: int = ROWS) -> ExplainedRows:
    """Take a seeded sample of rows apart (`pred_contrib`: Lundberg and Lee 2017, Lundberg et al. 2020)."""
    chosen = np.random.default_rng(seed).permutation(len(matrix))[:limit]
    values = matrix.values[np.sort(chosen)]
    contributions = np.asarray(lightgbm.Booster(model_str=model_text).predict(values, pred_contrib=True))
    return ExplainedRows(matrix.program.names, values, contributions[:, :-1])

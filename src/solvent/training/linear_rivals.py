"""The simplest rival that learns: a logistic regression."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from solvent.domain.progress import Progress, silent
from solvent.features.matrix import FeatureMatrix

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LogisticModel:
    """A fitted regression: how columns are prepared, and their weights."""

    centre: Floats
    spread: Floats
    flagged: npt.NDArray[np.intp]
    categories: tuple[tuple[int, int], ...]
    weights: Floats
    intercept: float

    def score(self, matrix: FeatureMatrix) -> Floats:
        """Log-odds, of shape (rows,)."""
        return np.asarray(self.prepare(matrix.values) @ self.weights + self.intercept)

    def prepare(self, values: npt.NDArray[np.float32]) -> Floats:
        """Standard scores with missing values at the mean, flags of what is missing, one column per category."""
        missing = np.isnan(values)
        scaled = np.where(missing, 0.0, np.clip((values - self.centre) / self.spread, -_FARTHEST, _FARTHEST))
        scaled[:, [column for column, _ in self.categories]] = 0.0
        one_hot = [values[:, [column]] == np.arange(count) for column, count in self.categories]
        return np.column_stack([scaled, missing[:, self.flagged], *one_hot]).astype(np.float64)


@dataclass(frozen=True)
class LogisticLearner:
    """Logistic regression with L2, on standard scores; it needs no stopping rows."""

    strength: float = 0.01

    def fit(self, rows: FeatureMatrix, _stopping: FeatureMatrix, *, progress: Progress = silent) -> LogisticModel:
        """Fit on the rows."""
        progress("fitting a logistic regression", 0.0)
        values = rows.values.astype(np.float64)
        present = ~np.isnan(values)
        counts = np.maximum(present.sum(axis=0), 1)
        centre = np.where(present, values, 0.0).sum(axis=0) / counts
        spread = np.sqrt((np.where(present, values - centre, 0.0) ** 2).sum(axis=0) / counts)
        model = LogisticModel(
            centre,
            np.where(spread > 0, spread, 1.0),
            np.flatnonzero(~present.all(axis=0)),
            tuple((at, len(rows.program.features[at].categories)) for at in rows.program.category_positions),
            np.zeros(0),
            0.0,
        )
        line = LogisticRegression(C=self.strength, solver="lbfgs", max_iter=1_000, tol=1e-3)
        line.fit(model.prepare(rows.values), rows.target)
        return replace(model, weights=line.coef_[0], intercept=float(line.intercept_[0]))

    def refit(
        self, rows: FeatureMatrix, _folds: Sequence[LogisticModel], *, progress: Progress = silent
    ) -> LogisticModel:
        """Fit on more rows in the same way."""
        return self.fit(rows, rows, progress=progress)


_FARTHEST = 5.0
"""Amounts have long tails: a value beyond five standard deviations counts as five."""

"""The rival that the trade would build: a scorecard of weights of evidence, after optbinning; its only owner."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from optbinning import OptimalBinning
from sklearn.linear_model import LogisticRegression

from solvent.domain.progress import Progress, silent
from solvent.errors import TrainingError
from solvent.features.matrix import FeatureMatrix

BASE_POINTS, BASE_ODDS, POINTS_TO_DOUBLE = 600.0, 50.0, 20.0
"""600 points at 50 good payers to one default, 20 points more double the odds (Siddiqi 2006, chapter 6)."""
LEAST_INFORMATION = 0.02
"""An information value below it is called unpredictive (Siddiqi 2006, chapter 6)."""
LARGEST_CORRELATION = 0.7

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Characteristic:
    """A feature of the card: its column, its binning and its weight in the log-odds of default."""

    column: int
    binning: OptimalBinning
    weight: float


@dataclass(frozen=True)
class Scorecard:
    """Characteristics whose bins add up."""

    characteristics: tuple[Characteristic, ...]
    intercept: float

    def score(self, matrix: FeatureMatrix) -> Floats:
        """Log-odds of default, of shape (rows,)."""
        total = np.full(len(matrix), self.intercept)
        for one in self.characteristics:
            total += one.weight * weigh_evidence(one.binning, matrix.values[:, one.column])
        return total

    def points(self, matrix: FeatureMatrix) -> Floats:
        """The score on the scale of the trade, more points for a safer client."""
        return to_points(self.score(matrix))


@dataclass(frozen=True)
class ScorecardLearner:
    """Bins the candidates, keeps those that inform and do not repeat each other, and weighs them.

    `candidates`: names of features, such as the most important ones of a booster; a card holds a few dozen.
    """

    candidates: tuple[str, ...]

    def fit(self, rows: FeatureMatrix, _stopping: FeatureMatrix, *, progress: Progress = silent) -> Scorecard:
        """Fit on the rows; the stopping rows are not needed.

        Raises:
            TrainingError: no candidate informs.
        """
        binned = []
        for number, name in enumerate(self.candidates):
            progress("binning for a scorecard", number / len(self.candidates))
            column = rows.program.names.index(name)
            binned.append((column, _bin(rows, column)))
        informing = [(column, binning) for column, binning in binned if _information(binning) >= LEAST_INFORMATION]
        informing.sort(key=lambda entry: -_information(entry[1]))
        kept, evidence = _leave_out_repeats(rows, informing)
        if not kept:
            raise TrainingError("no feature informs enough for a scorecard: add applications")
        return _weigh(kept, evidence, rows.target)

    def refit(self, rows: FeatureMatrix, _folds: Sequence[Scorecard], *, progress: Progress = silent) -> Scorecard:
        """Fit on more rows in the same way."""
        return self.fit(rows, rows, progress=progress)


def to_points(log_odds: Floats) -> Floats:
    """Translate log-odds of default to points."""
    factor = POINTS_TO_DOUBLE / math.log(2.0)
    return np.asarray(BASE_POINTS - factor * (log_odds + math.log(BASE_ODDS)))


def weigh_evidence(binning: OptimalBinning, values: npt.NDArray[np.float32]) -> Floats:
    """Weight of evidence of each value; that of missing ones as their own bin had it."""
    return np.asarray(
        binning.transform(_prepare(binning, values), metric="woe", metric_missing="empirical"), np.float64
    )


def _bin(rows: FeatureMatrix, column: int) -> OptimalBinning:
    kind = "categorical" if rows.program.features[column].categories else "numerical"
    binning = OptimalBinning(name=rows.program.names[column], dtype=kind, monotonic_trend="auto_asc_desc")
    binning.fit(_prepare(binning, rows.values[:, column]), rows.target.astype(int))
    binning.binning_table.build()
    return binning


def _prepare(binning: OptimalBinning, values: npt.NDArray[np.float32]) -> npt.NDArray[np.generic]:
    """Codes of categories as whole numbers, -1 for missing: a category of its own."""
    return np.where(np.isnan(values), -1, values).astype(int) if binning.dtype == "categorical" else values


def _information(binning: OptimalBinning) -> float:
    return float(binning.binning_table.iv)


def _leave_out_repeats(
    rows: FeatureMatrix, informing: list[tuple[int, OptimalBinning]]
) -> tuple[list[tuple[int, OptimalBinning]], Floats]:
    kept: list[tuple[int, OptimalBinning]] = []
    evidence: list[Floats] = []
    for column, binning in informing:
        candidate = weigh_evidence(binning, rows.values[:, column])
        if all(abs(np.corrcoef(candidate, other)[0, 1]) < LARGEST_CORRELATION for other in evidence):
            kept.append((column, binning))
            evidence.append(candidate)
    return kept, np.column_stack(evidence) if evidence else np.zeros((len(rows), 0))


def _weigh(kept: list[tuple[int, OptimalBinning]], evidence: Floats, target: npt.NDArray[np.float32]) -> Scorecard:
    """Weights of evidence point to good payers: a characteristic whose weight points the other way is left out."""
    columns = np.arange(len(kept))
    while True:
        line = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(evidence[:, columns], target)
        right = line.coef_[0] < 0
        if right.all() or not right.any():
            break
        columns = columns[right]
    chosen = (Characteristic(*kept[at], float(weight)) for at, weight in zip(columns, line.coef_[0], strict=True))
    return Scorecard(tuple(chosen), float(line.intercept_[0]))

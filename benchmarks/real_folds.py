"""Our features and learner beside a plain LightGBM on raw application columns, on the real sample, in the same folds.

    python benchmarks/real_folds.py --real DIR [--seed 0]

Five folds over all labelled applications; each model is fitted on four of them (a tenth of those rows ends its growth)
and scores the fifth. Prints the AUC of all out-of-fold scores with DeLong's interval, and the paired difference. With
1,150 applications the standard error is about 0.03: this shows that the whole path runs on real rows, and little more.
The clients of `clients_with_instalments.csv` are enriched in defaults and alone have instalments, so having any
gives a default away: the line without them is the honest one.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.csv

from solvent.features.matrix import FeatureMatrix
from solvent.training.delong import compare_aucs, measure_auc
from solvent.training.fitting import BoosterLearner, LearnerSettings
from solvent.training.intervals import Estimate
from solvent.training.monotone import find_directions
from solvent.training.rivals import PLAIN
from solvent.training.run import TrainingRequest, read_labelled
from solvent.training.selection import select_features
from solvent.training.splits import hash_clients

FOLDS = 5
STOPPING_EVERY = 10

Floats = npt.NDArray[np.float64]
Score = Callable[[FeatureMatrix, FeatureMatrix, FeatureMatrix], Floats]


def main() -> None:
    """Score every application out of fold by both models and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, required=True, help="folder of the real sample")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    matrix = read_labelled(TrainingRequest(arguments.real, arguments.real))
    raw = matrix.keep(_raw_columns(matrix))
    defaulted = matrix.target.astype(np.float64)
    ours = score_out_of_fold(matrix, lambda *parts: _score_ours(*parts, seed=arguments.seed), seed=arguments.seed)
    plain = score_out_of_fold(raw, lambda *parts: _score_plain(*parts, seed=arguments.seed), seed=arguments.seed)
    listed = pyarrow.csv.read_csv(arguments.real / "clients_with_instalments.csv")["SK_ID_CURR"].to_numpy()
    enriched = np.isin(matrix.client_ids, listed)
    for name, rows in (("all", np.ones(len(matrix), dtype=np.bool_)), ("not enriched in defaults", ~enriched)):
        print(f"{name}: {int(rows.sum()):,} applications, {int(defaulted[rows].sum())} defaults")
        print(f"  ours, all tables        AUC {_tell(measure_auc(ours[rows], defaulted[rows]))}")
        print(f"  plain, raw application  AUC {_tell(measure_auc(plain[rows], defaulted[rows]))}")
        print(f"  ours less plain             {_tell(compare_aucs(plain[rows], ours[rows], defaulted[rows]))}")


def score_out_of_fold(matrix: FeatureMatrix, score: Score, *, seed: int) -> Floats:
    """Scores of shape (rows,), each by a model that saw nothing of the row's fold."""
    order = np.argsort(hash_clients(matrix.client_ids, seed=seed))
    order = order[np.argsort(matrix.target[order], kind="stable")]
    fold = np.empty(len(matrix), dtype=np.intp)
    fold[order] = np.arange(len(matrix)) % FOLDS
    scores = np.empty(len(matrix))
    for number in range(FOLDS):
        inside = np.flatnonzero(fold != number)
        stops = np.arange(len(inside)) % STOPPING_EVERY == 0
        held_out = np.flatnonzero(fold == number)
        scores[held_out] = score(matrix.rows(inside[~stops]), matrix.rows(inside[stops]), matrix.rows(held_out))
    return scores


def _score_ours(grown: FeatureMatrix, stopping: FeatureMatrix, scored: FeatureMatrix, *, seed: int) -> Floats:
    names, _ = select_features(grown, seed=seed)
    learner = BoosterLearner(LearnerSettings(), seed, find_directions(grown.keep(names).program))
    return learner.fit(grown.keep(names), stopping.keep(names)).score(scored.keep(names))


def _score_plain(grown: FeatureMatrix, stopping: FeatureMatrix, scored: FeatureMatrix, *, seed: int) -> Floats:
    return BoosterLearner(PLAIN, seed).fit(grown, stopping).score(scored)


def _raw_columns(matrix: FeatureMatrix) -> tuple[str, ...]:
    """Features that are one raw column of the application, unchanged."""
    nodes = matrix.program.nodes
    return tuple(
        feature.name
        for feature in matrix.program.features
        if nodes[feature.node].op == "column" and nodes[feature.node].level.table == "application"
    )


def _tell(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


if __name__ == "__main__":
    main()

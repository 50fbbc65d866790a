"""What each history table adds to a model of the application, and how far all of them stay below the truth.

    python benchmarks/table_gains.py --world DIR [--folds 3] [--seed 0]

One learner (the settings of `solvent train`), cross-validated over all clients of a simulated world, on the features of
the application, of the application and one history, and of all tables. No column is forbidden here, as in the published
solutions. The AUC of a score is its mean over all outcomes that the true probabilities allow, not over the one that was
drawn: the truth is known, so the draw adds no noise to the comparison; trees grow on the drawn outcomes alone.

The gains are no finding about the world: in `tools/fit_truth.py` the weights that are set by hand were chosen so that
they come out near the published ones. The table shows how well that holds in another draw or at another size.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet

from solvent.features.catalogue import build_program
from solvent.features.ibis_engine import BatchEngine
from solvent.features.matrix import FeatureMatrix
from solvent.tables.reading import open_tables
from solvent.training.fitting import BoosterLearner, LearnerSettings
from solvent.training.splits import hash_clients

Floats = npt.NDArray[np.float64]

PUBLISHED = {
    "application": 0.7712,
    "installments_payments": 0.0121,
    "previous_application": 0.0115,
    "bureau": 0.0106,
    "POS_CASH_balance": 0.0076,
    "credit_card_balance": 0.0043,
    "all tables": 0.7999,
}
"""AUC of the application, gains of one table each, and AUC of all: the 10th place of the competition, one LightGBM."""

HISTORIES = tuple(PUBLISHED)[1:-1]
TOGETHER = {"bureau": frozenset({"bureau", "bureau_balance"})}
STOPPING_SHARE = 0.1
SETTINGS = replace(LearnerSettings(), learning_rate=0.05)


def expected_auc(scores: Floats, probabilities: Floats) -> float:
    """Return the AUC of scores (n,) over all outcomes that independent true probabilities (n,) allow.

    The chance that a client who defaults outscores one who does not, each pair weighted by how likely it is; equal
    scores count a half.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    bad = np.add.reduceat(probabilities[order], starts)
    good = np.add.reduceat(1 - probabilities[order], starts)
    return float(np.sum(bad * (np.cumsum(good) - good / 2)) / (bad.sum() * good.sum()))


def read_world(world: Path) -> tuple[FeatureMatrix, Floats]:
    """Return features of all clients, train and test, with the outcome of each, and their true probabilities."""
    with open_tables(world) as tables:
        matrix = BatchEngine(build_program(frozenset()), tables).read_matrix()
    truth = pyarrow.parquet.read_table(world / "truth.parquet")
    order = np.argsort(truth["SK_ID_CURR"].to_numpy())
    if not np.array_equal(truth["SK_ID_CURR"].to_numpy()[order], matrix.client_ids):
        raise SystemExit(f"{world}: truth.parquet and the applications differ in their clients; make the world again")
    target = truth["defaulted"].to_numpy()[order].astype(np.float32)
    known = FeatureMatrix(matrix.client_ids, matrix.values, target, matrix.program)
    return known, truth["true_probability_default"].to_numpy()[order]


def features_of(matrix: FeatureMatrix, tables: frozenset[str]) -> FeatureMatrix:
    """Keep the features that read these tables only."""
    kept = [
        position
        for position, feature in enumerate(matrix.program.features)
        if {source.partition(".")[0] for source in feature.sources} <= tables
    ]
    program = replace(matrix.program, features=tuple(matrix.program.features[position] for position in kept))
    return FeatureMatrix(matrix.client_ids, matrix.values[:, kept], matrix.target, program)


def cross_validate(matrix: FeatureMatrix, *, folds: int, seed: int) -> Floats:
    """Return scores (n,) of clients by boosters that were fitted and stopped on other folds."""
    draw = hash_clients(matrix.client_ids, seed=seed).astype(np.float64) / 2.0**64
    fold = np.minimum((draw * folds).astype(np.int64), folds - 1)
    inside = draw * folds - fold
    scores = np.empty(len(matrix))
    for number in range(folds):
        stops = (fold != number) & (inside < STOPPING_SHARE)
        grows = (fold != number) & ~stops
        fitted = BoosterLearner(SETTINGS, seed).fit(matrix.rows(grows), matrix.rows(stops))
        scores[fold == number] = fitted.score(matrix.rows(fold == number))
    return scores


def measure(matrix: FeatureMatrix, probabilities: Floats, *, folds: int, seed: int) -> Mapping[str, tuple[int, float]]:
    """Return features and expected AUC of the application, of it and each history, and of all tables."""
    application = frozenset({"application"})
    sets = {name: application | TOGETHER.get(name, frozenset({name})) for name in HISTORIES}
    everything = frozenset().union(*sets.values())
    measured = {}
    for name, tables in {"application": application, **sets, "all tables": everything}.items():
        part = features_of(matrix, tables)
        auc = expected_auc(cross_validate(part, folds=folds, seed=seed), probabilities)
        measured[name] = (len(part.program.features), auc)
        print(f"  {name}: {auc:.4f}", flush=True)
    return measured


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path, required=True, help="folder of a simulated world with its truth")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    matrix, probabilities = read_world(arguments.world)
    measured = measure(matrix, probabilities, folds=arguments.folds, seed=arguments.seed)
    base = measured["application"][1]
    print(f"\n{len(matrix):,} clients, {arguments.folds} folds; published: one LightGBM on the real tables")
    print(f"{'':30}{'features':>9}{'AUC':>9}{'gain':>9}{'published':>11}")
    for name, (features, auc) in measured.items():
        gain = "" if name == "application" else f"{auc - base:+.4f}"
        print(f"{name:30}{features:9d}{auc:9.4f}{gain:>9}{PUBLISHED[name]:11.4f}")
    print(f"{'ceiling (the truth itself)':30}{'':9}{expected_auc(probabilities, probabilities):9.4f}")
    print("hand-set weights of the truth were chosen so that AUC and gains come near the published ones")


if __name__ == "__main__":
    main()

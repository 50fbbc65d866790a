"""Judges a model against the truth of the simulated world that it was trained on.

    solvent train --data WORLD --out BUNDLE
    python benchmarks/honest_model.py --world WORLD --bundle BUNDLE [--features FILE]

FILE holds the features of that world as `solvent features build` writes them; without it they are computed.

On the bundle's test clients (drawn again from its seed), with each client's true probability of default:

- AUC with DeLong's interval, the ceiling (the AUC of the true probability), both as expected under the truth (every
  client counts as a default with its true probability: no luck of the draw), and the share of the attainable lift,
  (AUC - 0.5) / (ceiling - 0.5);
- the mean absolute difference between our probability and the true one;
- ECE over 10 bins of equal mass: against the outcomes, corrected for what the luck of the draw adds, and as it shows,
  beside what true probabilities show on average and what the truth itself shows; and against the truth;
- expected cost of the bundle's threshold over that of the best threshold on the same probabilities known from the
  truth, and over that of deciding by the truth itself.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow
import pyarrow.compute
import pyarrow.parquet

from solvent.bundle.files import Bundle, read_bundle
from solvent.domain.costs import CostMatrix
from solvent.features.ibis_engine import BatchEngine
from solvent.features.matrix import FeatureMatrix
from solvent.features.program import CLIENT, Program
from solvent.scoring.model import Model
from solvent.tables.reading import open_tables
from solvent.tables.schemas import TARGET
from solvent.training.evaluation import evaluate
from solvent.training.measures import ScoredOutcomes, bin_by_mass
from solvent.training.splits import split_clients

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """Test clients: what the model says, what happened, and the truth; each of shape (rows,)."""

    outcomes: ScoredOutcomes
    truth: Floats


def read_features(file: Path, program: Program) -> FeatureMatrix:
    """Read the features of a program from a file of `solvent features build` that holds them, perhaps among others."""
    table = pyarrow.parquet.read_table(file, columns=[CLIENT, TARGET, *program.names])
    columns = (_to_numbers(table[feature.name], feature.categories) for feature in program.features)
    target = table[TARGET].to_numpy().astype(np.float32)
    return FeatureMatrix(table[CLIENT].to_numpy(), np.column_stack(list(columns)), target, program)


def _to_numbers(column: pyarrow.ChunkedArray, categories: tuple[str, ...]) -> npt.NDArray[np.float32]:
    if categories:
        column = pyarrow.compute.index_in(column, pyarrow.array(categories))
    return np.asarray(column.to_numpy(), dtype=np.float32)


def read_test_clients(bundle: Bundle, world: Path, features: Path | None = None) -> FeatureMatrix:
    """Draw the bundle's test clients again, with their features by its program, computed or from a file."""
    if features is not None:
        matrix = read_features(features, bundle.program)
    else:
        with open_tables(world) as tables:
            matrix = BatchEngine(bundle.program, tables).read_matrix()
    labelled = matrix.rows(~np.isnan(matrix.target))
    splits = split_clients(labelled, seed=bundle.evaluation["seed"])
    counts = bundle.evaluation["splits"]["test"]["rows"]
    if len(splits.test) != counts:
        raise SystemExit(f"the bundle has {counts} test clients, the world {len(splits.test)}: name its own world")
    return splits.rows(splits.test)


def judge(bundle: Bundle, test: FeatureMatrix, truth: Floats) -> Judged:
    """Score the test clients; those whose truth is not known are left out and counted."""
    known = ~np.isnan(truth)
    if not known.all():
        print(f"left out: {int((~known).sum())} clients without a true probability")
    matrix = test.rows(known)
    scores = Model(bundle).score_many(matrix.values)
    outcomes = ScoredOutcomes(scores, bundle.calibration.apply_many(scores), matrix.target.astype(np.float64))
    return Judged(outcomes, truth[known])


def expected_auc(scores: Floats, truth: Floats) -> float:
    """The chance that a default outscores a good payer when each client defaults with its true probability."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    bad = np.add.reduceat(truth[order], starts)
    good = np.add.reduceat(1 - truth[order], starts)
    return float((bad * (np.cumsum(good) - good / 2)).sum() / (bad.sum() * good.sum()))


def expected_costs(probabilities: Floats, truth: Floats, costs: CostMatrix) -> tuple[Floats, Floats]:
    """Every threshold, ascending, 1.0 last, and the expected cost per application of refusing at or above it."""
    order = np.argsort(probabilities, kind="stable")
    thresholds, starts = np.unique(probabilities[order], return_index=True)
    missed = np.append(0.0, np.cumsum(costs.false_negative * truth[order]))
    refused = np.append(0.0, np.cumsum(costs.false_positive * (1 - truth[order])))
    places = np.append(starts, len(order))
    return np.append(thresholds, 1.0), (missed[places] + refused[-1] - refused[places]) / len(order)


def cost_at(threshold: float, judged: Judged, costs: CostMatrix) -> float:
    """Expected cost per application of refusing at or above a threshold."""
    refused = judged.outcomes.probabilities >= threshold
    each = np.where(refused, costs.false_positive * (1 - judged.truth), costs.false_negative * judged.truth)
    return float(each.mean())


def bin_error(probabilities: Floats, happened: Floats) -> float:
    """ECE over 10 bins of equal mass, against outcomes or against true probabilities."""
    bins = bin_by_mass(probabilities)
    return float(np.abs(np.bincount(bins, weights=probabilities - happened)).sum() / len(happened))


def report(bundle: Bundle, judged: Judged) -> list[str]:
    """The figures, one line each."""
    outcomes, truth, policy = judged.outcomes, judged.truth, bundle.policy
    figures = evaluate(outcomes, policy, seed=0)
    reached, ceiling = expected_auc(outcomes.scores, truth), expected_auc(truth, truth)
    ours = cost_at(policy.threshold, judged, policy.costs)
    thresholds, costs = expected_costs(outcomes.probabilities, truth, policy.costs)
    oracle = expected_costs(truth, truth, policy.costs)[1].min()
    best, even = int(costs.argmin()), policy.costs.break_even_probability
    error, plain = figures.calibration_error, figures.plain_calibration_error
    floor = figures.calibration_error_floor
    found = f"{len(bundle.program.features)} features, {bundle.evaluation['rounds']} trees, {bundle.calibration.method}"
    lift = (reached - 0.5) / (ceiling - 0.5)
    against_truth, luck = bin_error(outcomes.probabilities, truth), bin_error(truth, outcomes.defaulted)
    difference = np.abs(outcomes.probabilities - truth).mean()
    return [
        f"{bundle.version}: {found}; {len(truth):,} test clients, {figures.defaults:,} defaults",
        f"AUC              {figures.auc.value:.4f} ({figures.auc.low:.4f} to {figures.auc.high:.4f})",
        f"expected AUC     {reached:.4f}, ceiling {ceiling:.4f}: {lift:.2%} of the attainable lift",
        f"|ours - truth|   {difference:.4f} on average, mean truth {truth.mean():.4f}",
        f"ECE              {error.value:.4f} ({error.low:.4f} to {error.high:.4f}), corrected for chance",
        f"ECE as it shows  {plain:.4f}; true probabilities {floor:.4f} on average, the truth itself {luck:.4f}",
        f"ECE to the truth {against_truth:.4f}",
        f"threshold   {policy.threshold:.4f} costs {ours:.4f} per application, {ours / costs[best]:.4f} of the best",
        f"the best    {thresholds[best]:.4f} costs {costs[best]:.4f}",
        f"break-even  {even:.4f} costs {cost_at(even, judged, policy.costs):.4f}",
        f"the truth   costs {oracle:.4f}: ours is {ours / oracle:.4f} of it",
    ]


def main() -> None:
    """Judge one bundle and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path, required=True, help="folder of the world that the bundle was trained on")
    parser.add_argument("--bundle", type=Path, required=True, help="folder of the bundle")
    parser.add_argument("--features", type=Path, metavar="FILE", help="features of the world, where they are at hand")
    arguments = parser.parse_args()

    bundle = read_bundle(arguments.bundle)
    test = read_test_clients(bundle, arguments.world, arguments.features)
    told = pyarrow.parquet.read_table(arguments.world / "truth.parquet")
    by_client = dict(zip(told["SK_ID_CURR"].to_pylist(), told["true_probability_default"].to_pylist(), strict=True))
    truth = np.array([by_client[client] for client in test.client_ids.tolist()], dtype=np.float64)
    for line in report(bundle, judge(bundle, test, truth)):
        print(line)


if __name__ == "__main__":
    main()

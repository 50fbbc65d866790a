"""What each group of learned features adds to the model: the same folds and seeds with it and without it.

    python benchmarks/ablation.py --data DIR [--folds 3] [--boosters 3] [--seed 0] [--leave-out FILE] [--keep DIR]
        [--features FILE]

Labelled clients are cut into folds. Outside each fold the features of `solvent train` are selected, each group of
`learned_features.py` is fitted out of fold, and boosters with the settings of `solvent train` grow on the selected
features, on those and one group, on those and all groups, and on those and as many columns of noise (`--boosters` of
them with seeds of their own, their mean scores the fold: one booster's luck moves the AUC by as much as a group does).

Prints for each group: the AUC of its first column alone; the paired difference of AUC on the drawn outcomes with
DeLong's interval; on a simulated world also the difference as expected under the true probabilities, which knows no
luck of the draw, with a bootstrap of the clients. A group pays where both intervals lie above zero.

`--leave-out` names a CSV with clients (SK_ID_CURR) that are neither learned from nor judged by: in the real sample,
those that are enriched in defaults. `--keep` names a folder for the scores of each fold: a run that was ended goes on
there, and `--fold N` makes that fold alone (a fold of 100,000 clients takes some 10 minutes of one processor).
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.csv
import pyarrow.parquet

from honest_model import expected_auc, read_features
from learned_features import Learner, describe_out_of_fold, open_learners
from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.features.catalogue import build_program
from solvent.features.matrix import FeatureMatrix
from solvent.tables.reading import open_tables
from solvent.training.delong import compare_aucs, measure_auc
from solvent.training.fitting import BoosterLearner, LearnerSettings
from solvent.training.intervals import Estimate, estimate
from solvent.training.monotone import find_directions
from solvent.training.run import TrainingRequest, read_labelled
from solvent.training.selection import SelectionRules, select_features
from solvent.training.splits import hash_clients

STOPPING_EVERY = 10
RESAMPLES = 200
NOISE_COLUMNS = 8
SETTINGS = replace(LearnerSettings(), num_threads=1)
BASE, NOISE, EVERYTHING = "selected features", "columns of noise", "all groups"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """Out-of-fold scores of every client by each model, and the first column of each group; each of shape (rows,)."""

    models: Mapping[str, Floats]
    alone: Mapping[str, Floats]


def divide(matrix: FeatureMatrix, *, folds: int, seed: int) -> npt.NDArray[np.intp]:
    """The fold of each client, in each class of the target alike."""
    order = np.argsort(hash_clients(matrix.client_ids, seed=seed))
    order = order[np.argsort(matrix.target[order], kind="stable")]
    fold = np.empty(len(matrix), dtype=np.intp)
    fold[order] = np.arange(len(matrix)) % folds
    return fold


def widen(matrix: FeatureMatrix, columns: Floats) -> FeatureMatrix:
    """The same rows with more columns, under names that no program computes."""
    like = matrix.program.features[0]
    more = tuple(replace(like, name=f"learned_{number}", categories=()) for number in range(columns.shape[1]))
    program = replace(matrix.program, features=(*matrix.program.features, *more))
    return replace(matrix, values=np.hstack([matrix.values, columns.astype(np.float32)]), program=program)


def score_fold(grown: FeatureMatrix, judged: FeatureMatrix, *, boosters: int, seed: int) -> Floats:
    """Mean score of the judged rows by boosters of several seeds; a tenth of the grown rows ends their growth."""
    stops = np.arange(len(grown)) % STOPPING_EVERY == 0
    directions = find_directions(grown.program)
    learners = (BoosterLearner(SETTINGS, seed + number, directions) for number in range(boosters))
    fitted = [learner.fit(grown.rows(~stops), grown.rows(stops)) for learner in learners]
    return np.asarray(np.mean([model.score(judged) for model in fitted], axis=0))


def score_out_of_fold(
    grown: FeatureMatrix, judged: FeatureMatrix, learners: Mapping[str, Learner], *, boosters: int, seed: int
) -> Scored:
    """Score the judged clients by models, and describe them by groups, that saw the grown ones alone."""
    selected, _ = select_features(grown, seed=seed, rules=SelectionRules(threads=1))
    described = describe_groups(grown, judged, learners, seed=seed)
    alone = {name: described[name][1][:, 0] for name in learners}
    grown, judged = grown.keep(selected), judged.keep(selected)
    models = {}
    for name in (BASE, NOISE, *learners, EVERYTHING):
        _say(f"{len(selected)} features and {name}")
        inside, outside = described[name]
        models[name] = score_fold(widen(grown, inside), widen(judged, outside), boosters=boosters, seed=seed)
    return Scored(models, alone)


def join(parts: Sequence[Scored], fold: npt.NDArray[np.intp]) -> Scored:
    """Put the scores of each fold at the places of its clients."""

    def place(columns: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
        placed = {name: np.empty(len(fold)) for name in columns[0]}
        for number, part in enumerate(columns):
            for name, values in part.items():
                placed[name][fold == number] = values
        return placed

    return Scored(place([part.models for part in parts]), place([part.alone for part in parts]))


def keep_scored(file: Path, scored: Scored) -> None:
    """Write the scores of a fold, whole or not at all."""
    columns = {f"model {name}": values for name, values in scored.models.items()}
    columns |= {f"alone {name}": values for name, values in scored.alone.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".part.npz")
    np.savez(unfinished, allow_pickle=False, **columns)
    unfinished.replace(file)


def read_scored(file: Path) -> Scored:
    """Read what `keep_scored` wrote."""
    with np.load(file) as columns:
        kinds = (
            {name.removeprefix(kind): columns[name] for name in columns.files if name.startswith(kind)}
            for kind in ("model ", "alone ")
        )
        return Scored(*kinds)


def describe_groups(
    grown: FeatureMatrix, judged: FeatureMatrix, learners: Mapping[str, Learner], *, seed: int
) -> dict[str, tuple[Floats, Floats]]:
    """The columns of each group for grown and judged clients, of noise, of all groups, and no columns for the base."""
    described = {}
    for name, learner in learners.items():
        _say(f"learning: {name}")
        target = grown.target.astype(np.float64)
        described[name] = describe_out_of_fold(learner, grown.client_ids, target, others=judged.client_ids, seed=seed)
    together = tuple(np.hstack([pair[side] for pair in described.values()]) for side in (0, 1))
    noise = np.random.default_rng(seed)
    return {
        **described,
        BASE: (np.empty((len(grown), 0)), np.empty((len(judged), 0))),
        NOISE: (noise.normal(size=(len(grown), NOISE_COLUMNS)), noise.normal(size=(len(judged), NOISE_COLUMNS))),
        EVERYTHING: (together[0], together[1]),
    }


def compare_expected(first: Floats, second: Floats, truth: Floats, *, seed: int) -> Estimate:
    """Expected AUC of the second scores less that of the first, with the interval of a bootstrap of the clients."""
    generator = np.random.default_rng(seed)
    draws = [np.arange(len(truth)), *(generator.integers(len(truth), size=len(truth)) for _ in range(RESAMPLES))]
    gains = [expected_auc(second[rows], truth[rows]) - expected_auc(first[rows], truth[rows]) for rows in draws]
    return estimate(np.array(gains))


def print_table(scored: Scored, target: Floats, truth: Floats | None, *, seed: int) -> None:
    """Print a line for each model."""
    base = scored.models[BASE]
    print(f"{len(target):,} clients, {int(target.sum()):,} defaults; {BASE}: AUC {_tell(measure_auc(base, target))}")
    if truth is not None:
        print(f"expected AUC {expected_auc(base, truth):.4f}, ceiling {expected_auc(truth, truth):.4f}")
    print(f"{'':28}{'alone':>8}  {'AUC gained':26}  expected AUC gained")
    for name, scores in scored.models.items():
        if name != BASE:
            own = f"{_measure_alone(scored.alone[name], target):.3f}" if name in scored.alone else ""
            gain = _tell(compare_aucs(base, scores, target))
            expected = "" if truth is None else _tell(compare_expected(base, scores, truth, seed=seed))
            print(f"{name:28}{own:>8}  {gain:26}  {expected}".rstrip())


def _measure_alone(column: Floats, target: Floats) -> float:
    """AUC of a column among the clients that have it, whichever way it points."""
    known = ~np.isnan(column)
    auc = measure_auc(column[known], target[known]).value
    return max(auc, 1 - auc)


def read_truth(data: Path, clients: npt.NDArray[np.int64]) -> Floats | None:
    """True probabilities of these clients; None outside simulated worlds."""
    if not (data / "truth.parquet").exists():
        return None
    told = pyarrow.parquet.read_table(data / "truth.parquet")
    by_client = dict(zip(told["SK_ID_CURR"].to_pylist(), told["true_probability_default"].to_pylist(), strict=True))
    return np.array([by_client[client] for client in clients.tolist()], dtype=np.float64)


def _tell(one: Estimate) -> str:
    return f"{one.value:+.4f} ({one.low:+.4f} to {one.high:+.4f})"


def _say(what: str) -> None:
    print(f"  {what}", file=sys.stderr, flush=True)


def score_folds(arguments: argparse.Namespace, matrix: FeatureMatrix, fold: npt.NDArray[np.intp]) -> list[Scored]:
    """Score every fold, or the one that is asked for; what a kept file holds is taken from there."""
    parts = []
    for number in range(arguments.folds) if arguments.fold is None else [arguments.fold - 1]:
        kept = arguments.keep / f"fold{number + 1}.npz" if arguments.keep else None
        if kept is not None and kept.exists():
            parts.append(read_scored(kept))
            continue
        _say(f"fold {number + 1} of {arguments.folds}")
        with open_tables(arguments.data) as tables:
            learners = open_learners(tables, matrix.client_ids, seed=arguments.seed)
        sides = matrix.rows(fold != number), matrix.rows(fold == number)
        parts.append(score_out_of_fold(*sides, learners, boosters=arguments.boosters, seed=arguments.seed))
        if kept is not None:
            keep_scored(kept, parts[-1])
    return parts


def main() -> None:
    """Score out of fold with each group and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the raw tables")
    parser.add_argument("--features", type=Path, metavar="FILE", help="of `solvent features build`; else computed")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--boosters", type=int, default=3, help="seeds whose mean scores a fold")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--leave-out", type=Path, metavar="FILE", help="CSV of clients to leave out")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="folder for the scores of each fold")
    parser.add_argument("--fold", type=int, metavar="N", help="make this fold alone, 1 to --folds")
    arguments = parser.parse_args()

    if arguments.features is None:
        matrix = read_labelled(TrainingRequest(arguments.data, arguments.data))
    else:
        matrix = read_features(arguments.features, build_program(FORBIDDEN_COLUMNS))
        matrix = matrix.rows(~np.isnan(matrix.target))
    if arguments.leave_out is not None:
        matrix = matrix.rows(~np.isin(matrix.client_ids, pyarrow.csv.read_csv(arguments.leave_out)["SK_ID_CURR"]))
    fold = divide(matrix, folds=arguments.folds, seed=arguments.seed)
    parts = score_folds(arguments, matrix, fold)
    scored = join(parts, fold) if arguments.fold is None else parts[0]
    judged = matrix if arguments.fold is None else matrix.rows(fold == arguments.fold - 1)
    truth = read_truth(arguments.data, judged.client_ids)
    print_table(scored, judged.target.astype(np.float64), truth, seed=arguments.seed)


if __name__ == "__main__":
    main()

"""Compares settings of the learner by the truth of a simulated world.

    python benchmarks/learner_settings.py --world DIR --try num_leaves=24,feature_fraction=0.15 --try num_leaves=6

Each --try changes the standing settings. Trees grow on four fifths of the fit rows, end on the stopping rows, and score
the other fifth of the fit rows, on the whole catalogue, without directions: no test row has a say in a setting. Printed
per try: rounds, expected AUC (every client counts as a default with its true probability) and excess log loss over that
of the truth.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet

from honest_model import expected_auc
from solvent.training.fitting import BoosterLearner, LearnerSettings
from solvent.training.run import TrainingRequest, read_labelled
from solvent.training.splits import Positions, Splits, hash_clients, split_clients

FIFTHS = 5


def read_settings(text: str) -> LearnerSettings:
    """Read `name=value,name=value` as a change of the standing settings."""
    standing = LearnerSettings()
    given = dict(part.split("=", 1) for part in text.split(","))
    changes = {name: type(getattr(standing, name))(value) for name, value in given.items()}
    return replace(standing, **changes)


def divide_fit_rows(splits: Splits) -> tuple[Positions, Positions]:
    """Four fifths of the fit rows to grow on and one to judge settings by, drawn by a hash of the client.

    Raises:
        ValueError: a test row would judge a setting.
    """
    if np.isin(splits.fit, splits.test).any():
        raise ValueError(
            "test rows are among the fit rows: figures of these splits would be chosen on what they report"
        )
    judges = hash_clients(splits.matrix.client_ids[splits.fit], seed=0) % FIFTHS == 0
    return splits.fit[~judges], splits.fit[judges]


def main() -> None:
    """Fit each try and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path, required=True, help="folder of a simulated world")
    parser.add_argument("--try", dest="tries", action="append", required=True, metavar="NAME=VALUE,...")
    arguments = parser.parse_args()

    told = pyarrow.parquet.read_table(arguments.world / "truth.parquet").to_pandas().set_index("SK_ID_CURR")
    matrix = read_labelled(TrainingRequest(arguments.world, arguments.world))
    truth = told["true_probability_default"].reindex(matrix.client_ids).to_numpy()
    splits = split_clients(matrix, seed=0)
    grown, scored = divide_fit_rows(splits)
    scored = scored[~np.isnan(truth[scored])]
    happens = truth[scored]
    print(f"ceiling {expected_auc(happens, happens):.4f}")
    for text in arguments.tries:
        learner = BoosterLearner(read_settings(text), 0)
        model = learner.fit(matrix.rows(grown), matrix.rows(splits.stopping))
        scores = model.score(matrix.rows(scored))
        said = 1 / (1 + np.exp(-scores))
        excess = happens * np.log(happens / said) + (1 - happens) * np.log((1 - happens) / (1 - said))
        reached = expected_auc(scores, happens)
        print(f"{text:50} {model.rounds:5d} rounds  AUC {reached:.4f}  excess log loss {excess.mean():.5f}", flush=True)


if __name__ == "__main__":
    main()

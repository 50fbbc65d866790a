"""Compares settings of the learner by the truth of a simulated world.

    python benchmarks/learner_settings.py --world DIR --try num_leaves=24,feature_fraction=0.15 --try num_leaves=6

Each --try changes the standing settings. Trees grow on 65 % of the labelled clients, on the whole catalogue, without
directions; scored are the test clients and the fold left out. Printed per try: rounds, expected AUC (every client
counts as a default with its true probability) and excess log loss over that of the truth.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet

from honest_model import expected_auc
from solvent.training.fitting import BoosterLearner, LearnerSettings
from solvent.training.run import TrainingRequest, read_labelled
from solvent.training.splits import split_clients


def read_settings(text: str) -> LearnerSettings:
    """Read `name=value,name=value` as a change of the standing settings."""
    standing = LearnerSettings()
    given = dict(part.split("=", 1) for part in text.split(","))
    changes = {name: type(getattr(standing, name))(value) for name, value in given.items()}
    return replace(standing, **changes)


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
    grown, left_out = splits.fold_rows(0)
    scored = np.concatenate([splits.test, left_out])
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

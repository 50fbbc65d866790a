"""The proof, small: a model of a small world, one scenario that must ring, and quiet windows that must not."""

from pathlib import Path

import pytest

from solvent.bootstrap import load_model
from solvent.proof.results import QuietResult, TrialResult, VolumeResult, read_results
from solvent.proof.run import Proof, ProofPlan
from solvent.training.fitting import LearnerSettings
from solvent.training.run import TrainingRequest, train
from solvent.world.making import WorldRequest, make_world

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(1_800)]


def test_rings_on_what_is_planted_is_silent_otherwise_and_goes_on_where_it_was(
    database_url: str, tmp_path: Path
) -> None:
    make_world(tmp_path / "lender", WorldRequest(4_000, 3, "parquet"))
    settings = LearnerSettings(max_rounds=40, stopping_rounds=10, num_threads=1)
    train(TrainingRequest(data=tmp_path / "lender", out=tmp_path / "bundle", settings=settings))
    model, out = load_model(tmp_path / "bundle"), tmp_path / "lines.jsonl"
    plan = ProofPlan(("unit_error",), repetitions=1, planted=500, quiet_windows=3, quiet_clients=1_500, seed=8)
    results = Proof(model, plan, url=database_url, folder=tmp_path / "world", out=out).run()
    (volume,) = (one for one in results if isinstance(one, VolumeResult))
    (trial,) = (one for one in results if isinstance(one, TrialResult))
    quiet = [one for one in results if isinstance(one, QuietResult)]
    assert volume.rang == 0
    assert trial.delays["out_of_range"] == trial.delays["input_drift"] == 250
    assert trial.rules is not None
    assert trial.rules["out_of_range"] == trial.rules["input_drift"] == 250
    assert "unseen_categories" not in trial.delays
    assert [one.rang for one in quiet] == [one.rules for one in quiet] == [[], [], []]
    assert Proof(model, plan, url=database_url, folder=tmp_path / "world", out=out).run() == results
    assert len(out.read_text().splitlines()) == 5 == len(read_results(out, model.version))

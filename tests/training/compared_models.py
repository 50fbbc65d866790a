"""Models that scored the same clients better or worse than each other, as held-out rows and as registered results."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from example_report import EXPLAINED, REPORT
from small_portfolio import PROGRAM

from solvent.bundle.files import BundleContents, write_bundle
from solvent.training.evaluation import evaluate
from solvent.training.held_out import HeldOut
from solvent.training.measures import ScoredOutcomes
from solvent.training.population import Population
from solvent.training.report import TrainingResult

CLIENTS = 6_000
THRESHOLD = 0.0912
NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
HEAD = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=5\nobjective=binary sigmoid:1\n"


def scored(
    *,
    noise: float = 0.5,
    shift: float = 0.0,
    threshold: float = THRESHOLD,
    against_men: float = 1.0,
    clients: int = CLIENTS,
) -> HeldOut:
    """Scores of clients whose true log-odds are drawn once.

    `noise` blurs the ranking, `shift` moves the probabilities and the threshold with them, so decisions stay;
    `against_men` divides the threshold of men.
    """
    generator = np.random.default_rng(3)
    truth = generator.normal(-2.4, 1.0, clients)
    defaulted = (generator.random(clients) < _logistic(truth)).astype(np.float64)
    scores = truth + noise * generator.normal(size=clients)
    men = generator.random(clients) < 0.5
    refused = scores >= _log_odds(threshold) - np.where(men, np.log(against_men), 0.0)
    labels = {"sex": np.where(men, "M", "F"), "age_band": np.full(clients, "")}
    outcomes = ScoredOutcomes(scores, _logistic(scores + shift), defaulted)
    return HeldOut(np.arange(1, clients + 1), outcomes, refused, labels)


def result(directory: Path, rows: HeldOut, *, note: str = "", population: Population | None = None) -> TrainingResult:
    """A training with these held-out rows; the note gives its bundle a version of its own."""
    test = evaluate(rows.outcomes, REPORT.chosen.policy, seed=0, resamples=20)
    report = replace(REPORT, test=test, population=population)
    contents = BundleContents(
        program=PROGRAM,
        model_text=f"{HEAD}feature_names={' '.join(PROGRAM.names)}\n\nTree=0\nnum_leaves=1\n",
        calibration=report.calibration.calibration,
        policy=report.chosen.policy,
        reference=b"PAR1",
        profile={},
        evaluation=report.to_document(),
        model_card=f"# Model card {note}",
        top_features=report.top_features,
        training_rows=1,
        data_fingerprint="d",
        code_version="0.1.0",
        lightgbm_version="4.7.0",
        created_at=NOON,
    )
    return TrainingResult(directory, write_bundle(directory, contents), report, rows.outcomes, rows, EXPLAINED)


def _logistic(values: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-values)))


def _log_odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))

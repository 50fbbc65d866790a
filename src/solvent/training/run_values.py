"""What a run in the registry shows of a training: flat parameters and metrics."""

import math
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from typing import Any

from solvent.training.evaluation import DecisionFigures, Evaluation
from solvent.training.intervals import Estimate
from solvent.training.report import TrainingReport


def list_parameters(report: TrainingReport) -> dict[str, Any]:
    """What the training was given and what it chose."""
    return {
        **asdict(report.settings),
        "seed": report.seed,
        "rounds": report.rounds,
        "calibration": report.calibration.calibration.method,
        "threshold": report.chosen.policy.threshold,
        **{f"rows_{name}": part["rows"] for name, part in report.splits.items()},
    }


def list_metrics(report: TrainingReport) -> dict[str, float]:
    """Figures of the test split with the ends of their intervals, such as test_auc, test_auc_low, test_auc_high.

    What is undefined is left out.
    """
    figures = chain(
        _name_figures(report.test, ""),
        _name_figures(report.test.at_threshold, "_at_threshold"),
        _name_figures(report.test.at_half, "_at_half"),
    )
    return {name: value for name, value in figures if not math.isnan(value)}


def _name_figures(figures: Evaluation | DecisionFigures, suffix: str) -> Iterator[tuple[str, float]]:
    for name in figures.__slots__:
        estimate = getattr(figures, name)
        if isinstance(estimate, Estimate):
            yield f"test_{name}{suffix}", estimate.value
            yield f"test_{name}{suffix}_low", estimate.low
            yield f"test_{name}{suffix}_high", estimate.high

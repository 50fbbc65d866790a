"""Decisions of the tiny lender, in bins: what the tests of the monitors watch."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from solvent.bundle.files import Bundle
from solvent.bundle.profile import Profile, read_profile
from solvent.bundle.reference import ScoredRows
from solvent.domain.measurements import Window
from solvent.monitoring.binning import BinnedDecisions, count_decisions, expected_counts
from solvent.monitoring.drift import Comparison, DriftReport, detect_drift
from solvent.scoring.model import Model
from tiny_model import draw_rows

WINDOW = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 8, tzinfo=UTC))
INCOME, BURDEN, EXTERNAL, CONTRACT, DEBT, CREDIT = range(6)


def draw(model: Model, rows: int, *, seed: int = 1, **changes: Any) -> ScoredRows:
    """Draw clients of the tiny lender.

    `shift_income=0.5` multiplies incomes, and so for external scores; `bend_external=1.5` raises those to that power;
    `hide_external=0.3` hides that share of them.
    """
    values, _ = draw_rows(rows, seed=seed)
    random = np.random.default_rng(seed)
    values[:, INCOME] *= changes.get("shift_income", 1.0)
    values[:, EXTERNAL] *= changes.get("shift_external", 1.0)
    values[:, EXTERNAL] **= changes.get("bend_external", 1.0)
    values[random.random(rows) < changes.get("hide_external", 0.0), EXTERNAL] = np.nan
    return scored(model, values)


def scored(model: Model, values: npt.NDArray[np.float32]) -> ScoredRows:
    scores = model.score_many(values, threads=1)
    return ScoredRows(values, scores, model.bundle.calibration.apply_many(scores))


def profile_of(model: Model) -> Profile:
    return read_profile(model.bundle)


def binned(model: Model, *parts: ScoredRows) -> BinnedDecisions:
    return count_decisions(parts, profile_of(model), model.bundle.program)


def drift_of(model: Model, *parts: ScoredRows, threshold: float = 0.3) -> DriftReport:
    return detect_drift(
        expected_counts(profile_of(model)),
        binned(model, *parts),
        profile_of(model),
        comparison(model.bundle, threshold),
    )


def comparison(bundle: Bundle, threshold: float = 0.3) -> Comparison:
    return Comparison(WINDOW, bundle.version, threshold=threshold, important=frozenset(bundle.manifest.top_features))

"""A bundle small enough to train within a test run: six features over the application and its bureau rows."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

from solvent.bundle.calibration import Calibration, CalibrationMethod
from solvent.bundle.files import BundleContents, write_bundle
from solvent.bundle.reference import ScoredRows, build_profile, render_reference
from solvent.domain.policy import Policy
from solvent.features.aggregates import mean, total
from solvent.features.compilation import compile_features
from solvent.features.language import Expression, feature, ratio, table
from solvent.features.program import Program

ROWS = 2_000
APPLICATION = table("application")
BUREAU = table("bureau")
FEATURES: dict[str, tuple[Expression, str]] = {
    "income": (APPLICATION.AMT_INCOME_TOTAL, "INCOME_BURDEN"),
    "burden": (ratio(APPLICATION.AMT_CREDIT, APPLICATION.AMT_INCOME_TOTAL), "LOAN_TERMS"),
    "external": (APPLICATION.EXT_SOURCE_2, "EXTERNAL_SCORE"),
    "contract": (APPLICATION.NAME_CONTRACT_TYPE, "PROFILE"),
    "debt": (total(BUREAU.AMT_CREDIT_SUM_DEBT), "BUREAU_DEBT"),
    "relative_credit": (mean(ratio(BUREAU.AMT_CREDIT_SUM, APPLICATION.AMT_CREDIT)), "BUREAU_HISTORY"),
}
"""A category, a statistic of history rows, and one that needs the application too."""


def write_tiny_bundle(directory: Path) -> Path:
    """Train on drawn features, in which burden and debt raise and the external score lowers the risk; write it."""
    program = compile_features(
        [
            feature(name, expression, unit="number", meaning=name, reason=reason)
            for name, (expression, reason) in FEATURES.items()
        ]
    )
    values, defaulted = draw_rows()
    booster = _train(program, values, defaulted)
    calibration = Calibration(CalibrationMethod.PLATT, slope=1.0, intercept=0.0)
    scores = booster.predict(values.astype(np.float64), raw_score=True, num_threads=1)
    rows = ScoredRows(values, scores, calibration.apply_many(scores))
    gains = booster.feature_importance("gain")
    contents = BundleContents(
        program=program,
        model_text=booster.model_to_string(),
        calibration=calibration,
        policy=Policy(threshold=0.3, medium_from=0.15, high_from=0.3),
        reference=render_reference(program, rows, seed=1),
        profile=build_profile(program, rows, importances=dict(zip(program.names, gains / gains.sum(), strict=True))),
        evaluation={"test": {"rows": 500, "auc": {"value": 0.81, "low": 0.78, "high": 0.84}}},
        model_card="# Tiny model\n",
        top_features=("burden", "contract", "external"),
        training_rows=ROWS,
        data_fingerprint="d" * 64,
        code_version="0.1.0",
        lightgbm_version=lightgbm.__version__,
        created_at=datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC),
    )
    write_bundle(directory, contents)
    return directory


def draw_rows(rows: int = ROWS, *, seed: int = 20261123) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Features of clients of the tiny lender, float32 (rows, 6), and whether each defaulted."""
    random = np.random.default_rng(seed)
    income = random.uniform(5e4, 3e5, rows)
    burden = random.uniform(0.5, 10.0, rows)
    external = random.uniform(0.0, 1.0, rows)
    contract = random.integers(0, 2, rows).astype(np.float64)
    has_history = random.random(rows) < 0.7
    debt = np.where(has_history, random.uniform(0.0, 1e6, rows), np.nan)
    relative_credit = np.where(has_history, random.uniform(0.0, 3.0, rows), np.nan)
    log_odds = 0.5 * burden - 5.0 * external + 2e-6 * np.nan_to_num(debt) - 2.0
    defaulted = random.random(rows) < 1.0 / (1.0 + np.exp(-log_odds))
    values = np.column_stack([income, burden, external, contract, debt, relative_credit]).astype(np.float32)
    return values, defaulted


def _train(program: Program, values: npt.NDArray[np.float32], defaulted: npt.NDArray[np.bool_]) -> lightgbm.Booster:
    parameters = {"objective": "binary", "num_leaves": 8, "num_threads": 1, "seed": 1, "verbosity": -1}
    rows = lightgbm.Dataset(
        values, defaulted, feature_name=list(program.names), categorical_feature=list(program.category_positions)
    )
    return lightgbm.train(parameters, rows, num_boost_round=30)


SAFE: dict[str, Any] = {
    "SK_ID_CURR": 100001,
    "NAME_CONTRACT_TYPE": "Cash loans",
    "AMT_INCOME_TOTAL": 200000.0,
    "AMT_CREDIT": 200000.0,
    "DAYS_BIRTH": -15000,
    "EXT_SOURCE_2": 0.9,
}
"""An application that the tiny model approves."""
RISKY: dict[str, Any] = {**SAFE, "SK_ID_CURR": 100002, "AMT_CREDIT": 1800000.0, "EXT_SOURCE_2": 0.1}
"""An application that it refuses."""
BUREAU_ROWS: list[dict[str, Any]] = [
    {"SK_ID_CURR": 100001, "SK_ID_BUREAU": 1, "AMT_CREDIT_SUM_DEBT": 250000.1, "AMT_CREDIT_SUM": 400000.3},
    {"SK_ID_CURR": 100001, "SK_ID_BUREAU": 2, "AMT_CREDIT_SUM_DEBT": 1000.7, "AMT_CREDIT_SUM": 90000.0},
    {"SK_ID_CURR": 100001, "SK_ID_BUREAU": 3, "AMT_CREDIT_SUM": 33333.3},
]
"""History of the safe client."""

"""A bundle small enough to train within a test run: six features over the application and its bureau rows."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from solvent.bundle.calibration import Calibration, CalibrationMethod
from solvent.bundle.files import BundleContents, write_bundle
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
    contents = BundleContents(
        program=program,
        model_text=_train(program),
        calibration=Calibration(CalibrationMethod.PLATT, slope=1.0, intercept=0.0),
        policy=Policy(threshold=0.3, medium_from=0.15, high_from=0.3),
        reference=b"PAR1 stands for a Parquet file PAR1",
        profile={"rows": ROWS},
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


def _train(program: Program) -> str:
    random = np.random.default_rng(20261123)
    income = random.uniform(5e4, 3e5, ROWS)
    burden = random.uniform(0.5, 10.0, ROWS)
    external = random.uniform(0.0, 1.0, ROWS)
    contract = random.integers(0, 2, ROWS).astype(np.float64)
    has_history = random.random(ROWS) < 0.7
    debt = np.where(has_history, random.uniform(0.0, 1e6, ROWS), np.nan)
    relative_credit = np.where(has_history, random.uniform(0.0, 3.0, ROWS), np.nan)
    log_odds = 0.5 * burden - 5.0 * external + 2e-6 * np.nan_to_num(debt) - 2.0
    defaulted = random.random(ROWS) < 1.0 / (1.0 + np.exp(-log_odds))
    values = np.column_stack([income, burden, external, contract, debt, relative_credit]).astype(np.float32)
    parameters = {"objective": "binary", "num_leaves": 8, "num_threads": 1, "seed": 1, "verbosity": -1}
    rows = lightgbm.Dataset(
        values, defaulted, feature_name=list(program.names), categorical_feature=list(program.category_positions)
    )
    text: str = lightgbm.train(parameters, rows, num_boost_round=30).model_to_string()
    return text


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

"""A seeded portfolio of six features whose true probability of default is known."""

import numpy as np

from solvent.features.compilation import compile_features
from solvent.features.language import feature, table
from solvent.features.matrix import FeatureMatrix
from solvent.training.fitting import LearnerSettings

_COLUMNS = (
    ("EXT_SOURCE_1", "EXTERNAL_SCORE"),
    ("EXT_SOURCE_2", "EXTERNAL_SCORE"),
    ("AMT_INCOME_TOTAL", "INCOME_BURDEN"),
    ("AMT_CREDIT", "LOAN_TERMS"),
    ("DAYS_EMPLOYED", "EMPLOYMENT"),
    ("NAME_CONTRACT_TYPE", "LOAN_TERMS"),
)
DECLARATIONS = tuple(
    feature(name.lower(), table("application").column(name), unit="score", meaning=f"raw {name}", reason=reason)
    for name, reason in _COLUMNS
)
PROGRAM = compile_features(DECLARATIONS)
QUICK = LearnerSettings(
    learning_rate=0.1,
    num_leaves=4,
    feature_fraction=0.7,
    lambda_l2=5.0,
    max_rounds=120,
    stopping_rounds=20,
    num_threads=1,
)


def make_portfolio(rows: int = 2_000, *, seed: int = 5) -> FeatureMatrix:
    """Defaults follow the first two features and the category; a tenth of the first feature is missing."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(rows, 6)).astype(np.float32)
    values[:, 5] = generator.integers(0, 2, rows)
    log_odds = -2.2 + 0.6 * values[:, 0] + 1.1 * values[:, 1] + 0.8 * values[:, 5]
    target = (generator.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(np.float32)
    values[generator.random(rows) < 0.1, 0] = np.nan
    return FeatureMatrix(np.arange(100_001, 100_001 + rows), values, target, PROGRAM)

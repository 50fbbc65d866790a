"""The smallest whole bundle: three features, one tree, written by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from solvent.bundle.calibration import Calibration, CalibrationMethod
from solvent.bundle.files import BundleContents, write_bundle
from solvent.domain.policy import Policy
from solvent.features.compilation import compile_features
from solvent.features.language import feature, ratio, table

APPLICATION = table("application")
INCOME = feature("income", APPLICATION.AMT_INCOME_TOTAL, unit="currency", meaning="income", reason="INCOME_BURDEN")
BURDEN = feature(
    "burden",
    ratio(APPLICATION.AMT_CREDIT, APPLICATION.AMT_INCOME_TOTAL),
    unit="share",
    meaning="credit over income",
    reason="INCOME_BURDEN",
)
CONTRACT = feature(
    "contract", APPLICATION.NAME_CONTRACT_TYPE, unit="category", meaning="kind of loan", reason="LOAN_TERMS"
)
SEX = feature("sex", APPLICATION.CODE_GENDER, unit="category", meaning="sex", reason="PROFILE")
PROGRAM = compile_features([INCOME, BURDEN, CONTRACT])
MODEL_TEXT = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=2
objective=binary sigmoid:1
feature_names=income burden contract
feature_infos=[0:1] [0:1] 0:1
tree_sizes=100

Tree=0
num_leaves=2
num_cat=0
split_feature=1
leaf_value=-2.5 -1.5

end of trees
"""
CONTENTS = BundleContents(
    program=PROGRAM,
    model_text=MODEL_TEXT,
    calibration=Calibration(CalibrationMethod.PLATT, slope=1.25, intercept=-0.5),
    policy=Policy(threshold=0.0912, medium_from=0.0456, high_from=0.0912),
    reference=b"PAR1 stands for a Parquet file PAR1",
    profile={"rows": 2},
    evaluation={"test": {"auc": {"value": 0.75}}},
    model_card="# Model card\n",
    top_features=("burden", "income"),
    training_rows=1200,
    data_fingerprint="d" * 64,
    code_version="0.1.0",
    lightgbm_version="4.7.0",
    created_at=datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC),
)


def write(directory: Path, **changes: Any) -> Path:
    """Write the bundle, with some contents changed, and return its folder."""
    write_bundle(directory, replace(CONTENTS, **changes))
    return directory

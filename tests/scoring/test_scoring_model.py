from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from solvent.bundle.files import read_bundle
from solvent.domain.policy import Decision, RiskLevel
from solvent.errors import BundleError
from solvent.scoring.model import Model
from tiny_model import BUREAU_ROWS, RISKY, SAFE

NONE = np.empty(0, dtype=np.float32)


def test_the_reasons_belong_to_a_refusal(model: Model) -> None:
    safe = model.assess(model.compute_features(SAFE, None))
    risky = model.assess(model.compute_features(RISKY, None))
    assert (safe.decision, safe.risk_level, safe.reasons) == (Decision.APPROVE, RiskLevel.LOW, ())
    assert (risky.decision, risky.risk_level) == (Decision.REFUSE, RiskLevel.HIGH)
    assert 1 <= len(risky.reasons) <= 4


def test_one_application_and_many_get_the_same_bits(model: Model) -> None:
    history = model.engine.reduce_history({"bureau": BUREAU_ROWS})
    rows = [
        model.compute_features(SAFE, None),
        model.compute_features(RISKY, None),
        model.compute_features(SAFE, history),
    ]
    alone = [model.assess(row) for row in rows]
    assert [one.score for one in alone] == model.score_many(np.stack(rows)).tolist()
    together = model.assess_many(np.stack(rows))
    assert [replace(one, features=NONE) for one in together] == [replace(one, features=NONE) for one in alone]
    assert [one.features.tobytes() for one in together] == [row.tobytes() for row in rows]


def test_the_contributions_add_up_to_the_score_but_for_one_constant(model: Model) -> None:
    rows = [model.compute_features(one, None) for one in (SAFE, RISKY)]
    rest = [model.assess(row).score - model.contributions(row.astype(np.float64)).sum() for row in rows]
    assert rest[0] == pytest.approx(rest[1], abs=1e-9)


def test_the_top_values_follow_the_manifest(model: Model) -> None:
    assessment = model.assess(model.compute_features({**SAFE, "AMT_CREDIT": None}, None))
    assert model.bundle.manifest.top_features == ("burden", "contract", "external")
    assert assessment.top_values == (None, "Cash loans", 0.9)


def test_the_usable_share_counts_the_columns_that_the_model_reads(model: Model) -> None:
    assert model.compute_features_and_share(SAFE, None)[1] == 1.0
    assert model.compute_features_and_share({**SAFE, "EXT_SOURCE_2": 1.5, "AMT_ANNUITY": 1.0}, None)[1] == 0.75


def test_describes_itself_for_the_log(model: Model) -> None:
    described = model.describe()
    assert (described.model_version, described.threshold) == (model.version, 0.3)
    assert described.bundle_digest == model.bundle.digest
    assert described.program_digest == model.bundle.program.digest
    assert described.manifest == model.bundle.manifest.to_json()


def test_a_model_text_that_lightgbm_refuses_is_an_error_of_the_bundle(tiny_bundle: Path) -> None:
    bundle = read_bundle(tiny_bundle)
    with pytest.raises(BundleError, match=r"model\.txt: LightGBM cannot read it"):
        Model(replace(bundle, model_text="tree\n"))


def test_a_model_with_fewer_features_than_the_program_is_refused(tiny_bundle: Path) -> None:
    bundle = read_bundle(tiny_bundle)
    program = replace(bundle.program, features=bundle.program.features[:-1])
    with pytest.raises(BundleError, match="disagree on the number of features"):
        Model(replace(bundle, program=program))

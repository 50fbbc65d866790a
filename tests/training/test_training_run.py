"""A whole training on a small portfolio: its bundle, its refusals, and the same bundle twice."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import lightgbm
import numpy as np
import orjson
import pytest
from small_portfolio import PROGRAM, QUICK, make_portfolio

from solvent.bundle.files import read_bundle
from solvent.errors import BundleError, ForbiddenFeatureError, TrainingError
from solvent.training.report import TrainingResult
from solvent.training.run import TrainingRequest, check_complete, train, train_on

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
PORTFOLIO = make_portfolio()


def run(out: Path, *, seed: int = 3) -> TrainingResult:
    request = TrainingRequest(data=out, out=out, seed=seed, settings=QUICK)
    return train_on(PORTFOLIO, request, data_fingerprint="f" * 64, clock=lambda: NOON)


def test_the_bundle_holds_what_was_trained(tmp_path: Path) -> None:
    result = run(tmp_path / "bundle")
    bundle = read_bundle(tmp_path / "bundle")
    assert bundle.manifest == result.manifest
    assert bundle.program == PROGRAM
    assert bundle.policy == result.report.chosen.policy
    assert bundle.calibration == result.report.calibration.calibration
    assert bundle.manifest.created_at == NOON
    assert bundle.manifest.data_fingerprint == "f" * 64
    assert bundle.manifest.training_rows == 1_700
    assert bundle.manifest.top_features[0] == "ext_source_2"
    assert bundle.manifest.lightgbm_version == lightgbm.__version__


def test_the_bundle_alone_reproduces_the_probabilities_of_the_test_split(tmp_path: Path) -> None:
    result = run(tmp_path / "bundle")
    bundle = read_bundle(tmp_path / "bundle")
    scores = lightgbm.Booster(model_str=bundle.model_text).predict(PORTFOLIO.values, raw_score=True)
    probabilities = bundle.calibration.apply_many(scores)
    assert set(result.outcomes.probabilities.tolist()) <= set(probabilities.tolist())


def test_finds_the_signal_and_tells_true_probabilities(tmp_path: Path) -> None:
    test = run(tmp_path / "bundle").report.test
    assert (test.rows, test.defaults) == (300, 60)
    assert test.auc.value == pytest.approx(0.80, abs=0.06)
    knowing_only_the_rate = -(0.2 * math.log(0.2) + 0.8 * math.log(0.8))
    assert test.log_loss.value < 0.9 * knowing_only_the_rate
    assert test.at_threshold.cost.value < test.at_half.cost.value


def test_evaluation_json_holds_the_report(tmp_path: Path) -> None:
    report = run(tmp_path / "bundle").report
    stored = orjson.loads((tmp_path / "bundle" / "evaluation.json").read_bytes())
    assert stored["test"]["auc"] == {
        "value": report.test.auc.value,
        "low": report.test.auc.low,
        "high": report.test.auc.high,
    }
    assert stored["test"]["at_threshold"]["false_negatives"] == report.test.at_threshold.false_negatives
    assert stored["threshold"]["value"] == report.chosen.policy.threshold
    assert stored["threshold"]["break_even_probability"] == pytest.approx(1 / 11)
    assert stored["calibration"]["method"] == "platt"
    assert list(stored["calibration"]["cross_validated_log_loss"]) == ["platt"]
    assert stored["threshold"]["low"] <= stored["threshold"]["value"] <= stored["threshold"]["high"]
    assert [step["name"] for step in stored["selection"]["steps"]] == ["constant", "duplicate", "limit"]
    assert stored["selection"]["steps"][-1]["left"] == 6
    assert stored["search"] is None
    assert stored["risk_bands"]["rising"] is True
    assert stored["splits"]["test"] == {"rows": 300, "defaults": 60}
    assert stored["learner"]["num_leaves"] == 4
    assert [entry["feature"] for entry in stored["importance"]] == list(report.top_features)


def test_the_profile_describes_rows_that_no_tree_grew_on(tmp_path: Path) -> None:
    run(tmp_path / "bundle")
    profile = read_bundle(tmp_path / "bundle").profile
    assert profile["rows"] == 1_100
    assert list(profile["features"]) == sorted(PROGRAM.names)
    assert profile["features"]["ext_source_1"]["missing"] == pytest.approx(0.1, abs=0.03)
    assert math.fsum(profile["score"]["shares"]) == pytest.approx(1.0)


def test_one_seed_and_one_portfolio_give_one_bundle(tmp_path: Path) -> None:
    assert run(tmp_path / "a").manifest.digest == run(tmp_path / "b").manifest.digest


def test_another_seed_gives_another_bundle(tmp_path: Path) -> None:
    assert run(tmp_path / "a", seed=1).manifest.version != run(tmp_path / "b", seed=2).manifest.version


def test_tells_its_steps(tmp_path: Path) -> None:
    told: list[str] = []
    request = TrainingRequest(data=tmp_path, out=tmp_path / "bundle", settings=QUICK)
    train_on(PORTFOLIO, request, data_fingerprint="f", progress=lambda what, _share: told.append(what))
    assert list(dict.fromkeys(told)) == [
        *(f"growing trees, model {number} of 4" for number in (1, 2, 3, 4)),
        "calibrating",
        "evaluating",
        "evaluating groups",
        "writing the bundle",
    ]


def test_a_forbidden_feature_stops_everything_before_it_starts(tmp_path: Path) -> None:
    request = TrainingRequest(data=tmp_path, out=tmp_path / "bundle", forbidden=frozenset({"AMT_CREDIT"}))
    with pytest.raises(ForbiddenFeatureError, match=r"amt_credit reads .* application\.AMT_CREDIT"):
        train_on(PORTFOLIO, request, data_fingerprint="f")
    assert not (tmp_path / "bundle").exists()


def test_too_few_defaults_write_nothing(tmp_path: Path) -> None:
    repaid = replace(PORTFOLIO, target=np.zeros_like(PORTFOLIO.target))
    with pytest.raises(TrainingError, match="at least 50 defaulted"):
        train_on(repaid, TrainingRequest(data=tmp_path, out=tmp_path / "bundle"), data_fingerprint="f")
    assert not (tmp_path / "bundle").exists()


def touch(directory: Path, *names: str) -> None:
    for name in names:
        (directory / f"{name}.csv").touch()


def test_names_the_tables_that_are_missing(tmp_path: Path) -> None:
    touch(tmp_path, "application_train", "bureau", "previous_application", "POS_CASH_balance", "credit_card_balance")
    with pytest.raises(TrainingError, match=r"lacks bureau_balance, installments_payments: training wants all seven"):
        check_complete(tmp_path)


def test_applications_without_outcomes_are_not_enough(tmp_path: Path) -> None:
    touch(tmp_path, "application_test", "bureau")
    with pytest.raises(TrainingError, match=r"lacks application_train, bureau_balance, "):
        train(TrainingRequest(data=tmp_path, out=tmp_path / "bundle"))


def test_a_place_that_is_taken_is_told_before_the_work(tmp_path: Path) -> None:
    run(tmp_path / "bundle")
    with pytest.raises(BundleError, match="already holds a bundle"):
        train(TrainingRequest(data=tmp_path / "absent", out=tmp_path / "bundle"))

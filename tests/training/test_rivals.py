"""Rivals and ladder: the same clients for all, the champion first, and no rung reads what it leaves out."""

import math
from pathlib import Path

import numpy as np
import pytest
from small_portfolio import DECLARATIONS, QUICK, make_portfolio

from solvent.features.aggregates import total
from solvent.features.compilation import compile_features
from solvent.features.language import feature, table
from solvent.features.matrix import FeatureMatrix
from solvent.training.comparison import Comparisons
from solvent.training.run import TrainingRequest, train_on

pytestmark = pytest.mark.slow


def with_age_and_history() -> FeatureMatrix:
    """The portfolio with an age that tells much, a proxy, and a history that tells something."""
    portfolio = make_portfolio(3_000)
    generator = np.random.default_rng(3)
    application, bureau = table("application"), table("bureau")
    extra = [
        feature("age", application.DAYS_BIRTH * -1, unit="days", meaning="age", reason="PROFILE"),
        feature("children", application.CNT_CHILDREN, unit="count", meaning="children", reason="PROFILE"),
        feature("debt", total(bureau.AMT_CREDIT_SUM_DEBT), unit="amount", meaning="debt", reason="BUREAU_DEBT"),
    ]
    noise = generator.normal(size=(3_000, 3))
    told = noise + np.outer(portfolio.target, [1.5, 0.0, 0.8])
    values = np.column_stack([portfolio.values, told]).astype(np.float32)
    program = compile_features([*DECLARATIONS, *extra])
    return FeatureMatrix(portfolio.client_ids, values, portfolio.target, program)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Comparisons:
    out = tmp_path_factory.mktemp("bundle") / "bundle"
    request = TrainingRequest(data=out, out=out, settings=QUICK, rivals=True)
    return train_on(with_age_and_history(), request, data_fingerprint="f").report.comparisons


def test_the_champion_stands_first_and_is_no_better_than_itself(tables: Comparisons) -> None:
    assert [row.name for row in tables.rivals] == ["champion", "free", "plain", "scorecard", "logistic", "constant"]
    for rows in (tables.rivals, tables.ladder):
        assert rows[0].auc_difference.value == 0.0
        assert rows[0].auc == tables.rivals[0].auc


def test_who_knows_nothing_has_an_auc_of_one_half_and_costs_the_rate(tables: Comparisons) -> None:
    constant = tables.rivals[-1]
    assert constant.auc.value == 0.5
    assert constant.features == 0
    assert constant.cost_per_application.value == pytest.approx(min(10 * 0.195, 1 - 0.195), abs=0.02)


def test_who_learns_beats_who_does_not(tables: Comparisons) -> None:
    for row in tables.rivals[:-1]:
        assert row.auc.value > 0.75
        assert row.log_loss.value < tables.rivals[-1].log_loss.value


def test_each_rung_has_fewer_features_and_loses_what_they_told(tables: Comparisons) -> None:
    assert [(row.name, row.features) for row in tables.ladder] == [
        ("full", 9),
        ("without age", 8),
        ("without proxies", 7),
        ("application only", 6),
    ]
    without_age, without_proxies, alone = tables.ladder[1:]
    assert without_age.auc_difference.high < 0
    assert abs(without_proxies.auc.value - without_age.auc.value) < 0.02
    assert alone.auc_difference.value < without_proxies.auc_difference.value
    assert not math.isnan(alone.cost_per_application.low)


def test_rivals_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    request = TrainingRequest(data=tmp_path, out=tmp_path / "bundle", settings=QUICK)
    report = train_on(make_portfolio(), request, data_fingerprint="f").report
    assert report.comparisons == Comparisons()

"""The selection: what cannot help goes, step by step, and every step is counted."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from small_portfolio import DECLARATIONS, make_portfolio

from solvent.features.compilation import compile_features
from solvent.features.language import feature, table
from solvent.features.matrix import FeatureMatrix
from solvent.training.selection import SelectionRules, select_features

ONE_THREAD = SelectionRules(threads=1)
EXTRA = ("DAYS_REGISTRATION", "DAYS_ID_PUBLISH", "OWN_CAR_AGE", "AMT_GOODS_PRICE")


def with_extras(matrix: FeatureMatrix, *columns: npt.NDArray[np.floating]) -> FeatureMatrix:
    """The portfolio with these columns added as features of their own."""
    extra = [
        feature(name.lower(), table("application").column(name), unit="days", meaning=name, reason="PROFILE")
        for name in EXTRA[: len(columns)]
    ]
    values = np.column_stack([matrix.values, *columns]).astype(np.float32)
    return replace(matrix, values=values, program=compile_features([*DECLARATIONS, *extra]))


def test_constants_and_duplicates_go_and_the_first_of_equals_stays() -> None:
    portfolio = make_portfolio(400)
    rows = len(portfolio)
    missing = np.full(rows, np.nan)
    negative_zero = np.where(portfolio.values[:, 5] == 0, -0.0, portfolio.values[:, 5])
    matrix = with_extras(portfolio, np.full(rows, 7.0), missing, portfolio.values[:, 0], negative_zero)
    names, report = select_features(matrix, seed=0)
    assert names == portfolio.program.names
    assert report.catalogue == 10
    assert [(step.name, step.left, step.dropped) for step in report.steps] == [
        ("constant", 8, ("days_registration", "days_id_publish")),
        ("duplicate", 6, ("own_car_age", "amt_goods_price")),
        ("limit", 6, ()),
    ]


def test_one_value_that_is_missing_at_times_is_not_constant() -> None:
    portfolio = make_portfolio(400)
    flag = np.where(portfolio.values[:, 1] > 0, 1.0, np.nan)
    names, _ = select_features(with_extras(portfolio, flag), seed=0)
    assert "days_registration" in names


def test_a_feature_that_knows_nothing_goes_and_those_that_know_stay() -> None:
    names, report = select_features(make_portfolio(4_000), seed=0, rules=ONE_THREAD)
    assert {"ext_source_1", "ext_source_2", "name_contract_type"} <= set(names)
    assert [step.name for step in report.steps] == ["constant", "duplicate", "null importance", "stability", "limit"]
    dropped = {name for step in report.steps for name in step.dropped}
    assert dropped
    assert select_features(make_portfolio(4_000), seed=0, rules=ONE_THREAD) == (names, report)
    assert dropped <= {"amt_income_total", "amt_credit", "days_employed"}


def test_few_defaults_say_nothing_about_weak_features() -> None:
    _, report = select_features(make_portfolio(1_000), seed=0)
    assert [step.name for step in report.steps] == ["constant", "duplicate", "limit"]


def test_only_so_many_stay_and_they_are_those_that_gain_most() -> None:
    names, report = select_features(make_portfolio(4_000), seed=0, rules=SelectionRules(most_features=2, threads=1))
    assert len(names) == 2
    assert "ext_source_2" in names
    assert report.steps[-1].left == 2


def test_of_few_defaults_too_those_stay_that_gain_most() -> None:
    portfolio = make_portfolio(1_000)
    rules = SelectionRules(most_features=2, threads=1)
    names, report = select_features(portfolio, seed=0, rules=rules)
    assert "ext_source_2" in names
    assert [(step.name, step.left) for step in report.steps] == [("constant", 6), ("duplicate", 6), ("limit", 2)]

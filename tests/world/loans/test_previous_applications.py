from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]


@pytest.mark.parametrize(
    ("status", "missing"), [("Approved", 0.0), ("Refused", 0.151), ("Canceled", 0.967), ("Unused offer", 0.984)]
)
def test_applications_that_end_early_have_no_price(read: Callable[[str], Columns], status: str, missing: float) -> None:
    previous = read("previous_application")
    rows = previous["NAME_CONTRACT_STATUS"] == status
    assert np.isnan(previous["AMT_ANNUITY"][rows]).mean() == pytest.approx(missing, abs=0.04)
    assert (np.isnan(previous["AMT_ANNUITY"]) == np.isnan(previous["CNT_PAYMENT"])).all()


def test_without_a_price_an_application_belongs_to_no_product(read: Callable[[str], Columns]) -> None:
    previous = read("previous_application")
    priced = ~np.isnan(previous["AMT_ANNUITY"])
    assert set(previous["NAME_YIELD_GROUP"][~priced]) == set(previous["NAME_PORTFOLIO"][~priced]) == {"XNA"}
    cash = previous["NAME_CONTRACT_TYPE"] == "Cash loans"
    assert set(previous["PRODUCT_COMBINATION"][cash & ~priced]) == {"Cash"}
    assert set(previous["NAME_PORTFOLIO"][cash & priced]) == {"Cash"}


def test_the_rate_of_the_down_payment_follows_from_the_amounts(read: Callable[[str], Columns]) -> None:
    previous = read("previous_application")
    rate, down = previous["RATE_DOWN_PAYMENT"], previous["AMT_DOWN_PAYMENT"]
    paid = down > 0
    computed = 1.0890909091 * down[paid] / (previous["AMT_CREDIT"][paid] + down[paid])
    assert np.abs(rate[paid] - computed).max() < 1e-9
    assert (np.isnan(rate) == np.isnan(down)).all()


def test_the_goods_are_worth_what_was_asked_for(read: Callable[[str], Columns]) -> None:
    previous = read("previous_application")
    known = ~np.isnan(previous["AMT_GOODS_PRICE"])
    assert (previous["AMT_GOODS_PRICE"][known] == previous["AMT_APPLICATION"][known]).all()
    assert (previous["AMT_APPLICATION"][~known] == 0).all()


def test_the_first_version_ends_a_term_after_the_first_due_day(read: Callable[[str], Columns]) -> None:
    previous = read("previous_application")
    first, last = previous["DAYS_FIRST_DUE"], previous["DAYS_LAST_DUE_1ST_VERSION"]
    loans = (first < 365_243) & (previous["CNT_PAYMENT"] > 0)
    assert (last[loans] == first[loans] + 30 * (previous["CNT_PAYMENT"][loans] - 1)).all()
    cards = ~np.isnan(last) & (previous["NAME_CONTRACT_TYPE"] == "Revolving loans")
    assert set(last[cards]) == {365_243.0}


def test_decision_first_due_last_due_and_termination_follow_each_other(read: Callable[[str], Columns]) -> None:
    previous = read("previous_application")
    days = [previous[name] for name in ("DAYS_DECISION", "DAYS_FIRST_DUE", "DAYS_LAST_DUE", "DAYS_TERMINATION")]
    for before, after in pairwise(days):
        known = ~np.isnan(after)
        assert (before[known] <= after[known]).all()


def test_clients_are_new_once_and_refreshed_after_years(read: Callable[[str], Columns]) -> None:
    previous = read("previous_application")
    order = np.lexsort((previous["DAYS_DECISION"], previous["SK_ID_CURR"]))
    kind, day, client = (previous[name][order] for name in ("NAME_CLIENT_TYPE", "DAYS_DECISION", "SK_ID_CURR"))
    same = client[1:] == client[:-1]
    pause = (day[1:] - day[:-1])[same]
    later = kind[1:][same]
    assert np.mean(kind[np.append([True], ~same)] == "New") > 0.75
    assert np.mean(later[pause > 0] == "New") < 0.03
    assert np.mean(later[pause > 1300] == "Refreshed") == pytest.approx(0.75, abs=0.15)
    assert np.mean(later[(pause > 0) & (pause < 365)] == "Refreshed") < 0.05


def test_a_quarter_of_the_applications_come_with_another_one_on_the_same_day(read: Callable[[str], Columns]) -> None:
    previous = read("previous_application")
    order = np.lexsort((previous["DAYS_DECISION"], previous["SK_ID_CURR"]))
    same = np.diff(previous["SK_ID_CURR"][order]) == 0
    assert np.mean(np.diff(previous["DAYS_DECISION"][order])[same] == 0) == pytest.approx(0.27, abs=0.06)


def test_cancelled_applications_are_kept_for_less_than_two_years(read: Callable[[str], Columns]) -> None:
    previous = read("previous_application")
    cancelled = previous["NAME_CONTRACT_STATUS"] == "Canceled"
    assert previous["DAYS_DECISION"][cancelled].min() >= -730
    assert cancelled.mean() == pytest.approx(0.1879, abs=0.04)

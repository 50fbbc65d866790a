from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from solvent.world.blocks import Lender
from solvent.world.clients import ClientFigures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.rows import rows_of
from solvent.world.loans.bureau import BureauLoans
from solvent.world.loans.bureau_months import make_bureau_months

Columns = dict[str, NDArray[Any]]


def test_an_open_loan_has_no_end_but_for_a_few_and_a_closed_one_ends_after_its_opening(
    read: Callable[[str], Columns],
) -> None:
    bureau = read("bureau")
    active, closed = bureau["CREDIT_ACTIVE"] == "Active", bureau["CREDIT_ACTIVE"] == "Closed"
    ended = bureau["DAYS_ENDDATE_FACT"]
    assert np.isnan(ended[active]).mean() == pytest.approx(0.996, abs=0.004)
    assert (ended[closed] >= bureau["DAYS_CREDIT"][closed]).all()
    assert np.nanmax(ended) <= -1
    assert active.mean() == pytest.approx(0.3733, abs=0.04)


def test_only_open_loans_owe_and_mostly_less_than_their_credit(read: Callable[[str], Columns]) -> None:
    bureau = read("bureau")
    debt, credit = bureau["AMT_CREDIT_SUM_DEBT"], bureau["AMT_CREDIT_SUM"]
    assert set(debt[(bureau["CREDIT_ACTIVE"] != "Active") & ~np.isnan(debt)]) == {0.0}
    owes = debt > 0
    assert np.mean(debt[owes] <= 1.1 * credit[owes]) > 0.95
    assert np.sum(debt < 0) > 0


def test_the_limit_of_a_card_is_what_is_left_to_draw(read: Callable[[str], Columns]) -> None:
    bureau = read("bureau")
    limit, debt = bureau["AMT_CREDIT_SUM_LIMIT"], bureau["AMT_CREDIT_SUM_DEBT"]
    stated = limit > 0
    assert set(bureau["CREDIT_TYPE"][stated]) == {"Credit card"}
    left = bureau["AMT_CREDIT_SUM"] - debt
    assert np.mean(np.abs(left - limit)[stated] < 100) == pytest.approx(0.87, abs=0.08)
    assert np.isnan(limit[np.isnan(debt)]).all()


@pytest.mark.parametrize(
    ("kind", "active"), [("Consumer credit", 0.2582), ("Credit card", 0.7173)]
)  # history_correlation.json
def test_cards_stay_open_and_loans_are_repaid(read: Callable[[str], Columns], kind: str, active: float) -> None:
    bureau = read("bureau")
    of_kind = bureau["CREDIT_TYPE"] == kind
    assert np.mean(bureau["CREDIT_ACTIVE"][of_kind] == "Active") == pytest.approx(active, abs=0.05)


def test_a_client_has_months_of_all_its_loans_or_of_none(read: Callable[[str], Columns]) -> None:
    bureau = read("bureau")
    has_months = np.isin(bureau["SK_ID_BUREAU"], read("bureau_balance")["SK_ID_BUREAU"])
    _, client = np.unique(bureau["SK_ID_CURR"], return_inverse=True)
    share = np.bincount(client, weights=has_months) / np.bincount(client)
    assert set(share) == {0.0, 1.0}


def test_months_begin_after_the_opening_have_no_gap_and_stay_closed(read: Callable[[str], Columns]) -> None:
    rows, bureau = read("bureau_balance"), read("bureau")
    opened = dict(zip(bureau["SK_ID_BUREAU"].tolist(), bureau["DAYS_CREDIT"].tolist(), strict=True))
    same = rows["SK_ID_BUREAU"][1:] == rows["SK_ID_BUREAU"][:-1]
    assert set(np.diff(rows["MONTHS_BALANCE"])[same]) == {1}
    first = np.append([True], ~same)
    days = np.array([opened[loan] for loan in rows["SK_ID_BUREAU"][first].tolist()])
    young = days > -2900
    assert (rows["MONTHS_BALANCE"][first][young] == np.floor(days[young] / 30.4375) + 1).all()
    assert set(rows["STATUS"][1:][same & (rows["STATUS"][:-1] == "C")]) == {"C"}


def test_months_of_applicants_without_target_reach_the_present(read: Callable[[str], Columns]) -> None:
    rows, bureau = read("bureau_balance"), read("bureau")
    client_of = dict(zip(bureau["SK_ID_BUREAU"].tolist(), bureau["SK_ID_CURR"].tolist(), strict=True))
    last = np.append(rows["SK_ID_BUREAU"][1:] != rows["SK_ID_BUREAU"][:-1], [True])
    client = np.array([client_of[loan] for loan in rows["SK_ID_BUREAU"][last].tolist()])
    tested = np.isin(client, read("application_test")["SK_ID_CURR"])
    assert set(rows["MONTHS_BALANCE"][last][tested]) == {0}
    assert np.mean(rows["MONTHS_BALANCE"][last][~tested] == 0) == pytest.approx(0.65, abs=0.12)
    with_loans = np.isin(bureau["SK_ID_CURR"], read("application_test")["SK_ID_CURR"])
    assert np.isin(bureau["SK_ID_BUREAU"][with_loans], rows["SK_ID_BUREAU"]).all()


def test_a_loan_that_is_reported_to_the_present_has_one_month_for_each_since_its_opening(lender: Lender) -> None:
    figures = ClientFigures(
        {name: np.array([np.nan]) for name in ("bureau_count", "bureau_balance_months", "bureau_balance_late_share")}
    )
    opened = np.array([-40.0, -400.0])
    loans = BureauLoans({}, rows_of(np.array([2])), opened, np.array([np.nan, -10.0]))
    table, loan = make_bureau_months(lender.facts, figures, loans, Draws.stream(1), complete=np.array([True]))
    assert loan.tolist() == [0] * 2 + [1] * 14
    assert np.asarray(table["MONTHS_BALANCE"]).tolist() == [-1, 0, *range(-13, 1)]

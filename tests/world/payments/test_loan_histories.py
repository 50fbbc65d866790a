from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from solvent.world.drawing.draws import Draws
from solvent.world.payments.statement_calendar import StatementCalendar

Columns = dict[str, NDArray[Any]]


def first_of_loan(rows: Columns) -> NDArray[np.bool_]:
    return np.append([True], rows["SK_ID_PREV"][1:] != rows["SK_ID_PREV"][:-1])


def same_loan(rows: Columns) -> NDArray[np.bool_]:
    return ~first_of_loan(rows)[1:]


def test_a_calendar_puts_a_day_into_the_month_whose_last_day_it_does_not_pass() -> None:
    calendar = StatementCalendar(phase=np.array([0.0, 20.0]), last_month=np.array([-2, -1]))
    client = np.array([0, 0, 1, 1])
    month = calendar.month_of(np.array([-1.0, -31.0, -1.0, -21.0]), client)
    assert month.tolist() == [-1, -2, 0, -1]
    assert calendar.last_day_of(month, client).tolist() == [-1.0, -31.0, 10.0, -21.0]


def test_an_application_late_in_a_month_mostly_finds_the_balance_of_the_month_before() -> None:
    calendar = StatementCalendar.draw(4000, Draws.stream(3, 0))
    late = calendar.phase > 25
    assert (calendar.last_month[late] == -1).mean() == pytest.approx(0.88, abs=0.05)
    assert (calendar.last_month[calendar.phase < 5] == -1).mean() == pytest.approx(0.26, abs=0.05)


def test_pos_balances_run_month_after_month_and_never_gain_instalments_before_a_change(
    read: Callable[[str], Columns],
) -> None:
    rows = read("POS_CASH_balance")
    same = same_loan(rows)
    assert set(np.diff(rows["MONTHS_BALANCE"])[same]) == {1}
    planned, future = rows["CNT_INSTALMENT"], rows["CNT_INSTALMENT_FUTURE"]
    unchanged = same & (planned[1:] == planned[:-1])
    fewer = (future[:-1] - future[1:])[unchanged]
    assert set(fewer) <= {0.0, 1.0, 2.0}
    assert np.mean(fewer == 1) > 0.9


def test_a_completed_pos_loan_has_no_instalments_left_and_no_later_balance(read: Callable[[str], Columns]) -> None:
    rows = read("POS_CASH_balance")
    completed = rows["NAME_CONTRACT_STATUS"] == "Completed"
    assert set(rows["CNT_INSTALMENT_FUTURE"][completed]) == {0.0}
    assert first_of_loan(rows)[1:][completed[:-1]].all()
    assert completed.mean() == pytest.approx(0.0735, abs=0.02)


def test_a_running_pos_loan_shows_the_agreed_term_or_the_months_until_its_early_end(
    read: Callable[[str], Columns],
) -> None:
    previous, rows = read("previous_application"), read("POS_CASH_balance")
    term = dict(zip(previous["SK_ID_PREV"].tolist(), previous["CNT_PAYMENT"].tolist(), strict=True))
    shown = ~np.isnan(rows["CNT_INSTALMENT"]) & np.isin(rows["SK_ID_PREV"], previous["SK_ID_PREV"])
    agreed = np.array([term[loan] for loan in rows["SK_ID_PREV"][shown].tolist()])
    assert (rows["CNT_INSTALMENT"][shown] <= agreed).all()
    assert np.mean(rows["CNT_INSTALMENT"][shown] == agreed) > 0.75


def test_a_small_debt_grows_older_every_month_and_is_not_counted(read: Callable[[str], Columns]) -> None:
    rows = read("POS_CASH_balance")
    overdue = rows["SK_DPD"]
    standing = same_loan(rows) & (overdue[:-1] > 60) & (overdue[1:] > 0)
    assert standing.sum() > 20
    assert set(np.diff(overdue)[standing]) <= {28.0, 29.0, 30.0, 31.0}
    assert (rows["SK_DPD_DEF"][1:][standing] == 0).all()
    assert (rows["SK_DPD_DEF"] <= overdue).all()


def test_a_counted_overdue_balance_has_an_instalment_paid_after_that_month(read: Callable[[str], Columns]) -> None:
    balances, payments = read("POS_CASH_balance"), read("installments_payments")
    late = payments["DAYS_ENTRY_PAYMENT"] > payments["DAYS_INSTALMENT"]
    counted = np.unique(balances["SK_ID_PREV"][balances["SK_DPD_DEF"] > 0])
    # The last instalments may be paid after the application, and are not listed then.
    assert np.isin(counted, payments["SK_ID_PREV"][late]).mean() > 0.95


def test_instalments_are_due_every_thirty_days_from_the_first_due_date(read: Callable[[str], Columns]) -> None:
    previous, rows = read("previous_application"), read("installments_payments")
    first = dict(zip(previous["SK_ID_PREV"].tolist(), previous["DAYS_FIRST_DUE"].tolist(), strict=True))
    listed = (rows["NUM_INSTALMENT_VERSION"] > 0) & np.isin(rows["SK_ID_PREV"], previous["SK_ID_PREV"])
    due = np.array([first[loan] for loan in rows["SK_ID_PREV"][listed].tolist()])
    due += 30 * (rows["NUM_INSTALMENT_NUMBER"][listed] - 1)
    assert rows["DAYS_INSTALMENT"][listed].tolist() == due.tolist()
    assert rows["DAYS_INSTALMENT"].max() < 0
    assert np.nanmax(rows["DAYS_ENTRY_PAYMENT"]) < 0


def test_an_instalment_comes_at_once_in_two_parts_or_with_a_part_repayment(read: Callable[[str], Columns]) -> None:
    rows = read("installments_payments")
    of_loans = (rows["NUM_INSTALMENT_VERSION"] > 0) & ~np.isnan(rows["AMT_PAYMENT"])
    key = rows["SK_ID_PREV"][of_loans] * 1000 + rows["NUM_INSTALMENT_NUMBER"][of_loans].astype(np.int64)
    _, place, count = np.unique(key, return_inverse=True, return_counts=True)
    paid = np.bincount(place, weights=rows["AMT_PAYMENT"][of_loans])
    due = np.bincount(place, weights=rows["AMT_INSTALMENT"][of_loans])
    assert set(count) == {1, 2}
    once = np.abs(paid - due)[count == 1] < 0.01
    in_parts = np.abs(paid - due / 2)[count == 2] < 0.01
    whole_twice = np.abs(paid - 2 * due)[count == 2] < 0.01
    assert once.mean() > 0.99
    assert (in_parts | whole_twice).mean() > 0.99
    assert whole_twice.any()


def test_payments_on_a_card_add_up_to_the_payments_of_its_statements(read: Callable[[str], Columns]) -> None:
    payments, statements = read("installments_payments"), read("credit_card_balance")
    by_card = payments["NUM_INSTALMENT_VERSION"] == 0
    cards, place = np.unique(payments["SK_ID_PREV"][by_card], return_inverse=True)
    paid = np.bincount(place, weights=payments["AMT_PAYMENT"][by_card])
    wanted = [np.nansum(statements["AMT_PAYMENT_CURRENT"][statements["SK_ID_PREV"] == card]) for card in cards]
    assert paid == pytest.approx(wanted, abs=0.05)


def test_a_listed_card_begins_in_the_month_of_its_decision_with_the_granted_limit(
    read: Callable[[str], Columns],
) -> None:
    previous, rows = read("previous_application"), read("credit_card_balance")
    granted = dict(zip(previous["SK_ID_PREV"].tolist(), previous["AMT_CREDIT"].tolist(), strict=True))
    decided = dict(zip(previous["SK_ID_PREV"].tolist(), previous["DAYS_DECISION"].tolist(), strict=True))
    begins = first_of_loan(rows) & np.isin(rows["SK_ID_PREV"], previous["SK_ID_PREV"])
    cards = rows["SK_ID_PREV"][begins].tolist()
    assert rows["AMT_CREDIT_LIMIT_ACTUAL"][begins].tolist() == [granted[card] for card in cards]
    assert rows["AMT_CREDIT_LIMIT_ACTUAL"].max() <= 900_000
    months_of_decision = np.floor(np.array([decided[card] for card in cards]) / 30.4375)
    # The month begins on another day for each client, and the newest balance may be older than the decision.
    assert np.isin(rows["MONTHS_BALANCE"][begins] - months_of_decision, [0, 1]).mean() > 0.98
    assert len(cards) > 300


def test_old_used_cards_show_zero_and_not_missing_before_their_first_use(read: Callable[[str], Columns]) -> None:
    rows = read("credit_card_balance")
    _, place, months = np.unique(rows["SK_ID_PREV"], return_inverse=True, return_counts=True)
    missing = np.bincount(place, weights=np.isnan(rows["CNT_DRAWINGS_ATM_CURRENT"]))
    old = (np.bincount(place, weights=rows["MONTHS_BALANCE"]) / months - (months - 1) / 2) < -40
    assert set(missing[old] / months[old]) == {0.0, 1.0}
    assert ((missing > 0) & (missing < months))[~old].mean() > 0.2


def test_a_statement_follows_from_the_one_before(read: Callable[[str], Columns]) -> None:
    rows = read("credit_card_balance")
    balance, paid, drawn = rows["AMT_BALANCE"], rows["AMT_PAYMENT_TOTAL_CURRENT"], rows["AMT_DRAWINGS_CURRENT"]
    owing = same_loan(rows) & (balance[:-1] > 1000) & (balance[1:] > 1000)
    charged = (balance[1:] - balance[:-1] - drawn[1:] + paid[1:])[owing]
    assert np.abs(charged - 0.037 * balance[:-1][owing]).max() < 0.01


def test_draws_by_place_add_up_and_are_missing_before_the_first_use(read: Callable[[str], Columns]) -> None:
    rows = read("credit_card_balance")
    parts = sum(rows[f"AMT_DRAWINGS_{place}_CURRENT"] for place in ("ATM", "POS", "OTHER"))
    used = ~np.isnan(parts)
    assert np.abs(parts - rows["AMT_DRAWINGS_CURRENT"])[used].max() < 0.01
    assert (rows["AMT_BALANCE"][~used] == 0).all()
    assert not (same_loan(rows) & used[:-1] & ~used[1:]).any()


def test_statements_count_the_minimum_payments_and_hide_them_at_the_start_only(
    read: Callable[[str], Columns],
) -> None:
    rows = read("credit_card_balance")
    minimum, mature = rows["AMT_INST_MIN_REGULARITY"], rows["CNT_INSTALMENT_MATURE_CUM"]
    assert (np.isnan(minimum) == np.isnan(mature)).all()
    both = same_loan(rows) & ~np.isnan(mature[:-1]) & ~np.isnan(mature[1:])
    assert (np.diff(mature)[both] == (minimum[1:] > 0)[both]).all()
    assert not (same_loan(rows) & ~np.isnan(minimum[:-1]) & np.isnan(minimum[1:])).any()


def test_a_third_of_the_cards_is_never_used_and_those_are_young(read: Callable[[str], Columns]) -> None:
    rows = read("credit_card_balance")
    _, place, months = np.unique(rows["SK_ID_PREV"], return_inverse=True, return_counts=True)
    never = np.bincount(place, weights=~np.isnan(rows["CNT_DRAWINGS_ATM_CURRENT"])) == 0
    # Three standard errors over some 410 cards.
    assert never.mean() == pytest.approx(0.336, abs=0.07)
    assert months[never].mean() < 0.6 * months[~never].mean()

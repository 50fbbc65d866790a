from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]

CLIENTS = 1500


def test_shares_of_clients_without_a_history_are_the_real_ones(read: Callable[[str], Columns]) -> None:
    without = {
        name: 1 - np.unique(read(name)["SK_ID_CURR"]).size / CLIENTS
        for name in ("bureau", "previous_application", "credit_card_balance")
    }
    assert without["bureau"] == pytest.approx(0.1416, abs=0.03)
    assert without["previous_application"] == pytest.approx(0.043, abs=0.02)
    assert without["credit_card_balance"] == pytest.approx(0.7224, abs=0.04)


@pytest.mark.parametrize(
    ("table", "rows_per_client", "tolerance"),
    [("bureau", 4.82, 0.1), ("previous_application", 4.69, 0.1), ("POS_CASH_balance", 28.1, 0.12)],
)
def test_tables_have_about_as_many_rows_per_client_as_the_real_ones(
    read: Callable[[str], Columns], table: str, rows_per_client: float, tolerance: float
) -> None:
    assert read(table)["SK_ID_CURR"].size / CLIENTS == pytest.approx(rows_per_client, rel=tolerance)


def test_keys_are_unique(read: Callable[[str], Columns], applications: Columns) -> None:
    assert np.unique(applications["SK_ID_CURR"]).tolist() == list(range(100_001, 101_501))
    for table, key in (("bureau", "SK_ID_BUREAU"), ("previous_application", "SK_ID_PREV")):
        keys = read(table)[key]
        assert np.unique(keys).size == keys.size


@pytest.mark.parametrize("table", ["bureau_balance", "POS_CASH_balance", "credit_card_balance"])
def test_a_loan_has_one_row_a_month(read: Callable[[str], Columns], table: str) -> None:
    rows = read(table)
    key = rows["SK_ID_BUREAU" if table == "bureau_balance" else "SK_ID_PREV"] * 200 + rows["MONTHS_BALANCE"]
    assert np.unique(key).size == key.size


def test_every_history_row_has_its_loan_and_its_client(read: Callable[[str], Columns]) -> None:
    previous, bureau = read("previous_application"), read("bureau")
    client_of = dict(zip(previous["SK_ID_PREV"].tolist(), previous["SK_ID_CURR"].tolist(), strict=True))
    for table in ("POS_CASH_balance", "installments_payments", "credit_card_balance"):
        rows = read(table)
        assert [client_of[loan] for loan in rows["SK_ID_PREV"].tolist()] == rows["SK_ID_CURR"].tolist()
    assert np.isin(read("bureau_balance")["SK_ID_BUREAU"], bureau["SK_ID_BUREAU"]).all()


def test_the_months_of_a_pos_loan_count_its_instalments_down(read: Callable[[str], Columns]) -> None:
    rows = read("POS_CASH_balance")
    follows = (rows["SK_ID_PREV"][1:] == rows["SK_ID_PREV"][:-1]) & (rows["NAME_CONTRACT_STATUS"][1:] != "Completed")
    fewer = rows["CNT_INSTALMENT_FUTURE"][:-1] - rows["CNT_INSTALMENT_FUTURE"][1:]
    later = rows["MONTHS_BALANCE"][1:] - rows["MONTHS_BALANCE"][:-1]
    assert set(later[rows["SK_ID_PREV"][1:] == rows["SK_ID_PREV"][:-1]]) == {1}
    assert set(fewer[follows & ~np.isnan(fewer)]) == {1.0}
    completed = rows["NAME_CONTRACT_STATUS"] == "Completed"
    assert np.nanmax(rows["CNT_INSTALMENT_FUTURE"][completed]) == 0


def test_the_term_of_a_running_pos_loan_is_the_one_that_was_agreed(read: Callable[[str], Columns]) -> None:
    previous, rows = read("previous_application"), read("POS_CASH_balance")
    term = dict(zip(previous["SK_ID_PREV"].tolist(), previous["CNT_PAYMENT"].tolist(), strict=True))
    running = (rows["NAME_CONTRACT_STATUS"] != "Completed") & ~np.isnan(rows["CNT_INSTALMENT"])
    agreed = [term[loan] for loan in rows["SK_ID_PREV"][running].tolist()]
    assert rows["CNT_INSTALMENT"][running].tolist() == agreed


def test_instalments_are_due_every_thirty_days_from_the_first_due_date(read: Callable[[str], Columns]) -> None:
    previous, rows = read("previous_application"), read("installments_payments")
    first = dict(zip(previous["SK_ID_PREV"].tolist(), previous["DAYS_FIRST_DUE"].tolist(), strict=True))
    of_loans = rows["NUM_INSTALMENT_VERSION"] > 0
    due = np.array([first[loan] for loan in rows["SK_ID_PREV"][of_loans].tolist()])
    due += 30 * (rows["NUM_INSTALMENT_NUMBER"][of_loans] - 1)
    known = ~np.isnan(due)
    assert rows["DAYS_INSTALMENT"][of_loans][known].tolist() == due[known].tolist()
    assert rows["DAYS_INSTALMENT"].max() < 0


def test_parts_of_an_instalment_add_up_to_it(read: Callable[[str], Columns]) -> None:
    rows = read("installments_payments")
    known = (rows["NUM_INSTALMENT_VERSION"] > 0) & ~np.isnan(rows["AMT_PAYMENT"])
    key = rows["SK_ID_PREV"][known] * 1000 + rows["NUM_INSTALMENT_NUMBER"][known].astype(np.int64)
    _, place, count = np.unique(key, return_inverse=True, return_counts=True)
    paid = np.bincount(place, weights=rows["AMT_PAYMENT"][known])
    due = np.bincount(place, weights=rows["AMT_INSTALMENT"][known]) / count
    assert set(count) == {1, 2}
    assert np.mean(np.abs(paid - due) < 0.01) > 0.999


def test_only_approved_applications_have_dates_and_payments(read: Callable[[str], Columns]) -> None:
    previous = read("previous_application")
    approved = previous["NAME_CONTRACT_STATUS"] == "Approved"
    assert np.isnan(previous["DAYS_FIRST_DUE"][~approved]).all()
    for table in ("POS_CASH_balance", "installments_payments", "credit_card_balance"):
        assert np.isin(read(table)["SK_ID_PREV"], previous["SK_ID_PREV"][approved]).all()
    assert set(previous["CODE_REJECT_REASON"][approved]) == {"XAP"}
    assert 365243.0 in previous["DAYS_TERMINATION"][approved]


def test_a_statement_follows_from_the_one_before(read: Callable[[str], Columns]) -> None:
    rows = read("credit_card_balance")
    same = rows["SK_ID_PREV"][1:] == rows["SK_ID_PREV"][:-1]
    moved = rows["AMT_BALANCE"][:-1] * 1.025 + rows["AMT_DRAWINGS_CURRENT"][1:] - rows["AMT_PAYMENT_TOTAL_CURRENT"][1:]
    assert np.abs(moved - rows["AMT_BALANCE"][1:])[same].max() < 0.01
    parts = rows["AMT_DRAWINGS_ATM_CURRENT"] + rows["AMT_DRAWINGS_POS_CURRENT"] + rows["AMT_DRAWINGS_OTHER_CURRENT"]
    used = ~np.isnan(parts)
    assert np.abs(parts - rows["AMT_DRAWINGS_CURRENT"])[used].max() < 0.01
    assert (rows["AMT_BALANCE"][~used] == 0).all()


def test_only_closed_bureau_loans_have_an_end_and_no_debt(read: Callable[[str], Columns]) -> None:
    bureau = read("bureau")
    active = bureau["CREDIT_ACTIVE"] == "Active"
    assert np.isnan(bureau["DAYS_ENDDATE_FACT"][active]).all()
    assert (bureau["DAYS_ENDDATE_FACT"][~active] >= bureau["DAYS_CREDIT"][~active]).all()
    assert set(bureau["AMT_CREDIT_SUM_DEBT"][~active & ~np.isnan(bureau["AMT_CREDIT_SUM_DEBT"])]) == {0.0}
    assert active.mean() == pytest.approx(0.3733, abs=0.04)


def test_bureau_months_run_from_the_opening_to_the_present_and_stay_closed(read: Callable[[str], Columns]) -> None:
    rows = read("bureau_balance")
    last = np.append(rows["SK_ID_BUREAU"][1:] != rows["SK_ID_BUREAU"][:-1], [True])
    assert set(rows["MONTHS_BALANCE"][last]) == {0}
    assert rows["MONTHS_BALANCE"].min() >= -96
    closed_before = (rows["STATUS"][:-1] == "C") & ~last[:-1]
    assert set(rows["STATUS"][1:][closed_before]) == {"C"}


def test_a_client_is_late_in_about_the_real_share_of_its_months(read: Callable[[str], Columns]) -> None:
    rows, bureau = read("bureau_balance"), read("bureau")
    client_of = dict(zip(bureau["SK_ID_BUREAU"].tolist(), bureau["SK_ID_CURR"].tolist(), strict=True))
    client = np.array([client_of[loan] for loan in rows["SK_ID_BUREAU"].tolist()])
    late = np.isin(rows["STATUS"], ["1", "2", "3", "4", "5"])
    _, place = np.unique(client, return_inverse=True)
    share = np.bincount(place, weights=late) / np.bincount(place)
    # Three standard errors of a mean over 450 clients whose shares deviate by .053.
    assert share.mean() == pytest.approx(0.0167, abs=0.0075)


def test_lateness_begins_with_the_first_month_and_seldom_goes_on(read: Callable[[str], Columns]) -> None:
    rows = read("bureau_balance")
    same = rows["SK_ID_BUREAU"][1:] == rows["SK_ID_BUREAU"][:-1]
    before, after = rows["STATUS"][:-1][same], rows["STATUS"][1:][same]
    assert set(after[before == "0"]) == {"0", "1", "C", "X"}
    assert np.mean(after[before == "1"] == "2") == pytest.approx(0.0432, abs=0.025)


def test_bureau_loans_carry_the_sentinels_and_gaps_of_the_real_table(read: Callable[[str], Columns]) -> None:
    bureau = read("bureau")
    assert np.isnan(bureau["AMT_ANNUITY"]).mean() == pytest.approx(0.7697, abs=0.04)
    assert np.nanmax(bureau["DAYS_CREDIT_ENDDATE"]) > 27_000
    assert bureau["DAYS_CREDIT"].min() >= -2922

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


def test_history_rows_have_the_client_of_their_loan_and_few_loans_are_not_listed(
    read: Callable[[str], Columns],
) -> None:
    previous, bureau = read("previous_application"), read("bureau")
    client_of = dict(zip(previous["SK_ID_PREV"].tolist(), previous["SK_ID_CURR"].tolist(), strict=True))
    # Shares of the rows of the real tables; a card that is not listed has 96 statements.
    shares = {"POS_CASH_balance": 0.974, "installments_payments": 0.913, "credit_card_balance": 0.735}
    for table, share in shares.items():
        rows = read(table)
        listed = np.isin(rows["SK_ID_PREV"], previous["SK_ID_PREV"])
        assert listed.mean() == pytest.approx(share, abs=0.06)
        owners = [client_of[loan] for loan in rows["SK_ID_PREV"][listed].tolist()]
        assert owners == rows["SK_ID_CURR"][listed].tolist()
    assert np.isin(read("bureau_balance")["SK_ID_BUREAU"], bureau["SK_ID_BUREAU"]).all()


def test_only_approved_applications_have_dates_and_payments(read: Callable[[str], Columns]) -> None:
    previous = read("previous_application")
    approved = previous["NAME_CONTRACT_STATUS"] == "Approved"
    assert np.isnan(previous["DAYS_FIRST_DUE"][~approved]).all()
    for table in ("POS_CASH_balance", "installments_payments", "credit_card_balance"):
        loans = read(table)["SK_ID_PREV"]
        listed = np.isin(loans, previous["SK_ID_PREV"])
        assert np.isin(loans[listed], previous["SK_ID_PREV"][approved]).all()
    assert set(previous["CODE_REJECT_REASON"][approved]) == {"XAP"}
    assert 365243.0 in previous["DAYS_TERMINATION"][approved]


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

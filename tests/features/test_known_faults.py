"""The faults of much-copied feature code, each with a hand-made client and its known answer.

Their list is in "Bugs in much-copied code" of the catalogue of published solutions; each number is the one there.
Number 11, target means over neighbours taken in sample, is no feature of this catalogue; the rate of neighbours that is
measured beside it has its test in `tests/training/test_ablation_benchmark.py`.
"""

from pathlib import Path

import pytest
from catalogue_clients import category_of, features_of
from hostile_tables import HostileTables
from small_programs import Rows, bureau, compile_all

from solvent.features.aggregates import before, mean
from solvent.features.ibis_engine import BatchEngine
from solvent.tables.reading import open_tables


def test_who_pays_early_is_not_late() -> None:
    """Fault 1: much-copied code takes days before the due date for days after it."""
    early = [{"DAYS_INSTALMENT": day, "DAYS_ENTRY_PAYMENT": day - 9} for day in (-90, -60, -30)]
    values = features_of(installments_payments=early)
    assert (values["installments_late_share"], values["installments_late_days_max"]) == (0.0, 0.0)
    assert values["installments_delay_days_mean"] == -9.0
    assert "installments_late_days_latest" not in values
    late = [*early, {"DAYS_INSTALMENT": -20, "DAYS_ENTRY_PAYMENT": -15}]
    values = features_of(installments_payments=late)
    assert (values["installments_late_share"], values["installments_late_days_max"]) == (0.25, 5.0)
    assert values["installments_late_days_latest"] == -20.0


def test_the_debt_ratio_is_debt_over_credit() -> None:
    """Fault 4: its inverse is infinite without debt."""
    loans = [
        {"CREDIT_ACTIVE": "Active", "AMT_CREDIT_SUM": 1000, "AMT_CREDIT_SUM_DEBT": 250, "DAYS_CREDIT": -10},
        {"CREDIT_ACTIVE": "Active", "AMT_CREDIT_SUM": 1000, "AMT_CREDIT_SUM_DEBT": 0, "DAYS_CREDIT": -20},
        {"CREDIT_ACTIVE": "Closed", "AMT_CREDIT_SUM": 0, "AMT_CREDIT_SUM_DEBT": 50, "DAYS_CREDIT": -30},
    ]
    values = features_of({"AMT_INCOME_TOTAL": 10_000}, bureau=loans)
    assert values["bureau_debt_ratio_max_active"] == 0.25
    assert values["bureau_debt_ratio_mean_active"] == 0.125
    assert values["bureau_debt_ratio_mean_last_3"] == 0.125
    assert values["bureau_debt_credit_ratio"] == 0.15
    assert values["across_bureau_debt_income_ratio"] == 0.025


def test_a_window_selects_rows_not_loans_with_a_row_in_it() -> None:
    """Fault 5."""
    balances = [
        {"SK_ID_PREV": 1, "MONTHS_BALANCE": -1, "SK_DPD": 0},
        {"SK_ID_PREV": 1, "MONTHS_BALANCE": -13, "SK_DPD": 40},
        {"SK_ID_PREV": 1, "MONTHS_BALANCE": -25, "SK_DPD": 90},
    ]
    values = features_of(POS_CASH_balance=balances)
    assert values["pos_late_share"] == pytest.approx(2 / 3)
    assert values["pos_late_share_12m"] == 0.0
    assert values["pos_late_days_max_24m"] == 40.0
    assert values["pos_late_month_latest"] == -13.0


def test_a_closed_or_unknown_month_is_not_late_and_an_unknown_one_not_counted() -> None:
    """Fault 9: C and X are no level of delay."""
    loans = [{"SK_ID_BUREAU": 1, "CREDIT_ACTIVE": "Active"}, {"SK_ID_BUREAU": 2, "CREDIT_ACTIVE": "Closed"}]
    statuses = [(1, -1, "C"), (1, -2, "X"), (1, -3, "0"), (1, -4, "2"), (2, 0, "C"), (2, -1, "X")]
    months = [{"SK_ID_BUREAU": loan, "MONTHS_BALANCE": month, "STATUS": status} for loan, month, status in statuses]
    values = features_of(bureau=loans, bureau_balance=months)
    assert values["bureau_month_late_share_mean"] == pytest.approx(1 / 6)
    assert values["bureau_month_late_share_max_active"] == pytest.approx(1 / 3)
    assert values["bureau_month_severity_max"] == pytest.approx(2 * 0.7165313105737893)
    assert values["bureau_month_late_latest"] == -4.0


def test_the_worst_overdue_amount_of_the_last_loan_is_there() -> None:
    """Fault 2: a renaming without columns= lost it."""
    loans = [
        {"DAYS_CREDIT": -400, "AMT_CREDIT_MAX_OVERDUE": 900},
        {"DAYS_CREDIT": -20, "AMT_CREDIT_MAX_OVERDUE": 70},
        {"DAYS_CREDIT": -90, "AMT_CREDIT_MAX_OVERDUE": 0},
    ]
    assert features_of(bureau=loans)["bureau_worst_overdue_amount_latest"] == 70.0


def test_loans_with_a_late_instalment_have_features_of_their_own() -> None:
    """Fault 3: they were computed and thrown away."""
    loans: Rows = [
        {"SK_ID_PREV": 1, "DAYS_DECISION": -500, "AMT_CREDIT": 1000, "NAME_CONTRACT_STATUS": "Approved"},
        {"SK_ID_PREV": 2, "DAYS_DECISION": -100, "AMT_CREDIT": 9000, "NAME_CONTRACT_STATUS": "Approved"},
        {"SK_ID_PREV": 3, "DAYS_DECISION": -300, "AMT_CREDIT": 3000, "NAME_CONTRACT_STATUS": "Approved"},
    ]
    payments = [
        {"SK_ID_PREV": loan, "DAYS_INSTALMENT": -60, "DAYS_ENTRY_PAYMENT": paid}
        for loan, paid in ((1, -50), (2, -70), (3, -59))
    ]
    values = features_of(previous_application=loans, installments_payments=payments)
    assert values["previous_credit_amount_mean_late"] == 2000.0
    assert values["previous_days_decision_max_late"] == -300.0
    assert values["previous_late_loan_share_approved"] == pytest.approx(2 / 3)


def test_the_last_three_loans_are_those_with_the_latest_months() -> None:
    """Fault 6: labels of one order were used as places in another."""
    balances = [
        {"SK_ID_PREV": loan, "MONTHS_BALANCE": month, "SK_DPD": days}
        for loan, month, days in (
            (4, -40, 9),
            (4, -41, 9),
            (1, -30, 5),
            (3, -2, 0),
            (2, -9, 1),
            (2, -10, 1),
            (3, -3, 7),
        )
    ]
    values = features_of(POS_CASH_balance=balances)
    assert values["pos_late_count_sum_last_3_loans"] == 4.0
    assert (values["pos_late_share_latest_loan"], values["pos_late_days_max_latest_loan"]) == (0.5, 7.0)


def test_the_time_between_two_loans_does_not_reach_over_to_another_client(tmp_path: Path) -> None:
    """Fault 7: a difference over the whole table crosses from client to client."""
    loans = [(1, -900), (1, -100), (2, -50), (3, -40), (3, -10), (2, -1000)]
    rows = [
        {"SK_ID_CURR": client, "SK_ID_BUREAU": number, "DAYS_CREDIT": day} for number, (client, day) in enumerate(loans)
    ]
    gap = mean(bureau.DAYS_CREDIT - before(bureau.DAYS_CREDIT, by=bureau.DAYS_CREDIT))
    tables = HostileTables({"application": [{"SK_ID_CURR": client} for client in (1, 2, 3)], "bureau": rows})
    with open_tables(tables.write(tmp_path)) as raw:
        _, values = BatchEngine(compile_all(gap), raw).read_values()
    assert values.tolist() == [[800.0], [950.0], [30.0]]
    own = [{"DAYS_CREDIT": day} for client, day in loans if client == 2]
    assert features_of(bureau=own)["bureau_gap_days_mean"] == 950.0


def test_instalments_of_a_card_are_counted_card_by_card() -> None:
    """Fault 8: a result by card was put beside rows by position."""
    statements = [
        {"SK_ID_PREV": card, "MONTHS_BALANCE": month, "CNT_INSTALMENT_MATURE_CUM": paid}
        for card, month, paid in ((1, -3, 4), (2, -1, 20), (1, -2, 5), (1, -1, 6), (2, -2, 19))
    ]
    values = features_of(credit_card_balance=statements)
    assert values["card_instalment_count_mean_card"] == 13.0


def test_the_age_of_a_loan_is_in_its_name_and_late_payments_are_counted_not_all_payments() -> None:
    """Fault 9: conditions with inverted names, and a count of late payments that counted rows."""
    payments = [
        {"SK_ID_PREV": 1, "DAYS_INSTALMENT": day, "DAYS_ENTRY_PAYMENT": day + late}
        for day, late in ((-900, 10), (-300, 0), (-40, -3), (-20, 1))
    ]
    values = features_of(installments_payments=payments)
    assert values["installments_late_share"] == 0.5
    assert values["installments_late_share_60d"] == 0.5
    assert values["installments_payment_count"] == 4.0
    employed = features_of({"DAYS_EMPLOYED": -730.5, "DAYS_BIRTH": -14610})
    assert employed["application_age_at_employment_years"] == 38.0


def test_years_are_added_to_years_and_twelve_months_are_twelve() -> None:
    """Fault 10: a term in years was added to an age in days; a sum over 12 months took all; XNA stayed a category."""
    values = features_of({"DAYS_BIRTH": -14610, "AMT_CREDIT": 60_000, "AMT_ANNUITY": 2500})
    assert values["application_age_at_end_years"] == 42.0
    months = [{"SK_ID_BUREAU": 1, "MONTHS_BALANCE": -month, "STATUS": "2"} for month in (1, 12, 13, 30)]
    values = features_of(bureau=[{"SK_ID_BUREAU": 1}], bureau_balance=months)
    assert values["bureau_month_level_sum_12m"] == 4.0
    loans = [{"DAYS_DECISION": -9, "NAME_YIELD_GROUP": "XNA"}, {"DAYS_DECISION": -20, "NAME_YIELD_GROUP": "high"}]
    assert "previous_yield_group_latest" not in features_of(previous_application=loans)
    assert category_of("previous_yield_group_latest", features_of(previous_application=loans[1:])) == "high"

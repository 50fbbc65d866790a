"""Nothing dated after the application counts, except dates that were scheduled before it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catalogue_clients import ENGINE, PROGRAM, features_of
from hostile_tables import HostileTables
from small_programs import application, bureau, compile_all, instalments, months, previous

from solvent.features.aggregates import count, latest, maximum, total
from solvent.features.ibis_engine import BatchEngine
from solvent.tables.reading import open_tables

APPLICANT: dict[str, Any] = {"SK_ID_CURR": 1, "AMT_CREDIT": 90_000, "AMT_ANNUITY": 9000, "AMT_INCOME_TOTAL": 100_000}
KNOWN: dict[str, list[dict[str, Any]]] = {
    "bureau": [{"SK_ID_BUREAU": 5, "DAYS_CREDIT": -90, "DAYS_CREDIT_UPDATE": -3, "DAYS_CREDIT_ENDDATE": 400,
                "CREDIT_ACTIVE": "Active", "AMT_CREDIT_SUM": 1000, "AMT_CREDIT_SUM_DEBT": 600}],
    "bureau_balance": [{"SK_ID_BUREAU": 5, "MONTHS_BALANCE": -1, "STATUS": "1"}],
    "previous_application": [{"SK_ID_PREV": 7, "DAYS_DECISION": -80, "NAME_CONTRACT_STATUS": "Approved",
                              "AMT_CREDIT": 500, "DAYS_LAST_DUE_1ST_VERSION": 300, "DAYS_LAST_DUE": 365243}],
    "POS_CASH_balance": [{"SK_ID_PREV": 7, "MONTHS_BALANCE": -1, "SK_DPD": 2, "CNT_INSTALMENT_FUTURE": 9}],
    "installments_payments": [{"SK_ID_PREV": 7, "NUM_INSTALMENT_NUMBER": 1, "DAYS_INSTALMENT": -50,
                               "DAYS_ENTRY_PAYMENT": -45, "AMT_INSTALMENT": 50, "AMT_PAYMENT": 50}],
    "credit_card_balance": [{"SK_ID_PREV": 8, "MONTHS_BALANCE": -1, "AMT_BALANCE": 10, "AMT_CREDIT_LIMIT_ACTUAL": 40}],
}  # fmt: skip
FUTURE: dict[str, list[dict[str, Any]]] = {
    "bureau": [
        {**KNOWN["bureau"][0], "SK_ID_BUREAU": 6, "DAYS_CREDIT": 1, "AMT_CREDIT_SUM_DEBT": 9e6},
        {**KNOWN["bureau"][0], "SK_ID_BUREAU": 6, "DAYS_CREDIT_UPDATE": 20, "AMT_CREDIT_SUM_DEBT": 9e6},
    ],
    "bureau_balance": [{**KNOWN["bureau_balance"][0], "MONTHS_BALANCE": 1, "STATUS": "5"}],
    "previous_application": [{**KNOWN["previous_application"][0], "SK_ID_PREV": 9, "DAYS_DECISION": 4}],
    "POS_CASH_balance": [{**KNOWN["POS_CASH_balance"][0], "MONTHS_BALANCE": 2, "SK_DPD": 200}],
    "installments_payments": [{**KNOWN["installments_payments"][0], "DAYS_ENTRY_PAYMENT": 30}],
    "credit_card_balance": [{**KNOWN["credit_card_balance"][0], "MONTHS_BALANCE": 3, "AMT_BALANCE": 4000}],
}


@pytest.mark.parametrize("table", FUTURE)
def test_a_row_dated_after_the_application_changes_nothing(table: str) -> None:
    planted = {**KNOWN, table: [*FUTURE[table], *KNOWN[table], *FUTURE[table]]}
    expected = features_of(APPLICANT, **KNOWN)
    assert features_of(APPLICANT, **planted) == expected
    assert len(expected) > 300


def test_the_same_row_dated_before_the_application_does_change_something() -> None:
    late = {**FUTURE["installments_payments"][0], "DAYS_ENTRY_PAYMENT": -20}
    planted = {**KNOWN, "installments_payments": [*KNOWN["installments_payments"], late]}
    assert features_of(APPLICANT, **planted)["installments_late_days_max"] == 30.0


def test_scheduled_dates_after_the_application_count() -> None:
    values = features_of(APPLICANT, **KNOWN)
    assert values["bureau_days_end_max_active"] == 400.0
    assert values["previous_days_planned_end_max_approved"] == 300.0


def test_a_client_with_future_rows_only_is_one_without_history() -> None:
    with_future = ENGINE.reduce_history(FUTURE)
    np.testing.assert_equal(ENGINE.evaluate(APPLICANT, with_future), ENGINE.evaluate(APPLICANT))
    assert PROGRAM.row_dates["bureau"] == ("DAYS_CREDIT", "DAYS_CREDIT_UPDATE")


def test_duckdb_leaves_rows_after_the_application_out_as_well(tmp_path: Path) -> None:
    program = compile_all(
        total(bureau.AMT_CREDIT_SUM_DEBT),
        count(months, where=months.STATUS == "5"),
        latest(previous.AMT_CREDIT, by=previous.DAYS_DECISION),
        maximum(instalments.DAYS_ENTRY_PAYMENT - instalments.DAYS_INSTALMENT),
        application.AMT_CREDIT,
    )
    rows = {name: [{**row, "SK_ID_CURR": 1} for row in (*FUTURE[name], *KNOWN[name])] for name in KNOWN}
    with open_tables(HostileTables({"application": [APPLICANT], **rows}).write(tmp_path)) as tables:
        _, values = BatchEngine(program, tables).read_values()
    assert values.tolist() == [[600.0, 0.0, 500.0, 5.0, 90_000.0]]

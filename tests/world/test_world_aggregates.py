import numpy as np
import pytest

from solvent.world.aggregates import published_aggregates, recent_aggregates
from solvent.world.drawing.marginals import Coded, Table
from solvent.world.outcomes import ClientTables

NONE = np.nan


def _coded(*texts: str) -> Coded:
    labels = tuple(dict.fromkeys(texts))
    return Coded(np.array([labels.index(text) for text in texts]), labels)


def test_instalments_of_a_client_in_figures() -> None:
    rows: Table = {
        "DAYS_INSTALMENT": np.array([-400.0, -100.0, -50.0]),
        "DAYS_ENTRY_PAYMENT": np.array([-390.0, -105.0, NONE]),
        "AMT_INSTALMENT": np.array([100.0, 100.0, 200.0]),
        "AMT_PAYMENT": np.array([60.0, 100.0, NONE]),
    }
    tables = ClientTables(2, {"installments_payments": (rows, np.array([1, 1, 1]))})
    published, recent = published_aggregates(tables), recent_aggregates(tables)
    assert published["instalment_count"] == pytest.approx([NONE, 3.0], nan_ok=True)
    assert published["instalment_delay_days_mean"][1] == 2.5
    assert published["instalment_late_share"][1] == pytest.approx(1 / 3)
    assert published["instalment_paid_share"][1] == pytest.approx(160 / 400)
    assert recent["instalment_late_share_12m"][1] == 0.0
    assert recent["instalment_late_days_max"][1] == 10.0
    assert recent["instalment_part_payment_share"][1] == 0.5
    assert recent["instalment_entry_days_max"][1] == -105.0
    assert recent["instalment_payment_max"][1] == 100.0


def test_bureau_loans_of_two_clients_in_figures() -> None:
    rows: Table = {
        "DAYS_CREDIT": np.array([-100.0, -900.0, -400.0]),
        "AMT_CREDIT_SUM": np.array([100.0, 300.0, 0.0]),
        "AMT_CREDIT_SUM_DEBT": np.array([50.0, NONE, 7.0]),
        "AMT_CREDIT_SUM_OVERDUE": np.array([0.0, 0.0, 3.0]),
        "AMT_CREDIT_MAX_OVERDUE": np.array([NONE, NONE, 5.0]),
        "CREDIT_ACTIVE": _coded("Active", "Closed", "Closed"),
        "CREDIT_TYPE": _coded("Credit card", "Consumer credit", "Consumer credit"),
    }
    tables = ClientTables(2, {"bureau": (rows, np.array([0, 0, 1]))})
    published, recent = published_aggregates(tables), recent_aggregates(tables)
    assert published["bureau_active_count"] == pytest.approx([1.0, NONE], nan_ok=True)
    assert published["bureau_max_overdue"] == pytest.approx([NONE, 5.0], nan_ok=True)
    assert published["bureau_days_credit_max"].tolist() == [-100.0, -400.0]
    assert published["bureau_debt_sum"].tolist() == [50.0, 7.0]
    assert recent["bureau_debt_ratio"] == pytest.approx([0.125, NONE], nan_ok=True)
    assert recent["bureau_recent_share"].tolist() == [0.5, 0.0]


def test_the_latest_decision_is_the_one_with_the_largest_day() -> None:
    rows: Table = {
        "DAYS_DECISION": np.array([-700.0, -30.0, -200.0]),
        "NAME_CONTRACT_STATUS": _coded("Approved", "Refused", "Approved"),
    }
    tables = ClientTables(1, {"previous_application": (rows, np.array([0, 0, 0]))})
    recent = recent_aggregates(tables)
    assert (recent["previous_refused_last"][0], recent["previous_refused_share_12m"][0]) == (1.0, 0.5)


def test_a_table_that_is_not_there_adds_nothing() -> None:
    assert published_aggregates(ClientTables(3, {})) == {}

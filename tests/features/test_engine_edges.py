"""Cases in which SQL and numpy part unless the engines spell them out, with their answer, through both engines."""

from pathlib import Path

import numpy as np
from hostile_tables import HostileTables
from small_programs import Rows, application, bureau, compile_all, instalments, months, pos, previous

from solvent.features.aggregates import (
    count,
    deviation,
    distinct,
    grouped,
    latest,
    lookup,
    maximum,
    mean,
    share,
    slope,
    total,
)
from solvent.features.ibis_engine import BatchEngine
from solvent.features.language import Expression, as_number, exponential, is_sentinel, ratio
from solvent.features.request_engine import RequestEngine
from solvent.tables.reading import open_tables

NAN = float("nan")
BUREAU: Rows = [
    {"SK_ID_BUREAU": 10, "AMT_CREDIT_SUM_DEBT": 1e8, "AMT_CREDIT_SUM": 1e-320, "AMT_ANNUITY": 0.1, "DAYS_CREDIT": -3},
    {"SK_ID_BUREAU": 11, "AMT_CREDIT_SUM_DEBT": 1e8, "AMT_CREDIT_SUM": 1e-200, "AMT_ANNUITY": 0.7, "DAYS_CREDIT": -2},
    {"SK_ID_BUREAU": None, "AMT_CREDIT_SUM_DEBT": 2, "AMT_CREDIT_SUM": 1, "AMT_ANNUITY": 0.1, "DAYS_CREDIT": -1},
]
MONTHS: Rows = [
    {"SK_ID_BUREAU": None, "MONTHS_BALANCE": -1, "STATUS": "5"},
    {"SK_ID_BUREAU": 99, "MONTHS_BALANCE": -1, "STATUS": "5"},
]
PAYMENTS: Rows = [
    {"SK_ID_PREV": 1, "DAYS_INSTALMENT": -3, "AMT_PAYMENT": 500},
    {"SK_ID_PREV": 2, "DAYS_INSTALMENT": -3, "AMT_PAYMENT": 700},
]
PREVIOUS: Rows = [
    {"SK_ID_PREV": 1, "DAYS_DECISION": -9, "DAYS_LAST_DUE": 365243},
    {"SK_ID_PREV": 1, "DAYS_DECISION": -9, "DAYS_LAST_DUE": None},
]
BALANCES: Rows = [{"SK_ID_PREV": 1, "MONTHS_BALANCE": -1, "NAME_CONTRACT_STATUS": "Signed", "SK_DPD": 4}]

_ratio = ratio(bureau.AMT_CREDIT_SUM_DEBT, bureau.AMT_CREDIT_SUM)
_equal = bureau.AMT_ANNUITY * 0.0 + 0.1
_loans = grouped(instalments, by="SK_ID_PREV")
_paid = _loans.value(total(instalments.AMT_PAYMENT))
_newest = _loans.value(maximum(instalments.DAYS_INSTALMENT))
_open = as_number(is_sentinel(previous.DAYS_LAST_DUE))
_status = grouped(pos, by="SK_ID_PREV").value(latest(pos.NAME_CONTRACT_STATUS, by=pos.MONTHS_BALANCE))
_found = lookup(_status, into=previous)

CASES: list[tuple[str, Expression, float]] = [
    ("a ratio beyond float32 is no largest value", maximum(_ratio), 2),
    ("a ratio beyond float32 is no value at all", count(bureau, where=_ratio > 0), 1),
    ("nor has it a slope", slope(_ratio, over=bureau.DAYS_CREDIT), NAN),
    ("nor a deviation", deviation(_ratio), NAN),
    ("a power beyond float32 is missing", count(bureau, where=exponential(bureau.DAYS_CREDIT * -89) > 0), 0),
    ("equal values do not deviate", deviation(_equal), 0),
    ("unrelated values have no slope", slope(bureau.AMT_ANNUITY, over=bureau.DAYS_CREDIT), 0),
    ("a missing key ties no rows together", count(months), NAN),
    ("the last of tied loans has the largest key", mean(_paid, last=1, by=_newest), 700),
    ("loans are compared with the application", share(_paid > application.AMT_ANNUITY), 0.5),
    ("a looked up category is a code", latest(_found, by=previous.DAYS_DECISION), 7),
    ("a looked up category is counted", distinct(_found), 1),
    ("a looked up category is in a set", share(_found == "Signed"), 1),
    ("a sentinel settles a tie", mean(_open, last=1, by=previous.DAYS_DECISION), 1),
]


def test_engines_agree_where_sql_and_numpy_part(tmp_path: Path) -> None:
    history = {
        "bureau": BUREAU,
        "bureau_balance": MONTHS,
        "installments_payments": PAYMENTS,
        "previous_application": PREVIOUS,
        "POS_CASH_balance": BALANCES,
    }
    applicant = {"SK_ID_CURR": 1, "AMT_ANNUITY": 600}
    owned = {name: [{**row, "SK_ID_CURR": 1} for row in rows] for name, rows in history.items()}
    program = compile_all(*(expression for _, expression, _ in CASES))
    with open_tables(HostileTables({"application": [applicant], **owned}).write(tmp_path)) as tables:
        _, (batch,) = BatchEngine(program, tables).read_values()
    engine = RequestEngine(program)
    request = engine.evaluate(applicant, engine.reduce_history(history))
    names = [name for name, _, _ in CASES]
    expected = dict(zip(names, [expected for *_, expected in CASES], strict=True))
    np.testing.assert_equal(dict(zip(names, request.tolist(), strict=True)), expected)
    np.testing.assert_equal(dict(zip(names, batch.tolist(), strict=True)), expected)


def test_a_sum_that_cancels_is_exactly_zero_in_both_engines(tmp_path: Path) -> None:
    paid = instalments.AMT_PAYMENT - instalments.AMT_INSTALMENT
    rows = [(0.1, 0.0), (0.2, 0.0), (0.0, 0.3)]
    payments = [{"SK_ID_CURR": 1, "AMT_PAYMENT": more, "AMT_INSTALMENT": less} for more, less in rows]
    program = compile_all(total(paid), mean(paid), total(instalments.AMT_PAYMENT))
    tables = HostileTables({"application": [{"SK_ID_CURR": 1}], "installments_payments": payments})
    with open_tables(tables.write(tmp_path)) as raw:
        _, (batch,) = BatchEngine(program, raw).read_values()
    engine = RequestEngine(program)
    request = engine.evaluate({}, engine.reduce_history({"installments_payments": payments}))
    assert batch.tolist() == request.tolist() == [0.0, 0.0, 0.1 + 0.2]
    assert sum(more - less for more, less in rows) != 0.0

import math
from typing import Any

import numpy as np
import pytest
from small_programs import Rows, application, bureau, compile_all, declare, evaluate, instalments, months, pos, previous

from solvent.errors import FeatureError
from solvent.features.aggregates import (
    count,
    deviation,
    distinct,
    grouped,
    latest,
    lookup,
    maximum,
    mean,
    minimum,
    share,
    slope,
    total,
)
from solvent.features.compilation import compile_features
from solvent.features.language import Expression, as_number, exponential, larger, number, ratio, within
from solvent.features.request_engine import ReducedHistory, RequestEngine

due, paid, late = instalments.DAYS_INSTALMENT, instalments.AMT_PAYMENT, instalments.AMT_INSTALMENT > 0
recent = due >= -30

ROWS: Rows = [
    {"SK_ID_PREV": 1, "DAYS_INSTALMENT": -40, "AMT_PAYMENT": 1, "AMT_INSTALMENT": 5},
    {"SK_ID_PREV": 1, "DAYS_INSTALMENT": -20, "AMT_PAYMENT": 4, "AMT_INSTALMENT": None},
    {"SK_ID_PREV": 2, "DAYS_INSTALMENT": -10, "AMT_PAYMENT": 4, "AMT_INSTALMENT": 0},
    {"SK_ID_PREV": 2, "DAYS_INSTALMENT": -10, "AMT_PAYMENT": None, "AMT_INSTALMENT": 7},
    {"SK_ID_PREV": None, "DAYS_INSTALMENT": None, "AMT_PAYMENT": 11, "AMT_INSTALMENT": 7},
]
never = due > 0
loans = grouped(instalments, by="SK_ID_PREV")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (count(instalments), 5),
        (count(instalments, where=recent), 3),
        (count(instalments, where=never), 0),
        (share(late), 3 / 5),
        (share(late, where=recent), 1 / 3),
        (share(late, where=never), None),
        (share(late, last=2, by=due), 1 / 2),
        (total(paid), 20),
        (total(paid, where=recent), 8),
        (total(paid, where=never), None),
        (total(paid, last=3, by=due), 8),
        (mean(paid), 5),
        (mean(paid, where=recent), 4),
        (mean(paid, where=never), None),
        (mean(paid, last=4, by=due), 3),
        (minimum(paid), 1),
        (minimum(paid, where=recent), 4),
        (minimum(paid, where=never), None),
        (minimum(paid, last=9, by=due), 1),
        (maximum(paid), 11),
        (maximum(paid, where=recent), 4),
        (maximum(paid, where=never), None),
        (maximum(paid, last=4, by=due), 4),
        (deviation(paid), math.sqrt(54 / 3)),
        (deviation(paid, where=recent), 0),
        (deviation(paid, where=due == -40), None),
        (deviation(paid, last=4, by=due), math.sqrt(3)),
        (distinct(paid), 3),
        (distinct(paid, where=recent), 1),
        (distinct(paid, where=never), None),
        (slope(paid, over=due), 3 / 28),
        (slope(paid, over=due, where=recent), 0),
        (slope(paid, over=due, where=due == -10), None),
        (slope(paid, over=due, where=never), None),
        (slope(paid, over=due, last=4, by=due), 3 / 28),
        (latest(paid, by=due, where=due < -10), 4),
        (latest(paid, by=due, where=never), None),
        (latest(instalments.AMT_INSTALMENT, by=due, where=due == -20), None),
    ],
)
def test_a_statistic_over_the_rows_of_a_client(expression: Expression, expected: float | None) -> None:
    value = evaluate(expression, installments_payments=ROWS)
    assert value == (expected if expected is None else pytest.approx(expected, rel=1e-15))


def test_the_deviation_of_equal_values_is_exactly_zero() -> None:
    rows = [{"AMT_PAYMENT": 0.1}] * 3
    assert evaluate(deviation(paid), installments_payments=rows) == 0.0


def test_the_slope_of_unrelated_values_is_exactly_zero() -> None:
    rows = [{"AMT_PAYMENT": value, "DAYS_INSTALMENT": day} for value, day in ((0.1, -3), (0.7, -2), (0.1, -1))]
    assert evaluate(slope(paid, over=due), installments_payments=rows) == 0.0


def test_the_slope_over_differences_too_small_to_square_is_missing() -> None:
    rows = [{"AMT_PAYMENT": 0.0, "AMT_INSTALMENT": 0.0}, {"AMT_PAYMENT": 1e8, "AMT_INSTALMENT": 1e-165}]
    assert evaluate(slope(paid, over=instalments.AMT_INSTALMENT), installments_payments=rows) is None


@pytest.mark.parametrize("expression", [count(bureau), mean(bureau.AMT_ANNUITY), share(bureau.AMT_ANNUITY > 0)])
@pytest.mark.parametrize("history", [{}, {"bureau": []}, {"previous_application": [{"SK_ID_PREV": 1}]}])
def test_a_statistic_is_missing_without_rows_in_its_table(expression: Expression, history: dict[str, Rows]) -> None:
    assert evaluate(expression, {}, **history) is None


def test_all_of_the_last_rows_are_taken_when_there_are_fewer() -> None:
    assert evaluate(mean(paid, last=3, by=due), installments_payments=ROWS[:1]) == 1.0


def test_rows_without_their_order_are_never_among_the_last() -> None:
    assert evaluate(total(paid, last=5, by=due), installments_payments=ROWS) == 9.0
    assert evaluate(latest(paid, by=due), installments_payments=ROWS[4:]) is None


def test_a_filter_comes_before_the_last_rows() -> None:
    assert evaluate(mean(paid, last=1, by=due, where=paid < 4), installments_payments=ROWS) == 1.0


def test_a_tie_is_settled_by_the_largest_key_then_by_the_other_columns_whatever_the_order_of_rows() -> None:
    tied = [
        {"SK_ID_PREV": 7, "MONTHS_BALANCE": -1, "SK_DPD": 1, "SK_DPD_DEF": 8},
        {"SK_ID_PREV": 7, "MONTHS_BALANCE": -1, "SK_DPD": 2, "SK_DPD_DEF": 5},
        {"SK_ID_PREV": 3, "MONTHS_BALANCE": -1, "SK_DPD": 9, "SK_DPD_DEF": 5},
    ]
    newest = latest(pos.SK_DPD_DEF, by=pos.MONTHS_BALANCE)
    with_neighbour = compile_all(newest, maximum(pos.SK_DPD))
    for rows in (tied, tied[::-1]):
        engine = RequestEngine(with_neighbour)
        assert engine.evaluate({}, engine.reduce_history({"POS_CASH_balance": rows})).tolist() == [8.0, 9.0]


def test_a_missing_tie_breaker_comes_last() -> None:
    rows: Rows = [
        {"SK_ID_PREV": None, "MONTHS_BALANCE": -1, "SK_DPD": 5},
        {"SK_ID_PREV": 3, "MONTHS_BALANCE": -1, "SK_DPD": 4},
    ]
    assert evaluate(latest(pos.SK_DPD, by=pos.MONTHS_BALANCE), POS_CASH_balance=rows) == 4.0


def test_the_latest_category_is_a_code_and_missing_where_the_latest_row_has_none() -> None:
    rows = [{"DAYS_CREDIT": -5, "CREDIT_ACTIVE": "Sold"}, {"DAYS_CREDIT": -9, "CREDIT_ACTIVE": "Closed"}]
    newest = latest(bureau.CREDIT_ACTIVE, by=bureau.DAYS_CREDIT)
    assert evaluate(newest, bureau=rows) == 3.0
    assert evaluate(newest, bureau=[{"DAYS_CREDIT": -1, "CREDIT_ACTIVE": "Unheard"}, *rows]) is None
    assert evaluate(newest, bureau=[{"DAYS_CREDIT": -1}, *rows]) is None


def test_categories_are_counted_without_the_missing_and_the_unknown() -> None:
    rows = [{"CREDIT_TYPE": kind} for kind in ("Microloan", "Car loan", "Microloan", "Barter", None)]
    assert evaluate(distinct(bureau.CREDIT_TYPE), bureau=rows) == 2.0
    assert evaluate(distinct(bureau.CREDIT_TYPE), bureau=rows[3:]) is None


def test_a_window_holds_the_rows_of_its_days() -> None:
    rows = [{"DAYS_CREDIT": day} for day in (0, -180, -181, None)]
    assert evaluate(count(bureau, where=within(bureau.DAYS_CREDIT, last=180)), bureau=rows) == 2.0


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (count(loans), 2),
        (count(loans, where=loans.value(maximum(paid)) > 4), 0),
        (mean(loans.value(total(paid))), 4.5),
        (maximum(loans.value(count(instalments))), 2),
        (maximum(loans.value(count(instalments, where=recent))), 2),
        (minimum(loans.value(count(instalments, where=recent))), 1),
        (minimum(loans.value(mean(paid, where=due < -15))), 2.5),
        (total(loans.value(mean(paid, last=1, by=due))), 8),
        (share(loans.value(minimum(paid)) < 4), 0.5),
        (mean(loans.value(total(paid)), last=1, by=loans.value(maximum(due))), 4),
        (latest(loans.value(total(paid)), by=loans.value(count(instalments))), 4),
        (mean(ratio(loans.value(minimum(paid)), loans.value(maximum(paid)))), 0.625),
        (share(loans.value(total(paid)) > application.AMT_ANNUITY * 0.01), 0.5),
        (mean(loans.one_each), 1),
    ],
)
def test_a_statistic_over_the_loans_of_a_client(expression: Expression, expected: float) -> None:
    assert evaluate(expression, {"AMT_ANNUITY": 450}, installments_payments=ROWS) == expected


def test_rows_without_a_loan_are_in_no_group() -> None:
    assert evaluate(count(loans), installments_payments=ROWS[4:]) is None
    assert evaluate(mean(loans.value(total(paid))), installments_payments=ROWS[4:]) is None


MONTHS: Rows = [
    {"SK_ID_BUREAU": 10, "MONTHS_BALANCE": -1, "STATUS": "1"},
    {"SK_ID_BUREAU": 10, "MONTHS_BALANCE": -2, "STATUS": "0"},
    {"SK_ID_BUREAU": 99, "MONTHS_BALANCE": -1, "STATUS": "5"},
    {"SK_ID_BUREAU": None, "MONTHS_BALANCE": -1, "STATUS": "5"},
]
BUREAU: Rows = [
    {"SK_ID_BUREAU": 10, "CREDIT_ACTIVE": "Active"},
    {"SK_ID_BUREAU": 11, "CREDIT_ACTIVE": "Active"},
    {"SK_ID_BUREAU": None, "CREDIT_ACTIVE": "Closed"},
]
late_share = grouped(months, by="SK_ID_BUREAU").value(share(months.STATUS == "1"))


def test_months_of_a_loan_that_is_not_the_clients_are_left_out() -> None:
    assert evaluate(count(months), bureau=BUREAU, bureau_balance=MONTHS) == 2.0
    assert evaluate(count(months), bureau=BUREAU[1:], bureau_balance=MONTHS) is None
    assert evaluate(count(months), bureau_balance=MONTHS) is None


def test_a_lookup_brings_the_value_of_the_loan_with_the_same_key() -> None:
    found = lookup(late_share, into=bureau)
    assert evaluate(total(found), bureau=BUREAU, bureau_balance=MONTHS) == 0.5
    assert evaluate(mean(found, where=bureau.CREDIT_ACTIVE == "Closed"), bureau=BUREAU, bureau_balance=MONTHS) is None
    assert evaluate(mean(found), bureau=BUREAU) is None


def test_a_lookup_between_two_histories_with_us() -> None:
    status = grouped(pos, by="SK_ID_PREV").value(latest(pos.NAME_CONTRACT_STATUS, by=pos.MONTHS_BALANCE))
    balances = [
        {"SK_ID_PREV": 1, "MONTHS_BALANCE": -2, "NAME_CONTRACT_STATUS": "Active"},
        {"SK_ID_PREV": 1, "MONTHS_BALANCE": -1, "NAME_CONTRACT_STATUS": "Completed"},
        {"SK_ID_PREV": 2, "MONTHS_BALANCE": -1, "NAME_CONTRACT_STATUS": "Active"},
    ]
    loans_with_us = [{"SK_ID_PREV": key, "AMT_CREDIT": key * 1000} for key in (1, 2, 3)]
    open_credit = total(previous.AMT_CREDIT, where=lookup(status, into=previous) == "Active")
    assert evaluate(open_credit, previous_application=loans_with_us, POS_CASH_balance=balances) == 2000.0


def test_a_result_beyond_float32_is_missing() -> None:
    wide = application.AMT_CREDIT * 1e31
    assert evaluate(wide + 1, {"AMT_CREDIT": 2e7}) == 2e38
    assert evaluate(wide + wide, {"AMT_CREDIT": 2e7}) is None


def test_features_come_in_catalogue_order() -> None:
    program = compile_all(application.AMT_CREDIT, count(bureau), application.AMT_ANNUITY, application.AMT_CREDIT)
    engine = RequestEngine(program)
    values = engine.evaluate({"AMT_CREDIT": 2000, "AMT_ANNUITY": 300}, engine.reduce_history({"bureau": [{}]}))
    assert values.tolist() == [2000.0, 1.0, 300.0, 2000.0]
    assert values.dtype == np.float64


def test_no_history_is_a_client_without_rows() -> None:
    engine = RequestEngine(compile_all(application.AMT_CREDIT, count(bureau)))
    expected = [2000.0, math.nan]
    np.testing.assert_array_equal(engine.evaluate({"AMT_CREDIT": 2000}), expected)
    np.testing.assert_array_equal(engine.evaluate({"AMT_CREDIT": 2000}, engine.reduce_history({})), expected)


def test_an_engine_keeps_nothing_between_clients() -> None:
    engine = RequestEngine(compile_all(total(paid * application.CNT_CHILDREN), mean(paid)))
    rich = engine.reduce_history({"installments_payments": ROWS})
    before = engine.evaluate({"CNT_CHILDREN": 2}, rich).tolist()
    assert np.isnan(engine.evaluate({})).all()
    assert before == engine.evaluate({"CNT_CHILDREN": 2}, rich).tolist() == [40.0, 5.0]


EVERYTHING = compile_all(
    count(instalments),
    latest(instalments.NUM_INSTALMENT_VERSION, by=due),
    mean(paid),
    total(larger(paid, application.AMT_ANNUITY * 0.01)),
    share(late, where=paid * 1000 > application.AMT_CREDIT),
    count(bureau, where=bureau.AMT_CREDIT_SUM > application.AMT_CREDIT),
    maximum(lookup(late_share, into=bureau) * application.CNT_CHILDREN),
    share(previous.NAME_CONTRACT_TYPE == application.NAME_CONTRACT_TYPE),
    mean(exponential(due * 0.1)),
)
APPLICANT: dict[str, Any] = {"AMT_CREDIT": 3500, "AMT_ANNUITY": 450, "CNT_CHILDREN": 2}
HISTORY: dict[str, Rows] = {"installments_payments": ROWS, "bureau": BUREAU, "bureau_balance": MONTHS}


def test_a_history_packs_and_unpacks_bit_by_bit() -> None:
    reduced = RequestEngine(EVERYTHING).reduce_history(HISTORY)
    restored = ReducedHistory.from_bytes(reduced.to_bytes())
    assert list(restored.aggregates) == list(reduced.aggregates)
    assert list(restored.rows) == list(reduced.rows)
    assert (
        np.array(list(restored.aggregates.values())).tobytes() == np.array(list(reduced.aggregates.values())).tobytes()
    )
    for node, rows in reduced.rows.items():
        assert np.array(restored.rows[node]).tobytes() == np.array(rows, dtype=np.float64).tobytes()
    assert restored.to_bytes() == reduced.to_bytes()


@pytest.mark.parametrize("history", [HISTORY, {}, {"bureau": BUREAU}])
def test_a_restored_history_gives_the_same_bits_as_the_rows(history: dict[str, Rows]) -> None:
    engine = RequestEngine(EVERYTHING)
    reduced = engine.reduce_history(history)
    restored = ReducedHistory.from_bytes(reduced.to_bytes())
    assert engine.evaluate(APPLICANT, restored).tobytes() == engine.evaluate(APPLICANT, reduced).tobytes()


def test_a_history_keeps_rows_only_for_what_reads_the_application() -> None:
    program = compile_all(mean(paid), mean(due - application.DAYS_BIRTH))
    reduced = RequestEngine(program).reduce_history({"installments_payments": ROWS[:2]})
    assert {program.nodes[node].name: list(rows) for node, rows in reduced.rows.items()} == {
        "DAYS_INSTALMENT": [-40.0, -20.0]
    }
    assert list(reduced.aggregates.values()) == [2.5]


def test_a_program_without_histories_packs_too() -> None:
    reduced = RequestEngine(compile_all(application.AMT_CREDIT)).reduce_history(HISTORY)
    assert reduced.to_bytes() == b'{"aggregates":[],"rows":[]}\n'
    assert ReducedHistory.from_bytes(reduced.to_bytes()) == reduced


@pytest.mark.parametrize(
    "damage",
    [
        lambda payload: payload[:-1],
        lambda payload: payload[:-8],
        lambda payload: payload + bytes(8),
        lambda payload: payload[1:],
        lambda payload: payload.partition(b"\n")[0],
        lambda payload: payload.replace(b"rows", b"cows"),
        lambda payload: payload.replace(b'"rows":[[', b'"rows":[['[:-1]),
        lambda payload: b"",
        lambda payload: b"[]\n",
        lambda payload: b'{"aggregates":[1],"rows":[[2,"x"]]}\n' + bytes(16),
        lambda payload: b'{"aggregates":[1],"rows":[[2,-1],[3,1]]}\n' + bytes(8),
        lambda payload: b'{"aggregates":[1],"rows":[[2,1.5]]}\n' + bytes(20),
        lambda payload: b'{"aggregates":[1],"rows":[[2,1.5],[3,0.5]]}\n' + bytes(24),
        lambda payload: b'{"aggregates":[1],"rows":[2]}\n' + bytes(8),
    ],
)
def test_refuses_a_damaged_history(damage: Any) -> None:
    payload = RequestEngine(EVERYTHING).reduce_history(HISTORY).to_bytes()
    with pytest.raises(FeatureError, match="a stored history is damaged: run `solvent features store` again"):
        ReducedHistory.from_bytes(damage(payload))


def test_a_program_runs_the_same_after_its_way_through_json() -> None:
    engine, travelled = RequestEngine(EVERYTHING), RequestEngine(type(EVERYTHING).from_json(EVERYTHING.to_json()))
    values = engine.evaluate(APPLICANT, engine.reduce_history(HISTORY))
    assert travelled.evaluate(APPLICANT, travelled.reduce_history(HISTORY)).tobytes() == values.tobytes()


def test_counts_the_raw_columns_that_hold_a_value_it_can_use() -> None:
    engine = RequestEngine(compile_all(application.EXT_SOURCE_1 + application.DAYS_EMPLOYED, application.AMT_CREDIT))
    assert engine.client_column_count == 3
    assert engine.evaluate_and_count({"EXT_SOURCE_1": 2.0, "DAYS_EMPLOYED": 365243, "AMT_CREDIT": 2000})[1] == 1
    assert engine.evaluate_and_count({})[1] == 0


def test_literals_are_computed_among_themselves() -> None:
    program = compile_features([declare(as_number(number(2) * 1000.0 < application.AMT_CREDIT))])
    assert RequestEngine(program).evaluate({"AMT_CREDIT": 3000}).tolist() == [1.0]

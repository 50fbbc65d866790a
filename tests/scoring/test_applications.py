from typing import Any

import pytest

from solvent.errors import ApplicationError
from solvent.scoring.applications import MAX_PROBLEMS, MAX_ROWS_PER_TABLE, accept_application
from solvent.tables.schemas import HISTORY_TABLES
from tiny_model import BUREAU_ROWS, SAFE


def _problems(document: object) -> tuple[str, ...]:
    with pytest.raises(ApplicationError) as refused:
        accept_application(document)
    return refused.value.problems


def test_keeps_what_was_given_and_leaves_out_nulls() -> None:
    application = accept_application({**SAFE, "AMT_ANNUITY": None, "EXT_SOURCE_1": 0.25})
    assert application.client_id == 100001
    assert application.columns == {**SAFE, "EXT_SOURCE_1": 0.25}
    assert (application.history, application.warnings) == (None, ())


def test_tells_no_history_from_an_empty_one() -> None:
    assert accept_application(SAFE).history is None
    assert accept_application({**SAFE, "bureau": []}).history == {"bureau": []}


def test_rows_may_leave_out_whose_they_are() -> None:
    rows = [{"SK_ID_BUREAU": 1}, {"SK_ID_BUREAU": 2, "SK_ID_CURR": 100001}]
    assert accept_application({**SAFE, "bureau": rows}).history == {"bureau": rows}


def test_rows_of_another_client_are_refused_in_any_table() -> None:
    rows = [{"SK_ID_PREV": 1, "SK_ID_CURR": 100002}]
    (problem,) = _problems({**SAFE, "previous_application": rows})
    assert problem == "previous_application.SK_ID_CURR: must be the client of the application"


def test_all_problems_are_named_at_once_but_no_name_that_could_be_anything() -> None:
    document = {**SAFE, "AMT_CREDIT": "x", "DAYS_BIRTH": None, "AMT_CREDITS": 1, "J. Doe": 2, "bureau": [{"x": 1}]}
    assert set(_problems(document)) == {
        "AMT_CREDIT: must be a number",
        "DAYS_BIRTH: required",
        "AMT_CREDITS: is no column of this table",
        "a field: is no column of this table; its name is not repeated, as it could hold data",
        "bureau.SK_ID_BUREAU: required",
        "bureau.a field: is no column of this table; its name is not repeated, as it could hold data",
    }


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ({"ext_source_1": 0.5}, "EXT_SOURCE_1: came in other letters; write the name as here, capitals count"),
        ({"Bureau": []}, "bureau: came in other letters; write the name as here, capitals count"),
        (
            {"bureau": [{"SK_ID_BUREAU": 1, "Credit_Active": "Active"}]},
            "bureau.CREDIT_ACTIVE: came in other letters; write the name as here, capitals count",
        ),
        ({"clients": [SAFE]}, "clients: is the field of a batch, which goes to /predict-batch"),
    ],
)
def test_the_likely_slip_in_a_name_is_told(field: dict[str, object], problem: str) -> None:
    assert _problems({**SAFE, **field}) == (problem,)


@pytest.mark.parametrize("document", [[], None, "x", 1])
def test_anything_but_an_object_is_refused(document: object) -> None:
    assert _problems(document) == ("the body must be a JSON object with the columns of one application",)


def test_a_whole_number_has_no_fraction() -> None:
    assert _problems({**SAFE, "CNT_CHILDREN": 1.5}) == ("CNT_CHILDREN: must be a whole number",)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -0.01, 1.01])
def test_an_optional_number_outside_its_range_is_warned_of(value: float) -> None:
    assert accept_application({**SAFE, "EXT_SOURCE_1": value}).warnings == ("out_of_range:EXT_SOURCE_1",)


@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0])
def test_the_bounds_of_a_range_belong_to_it(value: float) -> None:
    assert accept_application({**SAFE, "EXT_SOURCE_1": value}).warnings == ()


def test_a_warning_stands_once_however_many_rows_give_it() -> None:
    rows = [{"SK_ID_BUREAU": number, "CREDIT_ACTIVE": "unheard of"} for number in range(1, 4)]
    assert accept_application({**SAFE, "bureau": rows}).warnings == (
        "unknown_category:bureau.CREDIT_ACTIVE",
        "partial_history",
    )


@pytest.mark.parametrize(("rows", "is_refused"), [(MAX_ROWS_PER_TABLE, False), (MAX_ROWS_PER_TABLE + 1, True)])
def test_a_table_has_a_longest_history(rows: int, is_refused: bool) -> None:
    document = {**SAFE, "bureau": [{"SK_ID_BUREAU": number} for number in range(1, rows + 1)]}
    if is_refused:
        assert _problems(document) == ("bureau: at most 5000 rows",)
    else:
        assert len((accept_application(document).history or {})["bureau"]) == rows


def test_an_answer_names_fifty_problems_and_counts_the_rest() -> None:
    names = [f"FLAG_DOCUMENT_{number}" for number in range(2, 22)]
    areas = ("APARTMENTS", "BASEMENTAREA", "COMMONAREA", "ELEVATORS", "ENTRANCES", "FLOORSMAX", "FLOORSMIN", "LANDAREA")
    names += [f"{area}_{kind}" for area in areas for kind in ("AVG", "MODE", "MEDI")]
    names += [
        "OWN_CAR_AGE",
        "CNT_CHILDREN",
        "CNT_FAM_MEMBERS",
        "EXT_SOURCE_1",
        "EXT_SOURCE_3",
        "DAYS_EMPLOYED",
        "AMT_ANNUITY",
    ]
    wrong: dict[str, Any] = dict.fromkeys(names, "x")
    problems = _problems({**SAFE, **wrong})
    assert len(wrong) == 51
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1] == "and 1 more"


def test_the_rows_of_the_example_are_accepted() -> None:
    history: dict[str, list[dict[str, Any]]] = {name: [] for name in HISTORY_TABLES} | {"bureau": BUREAU_ROWS}
    assert accept_application({**SAFE, **history}).warnings == ()


def test_a_history_without_one_of_its_tables_is_warned_of() -> None:
    history: dict[str, list[dict[str, Any]]] = {name: [] for name in HISTORY_TABLES if name != "bureau"}
    assert accept_application({**SAFE, **history}).warnings == ("partial_history",)


def test_months_of_a_loan_that_is_not_there_are_warned_of() -> None:
    history: dict[str, list[dict[str, Any]]] = {name: [] for name in HISTORY_TABLES}
    history["bureau_balance"] = [{"SK_ID_BUREAU": 7, "MONTHS_BALANCE": -1, "STATUS": "0"}]
    assert accept_application({**SAFE, **history}).warnings == ("orphan_rows:bureau_balance",)
    history["bureau"] = [{"SK_ID_BUREAU": 7}]
    assert accept_application({**SAFE, **history}).warnings == ()


def test_a_row_sent_twice_is_a_problem() -> None:
    with pytest.raises(ApplicationError, match="bureau: two rows have the same SK_ID_BUREAU"):
        accept_application({**SAFE, "bureau": [{"SK_ID_BUREAU": 7}, {"SK_ID_BUREAU": 7}]})

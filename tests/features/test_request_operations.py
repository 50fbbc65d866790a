"""The meaning of every operation, on a client's values (plain floats) and inside its rows (arrays)."""

import math
import operator
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_programs import Rows, application, bureau, evaluate, previous

from solvent.features.aggregates import count, maximum, share
from solvent.features.language import (
    Expression,
    absolute,
    as_number,
    coalesce,
    count_present,
    exponential,
    is_missing,
    is_sentinel,
    larger,
    largest_present,
    logarithm,
    mean_present,
    ratio,
    smaller,
    smallest_present,
    square_root,
    sum_present,
    when,
    within,
)

Build = Callable[[Expression, Expression], Expression]
Number = float | None

first, second = bureau.AMT_CREDIT_SUM_DEBT, bureau.AMT_CREDIT_SUM_LIMIT

NUMBERS: list[tuple[str, Build, Number, Number, Number]] = [
    ("add", lambda a, b: a + b, 2, 3, 5),
    ("add a missing value", lambda a, b: a + b, None, 3, None),
    ("add a literal", lambda a, b: 10 + a, 2, None, 12),
    ("subtract", lambda a, b: a - b, 2, 3, -1),
    ("subtract from a literal", lambda a, b: 10 - a, 2, None, 8),
    ("subtract a missing value", lambda a, b: a - b, 2, None, None),
    ("multiply", lambda a, b: a * b, 2, -3, -6),
    ("multiply a missing value by zero", lambda a, b: a * b, None, 0, None),
    ("multiply beyond float32", lambda a, b: a * a * a * a * a, 1e8, None, None),
    ("negate", lambda a, b: -a, 2, None, -2),
    ("ratio", ratio, 6, 4, 1.5),
    ("ratio to zero", ratio, 6, 0, None),
    ("ratio of zeros", ratio, 0, 0, None),
    ("ratio of a missing value", ratio, None, 4, None),
    ("ratio to a missing value", ratio, 6, None, None),
    ("ratio beyond float64", ratio, 1e8, 1e-320, None),
    ("ratio beyond float32", ratio, 1e8, 1e-32, None),
    ("ratio beyond float32 below zero", ratio, -1e6, 1e-34, None),
    ("larger", larger, 2, 3, 3),
    ("larger first", larger, 3, 2, 3),
    ("larger of a missing value", larger, None, 0, None),
    ("smaller", smaller, 2, 3, 2),
    ("smaller second", smaller, 3, 2, 2),
    ("smaller of a missing value", smaller, 0, None, None),
    ("absolute", lambda a, b: absolute(a), -2, None, 2),
    ("absolute of a missing value", lambda a, b: absolute(a), None, None, None),
    ("square root", lambda a, b: square_root(a), 9, None, 3),
    ("square root of zero", lambda a, b: square_root(a), 0, None, 0),
    ("square root of a negative", lambda a, b: square_root(a), -1, None, None),
    ("logarithm", lambda a, b: logarithm(a), 1, None, 0),
    ("logarithm of zero", lambda a, b: logarithm(a), 0, None, None),
    ("logarithm of a negative", lambda a, b: logarithm(a), -1, None, None),
    ("logarithm of a missing value", lambda a, b: logarithm(a), None, None, None),
    ("exponential", lambda a, b: exponential(a), 1, None, math.e),
    ("exponential beyond float32", lambda a, b: exponential(a), 89, None, None),
    ("exponential beyond float64", lambda a, b: exponential(a), 1000, None, None),
    ("exponential of a missing value", lambda a, b: exponential(a), None, None, None),
    ("coalesce", coalesce, 2, 3, 2),
    ("coalesce a missing value", coalesce, None, 3, 3),
    ("coalesce two missing values", coalesce, None, None, None),
    ("coalesce to a literal", lambda a, b: coalesce(a, 7), None, None, 7),
    ("when true", lambda a, b: when(a > 0, b, 9), 1, 5, 5),
    ("when false", lambda a, b: when(a > 0, b, 9), -1, 5, 9),
    ("when missing", lambda a, b: when(a > 0, b, 9), None, 5, 9),
    ("when false without otherwise", lambda a, b: when(a > 0, b), -1, 5, None),
    ("when true with a missing branch", lambda a, b: when(a > 0, b, 9), 1, None, None),
    ("sum of those present", sum_present, 2, 3, 5),
    ("sum of the one present", sum_present, None, 3, 3),
    ("sum of none present", sum_present, None, None, None),
    ("mean of those present", mean_present, 2, 3, 2.5),
    ("mean of the one present", mean_present, 2, None, 2),
    ("mean of none present", mean_present, None, None, None),
    ("smallest of those present", smallest_present, 3, 2, 2),
    ("smallest of the one present", smallest_present, None, 2, 2),
    ("smallest of none present", smallest_present, None, None, None),
    ("largest of those present", largest_present, 3, 2, 3),
    ("largest of the one present", largest_present, 3, None, 3),
    ("largest of none present", largest_present, None, None, None),
    ("count of those present", count_present, None, 0, 1),
    ("count of none present", count_present, None, None, 0),
]
FLAGS: list[tuple[str, Build, Number, Number, Number]] = [
    ("less", lambda a, b: a < b, 2, 3, 1),
    ("less than an equal", lambda a, b: a < b, 3, 3, 0),
    ("less than a missing value", lambda a, b: a < b, 3, None, None),
    ("less or equal", lambda a, b: a <= b, 3, 3, 1),
    ("not less or equal", lambda a, b: a <= b, 4, 3, 0),
    ("greater", lambda a, b: a > b, 4, 3, 1),
    ("greater than a missing value", lambda a, b: a > b, None, 3, None),
    ("greater or equal", lambda a, b: a >= b, 3, 3, 1),
    ("not greater or equal", lambda a, b: a >= b, 2, 3, 0),
    ("equal", lambda a, b: a == b, 3, 3, 1),
    ("not equal", lambda a, b: a == b, 2, 3, 0),
    ("equal to a missing value", lambda a, b: a == b, None, None, None),
    ("unequal", lambda a, b: a != b, 2, 3, 1),
    ("unequal to a missing value", lambda a, b: a != b, None, 3, None),
    ("is missing", lambda a, b: is_missing(a), None, 3, 1),
    ("is not missing", lambda a, b: is_missing(a), 0, 3, 0),
    ("true and true", lambda a, b: (a > 0) & (b > 0), 1, 1, 1),
    ("true and false", lambda a, b: (a > 0) & (b > 0), 1, -1, 0),
    ("true and missing", lambda a, b: (a > 0) & (b > 0), 1, None, None),
    ("false and missing", lambda a, b: (a > 0) & (b > 0), -1, None, 0),
    ("missing and missing", lambda a, b: (a > 0) & (b > 0), None, None, None),
    ("true or missing", lambda a, b: (a > 0) | (b > 0), 1, None, 1),
    ("true or true", lambda a, b: (a > 0) | (b > 0), 1, 1, 1),
    ("false or missing", lambda a, b: (a > 0) | (b > 0), -1, None, None),
    ("false or false", lambda a, b: (a > 0) | (b > 0), -1, -1, 0),
    ("not true", lambda a, b: ~(a > 0), 1, None, 0),
    ("not missing", lambda a, b: ~(a > 0), None, None, None),
    ("within, at the far end", lambda a, b: within(a, last=12), -12, None, 1),
    ("within, before it", lambda a, b: within(a, last=12), -13, None, 0),
    ("within, on the day", lambda a, b: within(a, last=12), 0, None, 1),
    ("within, afterwards", lambda a, b: within(a, last=12), 1, None, 0),
    ("within, missing", lambda a, b: within(a, last=12), None, None, None),
]
CASES = NUMBERS + [
    (name, lambda a, b, build=build: as_number(build(a, b)), left, right, expected)
    for name, build, left, right, expected in FLAGS
]
each_case = pytest.mark.parametrize(
    ("build", "left", "right", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)


def row(left: Number, right: Number) -> list[dict[str, Number]]:
    return [{"AMT_CREDIT_SUM_DEBT": left, "AMT_CREDIT_SUM_LIMIT": right}]


@each_case
def test_an_operation_inside_rows(build: Build, left: Number, right: Number, expected: Number) -> None:
    assert evaluate(maximum(build(first, second)), bureau=row(left, right)) == expected


@each_case
def test_an_operation_on_the_values_of_a_client(build: Build, left: Number, right: Number, expected: Number) -> None:
    assert evaluate(build(maximum(first), maximum(second)), bureau=row(left, right)) == expected


@pytest.mark.parametrize(
    ("build", "left", "right", "flag"), [case[1:] for case in FLAGS], ids=[case[0] for case in FLAGS]
)
def test_a_filter_takes_a_row_whose_flag_is_true_and_its_opposite_one_whose_flag_is_false(
    build: Build, left: Number, right: Number, flag: Number
) -> None:
    rows = row(left, right)
    assert evaluate(count(bureau, where=build(first, second)), bureau=rows) == (1 if flag == 1 else 0)
    assert evaluate(count(bureau, where=~build(first, second)), bureau=rows) == (1 if flag == 0 else 0)
    assert evaluate(share(build(first, second)), bureau=rows) == (1 if flag == 1 else 0)
    assert evaluate(maximum(when(build(first, second), first, 7)), bureau=rows) == (left if flag == 1 else 7)


@given(
    numbers=st.tuples(*[st.sampled_from([None, -1, 0, 1])] * 2),
    tree=st.recursive(
        st.sampled_from([first > 0, second <= 0, first == second, is_missing(second)]),
        lambda part: st.one_of(
            st.builds(operator.and_, part, part), st.builds(operator.or_, part, part), st.builds(operator.invert, part)
        ),
        max_leaves=6,
    ),
)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_a_filter_of_many_parts_takes_the_rows_where_its_value_is_one(
    numbers: tuple[Number, Number], tree: Expression
) -> None:
    flag = evaluate(maximum(as_number(tree)), bureau=row(*numbers))
    assert evaluate(count(bureau, where=tree), bureau=row(*numbers)) == (1 if flag == 1 else 0)
    assert evaluate(count(bureau, where=~tree), bureau=row(*numbers)) == (1 if flag == 0 else 0)


def test_a_client_value_meets_each_of_its_rows() -> None:
    rows: Rows = [{"AMT_CREDIT": 1000}, {"AMT_CREDIT": 3000}, {"AMT_CREDIT": None}]
    larger_now = share(previous.AMT_CREDIT < application.AMT_CREDIT)
    assert evaluate(larger_now, {"AMT_CREDIT": 2000}, previous_application=rows) == 1 / 3
    assert evaluate(larger_now, {}, previous_application=rows) == 0.0


def test_a_computed_client_value_meets_each_of_its_rows() -> None:
    rows: Rows = [{"AMT_CREDIT": 1000}, {"AMT_CREDIT": 3000}, {"AMT_CREDIT": None}]
    half = application.AMT_CREDIT * 0.5
    applicant = {"AMT_CREDIT": 4000}
    assert evaluate(share(half > previous.AMT_CREDIT), applicant, previous_application=rows) == 1 / 3
    assert evaluate(maximum(half - previous.AMT_CREDIT), applicant, previous_application=rows) == 1000.0


def test_a_flag_may_be_a_feature() -> None:
    assert evaluate(application.AMT_CREDIT > 1500, {"AMT_CREDIT": 2000}) == 1.0


CONTRACTS = ("Cash loans", "Consumer loans", "Revolving loans")


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("Cash loans", "Cash loans", 1.0),
        ("Revolving loans", "Revolving loans", 1.0),
        ("Consumer loans", "Revolving loans", 0.0),
        ("Cash loans", "Revolving loans", 0.0),
        (None, "Cash loans", None),
        ("Cash loans", None, None),
        ("XNA", "Cash loans", None),
        ("Cash loans", "Loans", None),
    ],
)
def test_categories_of_two_tables_are_compared_by_their_text(before: str, now: str, expected: float) -> None:
    assert previous.NAME_CONTRACT_TYPE.categories == CONTRACTS
    assert application.NAME_CONTRACT_TYPE.categories == CONTRACTS[::2]
    rows: Rows = [{"NAME_CONTRACT_TYPE": before}]
    applicant = {"NAME_CONTRACT_TYPE": now}
    forwards = as_number(previous.NAME_CONTRACT_TYPE == application.NAME_CONTRACT_TYPE)
    backwards = as_number(application.NAME_CONTRACT_TYPE == previous.NAME_CONTRACT_TYPE)
    assert evaluate(maximum(forwards), applicant, previous_application=rows) == expected
    assert evaluate(maximum(backwards), applicant, previous_application=rows) == expected


def test_categories_of_one_client_are_compared_by_their_text() -> None:
    same = as_number(application.NAME_TYPE_SUITE.is_in("Family").of[0] == application.NAME_TYPE_SUITE)
    assert evaluate(same, {"NAME_TYPE_SUITE": "Family"}) == 1.0
    assert evaluate(same, {}) is None


@pytest.mark.parametrize(
    ("contract", "expected"), [("Cash loans", 1.0), ("Revolving loans", 0.0), (None, None), ("Loans", None)]
)
def test_a_category_is_in_a_set_or_missing(contract: str | None, expected: float | None) -> None:
    applicant = {"NAME_CONTRACT_TYPE": contract}
    assert evaluate(as_number(application.NAME_CONTRACT_TYPE == "Cash loans"), applicant) == expected
    inside = maximum(as_number(previous.NAME_CONTRACT_TYPE.is_in("Cash loans", "Consumer loans")))
    assert evaluate(inside, previous_application=[applicant]) == expected


def test_a_category_is_given_as_its_code() -> None:
    assert evaluate(application.NAME_CONTRACT_TYPE, {"NAME_CONTRACT_TYPE": "Revolving loans"}) == 1.0
    assert evaluate(application.NAME_CONTRACT_TYPE, {"NAME_CONTRACT_TYPE": "<script>"}) is None
    assert evaluate(application.ORGANIZATION_TYPE, {"ORGANIZATION_TYPE": "XNA"}) is None


@pytest.mark.parametrize(
    ("days", "value", "flag"),
    [(365243, None, 1.0), (-100, -100.0, 0.0), (1, None, 0.0), (-27001, None, 0.0), (0, 0.0, 0.0), (None, None, None)],
)
def test_a_sentinel_is_missing_and_flagged_and_an_implausible_value_is_missing(
    days: int | None, value: float | None, flag: float | None
) -> None:
    applicant = {"DAYS_EMPLOYED": days}
    assert evaluate(application.DAYS_EMPLOYED, applicant) == value
    assert evaluate(as_number(is_sentinel(application.DAYS_EMPLOYED)), applicant) == flag


@pytest.mark.parametrize(
    ("days", "value", "flag"), [(365243, None, 1.0), (-7, -7.0, 0.0), (10001, None, 0.0), (None, None, None)]
)
def test_rows_are_cleaned_by_the_same_rule(days: int | None, value: float | None, flag: float | None) -> None:
    rows = [{"DAYS_LAST_DUE": days}]
    assert evaluate(maximum(previous.DAYS_LAST_DUE), previous_application=rows) == value
    assert evaluate(maximum(as_number(is_sentinel(previous.DAYS_LAST_DUE))), previous_application=rows) == flag


@pytest.mark.parametrize(("text", "flag"), [("XNA", 1.0), ("Bank", 0.0), ("Guild", 0.0), ("", None), (None, None)])
def test_a_category_has_a_sentinel_flag_too(text: str | None, flag: float | None) -> None:
    assert evaluate(as_number(is_sentinel(application.ORGANIZATION_TYPE)), {"ORGANIZATION_TYPE": text}) == flag


def test_the_ends_of_a_range_belong_to_it() -> None:
    assert evaluate(application.EXT_SOURCE_1, {"EXT_SOURCE_1": 0}) == 0.0
    assert evaluate(application.EXT_SOURCE_1, {"EXT_SOURCE_1": 1}) == 1.0
    assert evaluate(application.EXT_SOURCE_1, {"EXT_SOURCE_1": 1.0000001}) is None

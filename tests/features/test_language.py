import pytest
from small_programs import application, bureau, declare, instalments, months, pos, previous

from solvent.errors import FeatureError, TablesError
from solvent.features import language
from solvent.features.aggregates import grouped, mean
from solvent.features.language import Expression, as_number, feature, is_sentinel, number, ratio, table, when, within
from solvent.features.program import CLIENT_LEVEL, CONSTANT, Level, ValueKind

ROW = Level("bureau")


def shape(expression: Expression) -> tuple[str, Level, ValueKind]:
    return expression.op, expression.level, expression.kind


def test_a_table_knows_its_columns() -> None:
    assert shape(bureau.AMT_CREDIT_SUM) == ("column", ROW, ValueKind.NUMBER)
    assert shape(months.STATUS) == ("column", Level("bureau_balance"), ValueKind.CATEGORY)
    assert months.STATUS.categories == ("0", "1", "2", "3", "4", "5", "C", "X")
    assert shape(application.column("AMT_CREDIT")) == ("column", CLIENT_LEVEL, ValueKind.NUMBER)
    assert shape(bureau.one_each) == ("row", ROW, ValueKind.NUMBER)


def test_the_key_of_a_row_leaves_out_the_client() -> None:
    loan, month = pos.keys()
    assert (loan.name, month.name) == ("SK_ID_PREV", "MONTHS_BALANCE")
    assert application.keys() == ()


def test_refuses_an_unknown_table_or_column() -> None:
    with pytest.raises(TablesError, match="there is no table loans: the tables are application, bureau, "):
        table("loans")
    with pytest.raises(TablesError, match="table bureau has no column AMT: see "):
        _ = bureau.AMT
    with pytest.raises(AttributeError, match="_repr_html_"):
        _ = bureau._repr_html_


def test_arithmetic_keeps_the_order_of_its_operands() -> None:
    column = bureau.AMT_CREDIT_SUM
    left, right = column - 1, 1 - column
    assert (left.op, [part.op for part in left.of], left.of[1].number) == ("subtract", ["column", "number"], 1.0)
    assert (right.op, [part.op for part in right.of], right.of[0].number) == ("subtract", ["number", "column"], 1.0)
    assert [part.op for part in (2 + column).of] == ["number", "column"]
    assert [part.op for part in (2 * column).of] == ["number", "column"]
    assert ((-column).op, (-column).of[1].number) == ("multiply", -1.0)


def test_larger_than_is_smaller_than_the_other_way_round() -> None:
    column = bureau.AMT_CREDIT_SUM
    assert ((column > 5).op, [part.op for part in (column > 5).of]) == ("less", ["number", "column"])
    assert ((column >= 5).op, [part.op for part in (column >= 5).of]) == ("less_or_equal", ["number", "column"])
    assert ((column < 5).op, [part.op for part in (column < 5).of]) == ("less", ["column", "number"])
    assert ((column <= 5).op, [part.op for part in (column <= 5).of]) == ("less_or_equal", ["column", "number"])


def test_comparisons_and_conditions_are_flags() -> None:
    late = pos.SK_DPD > 0
    for condition in (late, pos.SK_DPD == 0, pos.SK_DPD != 0, late & ~late, late | late, within(pos.SK_DPD, last=3)):
        assert condition.kind is ValueKind.FLAG
    assert shape(as_number(late)) == ("as_number", Level("POS_CASH_balance"), ValueKind.NUMBER)


def test_equality_depends_on_what_is_compared() -> None:
    assert (bureau.AMT_CREDIT_SUM == 5).op == "equal"
    assert (bureau.CREDIT_ACTIVE == "Active").texts == ("Active",)
    assert (bureau.CREDIT_ACTIVE != "Active").op == "not"
    assert (previous.NAME_CONTRACT_TYPE == application.NAME_CONTRACT_TYPE).op == "same_category"


def test_is_in_sorts_its_categories_and_drops_repetitions() -> None:
    assert months.STATUS.is_in("5", "1", "5").texts == ("1", "5")


def test_the_level_of_a_combination_is_the_finest_one() -> None:
    assert (number(1) + 2).level == CONSTANT
    assert (application.AMT_CREDIT + 2).level == CLIENT_LEVEL
    assert (mean(bureau.AMT_CREDIT_SUM) + application.AMT_CREDIT).level == CLIENT_LEVEL
    assert (bureau.AMT_CREDIT_SUM + application.AMT_CREDIT).level == ROW


def test_refuses_to_mix_rows_of_two_tables() -> None:
    expected = "add mixes one value per row of bureau with one value per row of previous_application: aggregate one"
    with pytest.raises(FeatureError, match=expected):
        _ = bureau.AMT_ANNUITY + previous.AMT_ANNUITY


def test_refuses_to_mix_rows_and_their_groups() -> None:
    loan = grouped(pos, by="SK_ID_PREV").value(mean(pos.SK_DPD))
    expected = "less mixes one value per SK_ID_PREV of POS_CASH_balance with one value per row of POS_CASH_balance"
    with pytest.raises(FeatureError, match=expected):
        _ = loan < pos.SK_DPD


def test_refuses_a_feature_that_is_not_one_value_per_client() -> None:
    with pytest.raises(FeatureError, match="feature value has one value per row of bureau: aggregate it per client"):
        declare(bureau.AMT_ANNUITY)
    with pytest.raises(FeatureError, match="one value per SK_ID_PREV of installments_payments: aggregate"):
        declare(grouped(instalments, by="SK_ID_PREV").value(mean(instalments.AMT_PAYMENT)))


def test_keeps_what_a_feature_says_about_itself() -> None:
    declared = feature("name", application.AMT_CREDIT, unit="currency", meaning="credit", reason="LOAN_TERMS")
    assert (declared.name, declared.unit, declared.meaning, declared.reason) == (
        "name",
        "currency",
        "credit",
        "LOAN_TERMS",
    )


def test_arithmetic_and_order_refuse_categories_and_flags() -> None:
    late = pos.SK_DPD > 0
    with pytest.raises(FeatureError, match=r"^add takes a number$"):
        _ = late + 1
    with pytest.raises(FeatureError, match=r"^ratio takes a number$"):
        ratio(1, late)
    with pytest.raises(FeatureError, match=r"^less takes a number$"):
        _ = bureau.CREDIT_ACTIVE < bureau.CREDIT_TYPE


def test_logic_refuses_what_is_not_a_flag() -> None:
    with pytest.raises(FeatureError, match=r"^and takes a flag$"):
        _ = bureau.AMT_ANNUITY & (bureau.AMT_ANNUITY > 0)
    with pytest.raises(FeatureError, match=r"^or takes a flag$"):
        _ = (bureau.AMT_ANNUITY > 0) | bureau.AMT_ANNUITY
    with pytest.raises(FeatureError, match=r"^not takes a flag$"):
        _ = ~bureau.AMT_ANNUITY
    with pytest.raises(FeatureError, match=r"^as_number takes a flag$"):
        as_number(bureau.AMT_ANNUITY)


def test_when_refuses_a_number_as_condition_and_a_category_as_branch() -> None:
    with pytest.raises(FeatureError, match=r"^when takes a flag$"):
        when(bureau.AMT_ANNUITY, 1)
    with pytest.raises(FeatureError, match=r"^when takes a number$"):
        when(bureau.AMT_ANNUITY > 0, 1, bureau.CREDIT_TYPE)


def test_refuses_a_category_that_the_schema_does_not_know() -> None:
    with pytest.raises(FeatureError, match="CREDIT_ACTIVE has no category Alive, Dead: see its schema"):
        bureau.CREDIT_ACTIVE.is_in("Dead", "Active", "Alive")
    with pytest.raises(FeatureError, match=r"^is_in takes a category$"):
        _ = bureau.AMT_ANNUITY == "Active"


def test_refuses_to_compare_with_what_is_no_value() -> None:
    with pytest.raises(FeatureError, match="compare with a number, a category or another expression"):
        _ = bureau.AMT_ANNUITY == None  # noqa: E711
    with pytest.raises(FeatureError, match=r"^== takes a category$"):
        _ = bureau.CREDIT_ACTIVE == bureau.AMT_ANNUITY
    with pytest.raises(FeatureError, match=r"^== takes a category$"):
        _ = bureau.AMT_ANNUITY == bureau.CREDIT_ACTIVE


def test_an_expression_has_no_truth() -> None:
    with pytest.raises(FeatureError, match=r"no truth of its own: combine with & \| ~, compare one pair at a time"):
        _ = (pos.SK_DPD > 0) and (pos.SK_DPD < 5)


def test_refuses_a_chained_comparison() -> None:
    with pytest.raises(FeatureError, match="compare one pair at a time"):
        _ = 0 < pos.SK_DPD < 5


def test_only_raw_columns_with_sentinels_have_a_sentinel_flag() -> None:
    assert shape(is_sentinel(application.DAYS_EMPLOYED)) == ("is_sentinel", CLIENT_LEVEL, ValueKind.FLAG)
    with pytest.raises(FeatureError, match="is_sentinel takes a raw column"):
        is_sentinel(application.DAYS_EMPLOYED + 1)
    with pytest.raises(FeatureError, match=r"application.DAYS_BIRTH has no sentinel: see its schema"):
        is_sentinel(application.DAYS_BIRTH)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e39])
def test_refuses_a_literal_that_is_no_float32(value: float) -> None:
    with pytest.raises(FeatureError, match="a literal must be a finite number that fits in float32"):
        number(value)


def test_expressions_can_be_kept_in_sets() -> None:
    column = bureau.AMT_ANNUITY
    assert len({column, column}) == 1


@pytest.mark.parametrize(
    ("level", "words"),
    [
        (CLIENT_LEVEL, "application"),
        (ROW, "row of bureau"),
        (Level("bureau_balance", "SK_ID_BUREAU"), "SK_ID_BUREAU of bureau_balance"),
    ],
)
def test_names_levels_in_words(level: Level, words: str) -> None:
    assert language.describe_level(level) == words

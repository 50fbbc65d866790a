import pytest
from small_programs import application, bureau, compile_all, declare, instalments, months, pos, previous

from solvent.errors import FeatureError, ForbiddenFeatureError
from solvent.features.aggregates import count, grouped, latest, lookup, maximum, mean, share, total
from solvent.features.compilation import compile_features
from solvent.features.language import Expression, as_number, is_sentinel, ratio
from solvent.features.program import Cleaning, ValueKind

FORBIDDEN = frozenset({"CODE_GENDER", "CNT_CHILDREN", "NAME_CONTRACT_TYPE"})


def sources(*expressions: Expression) -> list[tuple[str, ...]]:
    return [feature.sources for feature in compile_all(*expressions).features]


def test_equal_nodes_stand_once() -> None:
    program = compile_all(mean(bureau.AMT_ANNUITY), mean(bureau.AMT_ANNUITY) + 1, total(bureau.AMT_ANNUITY))
    assert [node.op for node in program.nodes] == ["column", "aggregate", "number", "add", "aggregate"]
    assert [feature.node for feature in program.features] == [1, 3, 4]


def test_nodes_that_differ_in_an_option_stand_apart() -> None:
    program = compile_all(
        mean(bureau.AMT_ANNUITY, last=1, by=bureau.DAYS_CREDIT), mean(bureau.AMT_ANNUITY, last=2, by=bureau.DAYS_CREDIT)
    )
    assert [node.last for node in program.nodes if node.op == "aggregate"] == [1, 2]


def test_arguments_stand_before_their_node() -> None:
    loan_share = grouped(months, by="SK_ID_BUREAU").value(share(months.STATUS == "1"))
    program = compile_all(
        maximum(lookup(loan_share, into=bureau), where=bureau.CREDIT_ACTIVE == "Active"),
        mean(bureau.AMT_CREDIT_SUM * application.AMT_CREDIT, last=3, by=bureau.DAYS_CREDIT),
    )
    for position, node in enumerate(program.nodes):
        assert all(argument < position for argument in node.arguments)


def test_an_order_ends_with_every_other_raw_column_of_its_rows() -> None:
    program = compile_all(
        mean(instalments.AMT_PAYMENT, last=1, by=instalments.DAYS_INSTALMENT), maximum(instalments.AMT_INSTALMENT)
    )
    (ordered,) = (node for node in program.nodes if node.last)
    assert [program.nodes[position].name for position in ordered.by] == [
        "DAYS_INSTALMENT",
        "AMT_PAYMENT",
        "AMT_INSTALMENT",
    ]


def test_an_order_counts_sentinel_flags_among_the_raw_columns() -> None:
    closed = as_number(is_sentinel(previous.DAYS_LAST_DUE))
    program = compile_all(mean(closed, last=1, by=previous.DAYS_DECISION))
    (ordered,) = (node for node in program.nodes if node.last)
    assert [(program.nodes[place].op, program.nodes[place].name) for place in ordered.by] == [
        ("column", "DAYS_DECISION"),
        ("column", "SK_ID_PREV"),
        ("is_sentinel", "DAYS_LAST_DUE"),
    ]


def test_lists_the_raw_columns_that_a_feature_reads() -> None:
    assert sources(
        ratio(application.AMT_CREDIT, application.AMT_ANNUITY),
        total(bureau.AMT_ANNUITY, where=bureau.CREDIT_ACTIVE == "Active"),
        count(previous, where=previous.AMT_CREDIT > application.AMT_CREDIT),
        share(is_sentinel(previous.DAYS_LAST_DUE)),
        count(bureau),
    ) == [
        ("application.AMT_ANNUITY", "application.AMT_CREDIT"),
        ("bureau.AMT_ANNUITY", "bureau.CREDIT_ACTIVE"),
        ("application.AMT_CREDIT", "previous_application.AMT_CREDIT"),
        ("previous_application.DAYS_LAST_DUE",),
        (),
    ]


def test_lists_keys_that_group_look_up_or_break_ties() -> None:
    loan_share = grouped(months, by="SK_ID_BUREAU").value(share(months.STATUS == "1"))
    assert sources(
        mean(loan_share), maximum(lookup(loan_share, into=bureau)), latest(pos.SK_DPD, by=pos.SK_DPD_DEF)
    ) == [
        ("bureau_balance.SK_ID_BUREAU", "bureau_balance.STATUS"),
        ("bureau.SK_ID_BUREAU", "bureau_balance.SK_ID_BUREAU", "bureau_balance.STATUS"),
        (
            "POS_CASH_balance.MONTHS_BALANCE",
            "POS_CASH_balance.SK_DPD",
            "POS_CASH_balance.SK_DPD_DEF",
            "POS_CASH_balance.SK_ID_PREV",
        ),
    ]


def test_what_a_feature_reads_does_not_depend_on_its_neighbours() -> None:
    newest = latest(bureau.CREDIT_TYPE, by=bureau.DAYS_CREDIT)
    expected = ("bureau.CREDIT_TYPE", "bureau.DAYS_CREDIT", "bureau.SK_ID_BUREAU")
    assert sources(newest, mean(bureau.AMT_ANNUITY))[0] == expected


@pytest.mark.parametrize(
    ("expression", "column"),
    [
        (application.CODE_GENDER, "CODE_GENDER"),
        (ratio(application.AMT_INCOME_TOTAL, application.CNT_CHILDREN), "CNT_CHILDREN"),
        (mean(ratio(bureau.AMT_ANNUITY, application.CNT_CHILDREN)), "CNT_CHILDREN"),
        (count(bureau, where=bureau.AMT_ANNUITY > application.CNT_CHILDREN), "CNT_CHILDREN"),
        (share(previous.NAME_CONTRACT_TYPE == application.NAME_CONTRACT_TYPE), "NAME_CONTRACT_TYPE"),
    ],
)
def test_refuses_a_feature_that_reads_a_forbidden_column(expression: Expression, column: str) -> None:
    expected = rf"feature value reads the forbidden column\(s\) application.{column}: remove the feature"
    with pytest.raises(ForbiddenFeatureError, match=expected) as refusal:
        compile_features([declare(expression)], forbidden=FORBIDDEN)
    assert (refusal.value.feature, refusal.value.columns) == ("value", (f"application.{column}",))


def test_a_history_column_with_a_forbidden_name_is_another_column() -> None:
    program = compile_features(
        [declare(latest(previous.NAME_CONTRACT_TYPE, by=previous.DAYS_DECISION))], forbidden=FORBIDDEN
    )
    assert program.names == ("value",)


def test_refuses_two_features_of_one_name() -> None:
    with pytest.raises(FeatureError, match="two features are called value: rename one"):
        compile_features([declare(mean(bureau.AMT_ANNUITY)), declare(total(bureau.AMT_ANNUITY))])


@pytest.mark.parametrize(
    "expression",
    [
        maximum(bureau.AMT_ANNUITY - mean(bureau.AMT_ANNUITY)),
        count(bureau, where=bureau.AMT_ANNUITY * total(previous.AMT_ANNUITY) > 0),
    ],
)
def test_refuses_a_statistic_per_client_inside_rows(expression: Expression) -> None:
    expected = "a statistic over all rows of a client cannot be used inside the rows of bureau"
    with pytest.raises(FeatureError, match=expected):
        compile_all(expression)


def test_carries_the_cleaning_rule_of_each_column_that_it_reads() -> None:
    program = compile_all(count(months, where=months.STATUS == "C"), application.DAYS_EMPLOYED)
    statuses = ("0", "1", "2", "3", "4", "5", "C", "X")
    assert program.columns == {
        "application": {"DAYS_EMPLOYED": Cleaning(ValueKind.NUMBER, (365243.0,), -27000.0, 0.0)},
        "bureau": {"SK_ID_BUREAU": Cleaning(ValueKind.NUMBER)},
        "bureau_balance": {
            "SK_ID_BUREAU": Cleaning(ValueKind.NUMBER),
            "STATUS": Cleaning(ValueKind.CATEGORY, categories=statuses),
        },
    }


def test_a_feature_keeps_its_description_and_categories() -> None:
    (feature,) = compile_all(application.NAME_CONTRACT_TYPE).features
    assert (feature.name, feature.unit, feature.meaning, feature.reason_code) == (
        "value_0", "count", "a value", "PROFILE",
    )  # fmt: skip
    assert feature.categories == ("Cash loans", "Revolving loans")

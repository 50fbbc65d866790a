import pytest
from small_programs import application, bureau, instalments, months, pos, previous

from solvent.errors import FeatureError, TablesError
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
from solvent.features.language import Expression, number
from solvent.features.program import CLIENT_LEVEL, Level, ValueKind

days = bureau.DAYS_CREDIT
loans = grouped(pos, by="SK_ID_PREV")


@pytest.mark.parametrize(
    ("aggregate", "statistic"),
    [
        (count(bureau), "count"),
        (share(days > -5), "share"),
        (total(days), "sum"),
        (mean(days), "mean"),
        (minimum(days), "min"),
        (maximum(days), "max"),
        (deviation(days), "std"),
        (distinct(days), "distinct"),
        (slope(days, over=bureau.AMT_ANNUITY), "slope"),
        (latest(days, by=bureau.AMT_ANNUITY), "latest"),
    ],
)
def test_a_statistic_over_rows_is_one_number_per_client(aggregate: Expression, statistic: str) -> None:
    assert (aggregate.op, aggregate.statistic) == ("aggregate", statistic)
    assert (aggregate.level, aggregate.kind) == (CLIENT_LEVEL, ValueKind.NUMBER)


def test_the_latest_category_is_a_category() -> None:
    aggregate = latest(bureau.CREDIT_ACTIVE, by=days)
    assert aggregate.kind is ValueKind.CATEGORY
    assert aggregate.categories == ("Active", "Bad debt", "Closed", "Sold")


def test_an_order_is_followed_by_the_key_of_the_rows() -> None:
    assert [part.name for part in mean(pos.SK_DPD, last=2, by=pos.SK_DPD_DEF).by] == [
        "SK_DPD_DEF",
        "SK_ID_PREV",
        "MONTHS_BALANCE",
    ]


def test_an_order_of_groups_is_followed_by_their_key() -> None:
    late, newest = loans.value(maximum(pos.SK_DPD)), loans.value(maximum(pos.MONTHS_BALANCE))
    first, tie_breaker = mean(late, last=1, by=newest).by
    assert first is newest
    assert (tie_breaker.statistic, tie_breaker.of[0].name, tie_breaker.level) == ("max", "SK_ID_PREV", loans.level)


def test_the_last_rows_and_their_order_come_together() -> None:
    expected = "mean: the last rows need an order, and an order the number of rows: last=3, by=column"
    with pytest.raises(FeatureError, match=expected):
        mean(days, last=3)
    with pytest.raises(FeatureError, match=expected):
        mean(days, by=days)


def test_refuses_a_statistic_over_the_application() -> None:
    expected = "mean is taken over rows of a history table, not over the application"
    with pytest.raises(FeatureError, match=expected):
        mean(application.AMT_CREDIT)
    with pytest.raises(FeatureError, match=expected):
        mean(mean(days))
    with pytest.raises(FeatureError, match="count is taken over rows of a history table"):
        count(application)


def test_refuses_a_value_that_is_the_same_in_every_row() -> None:
    with pytest.raises(FeatureError, match="mean needs a value that differs from row to row"):
        mean(application.AMT_CREDIT, where=days > -5)
    with pytest.raises(FeatureError, match="slope needs a value that differs from row to row"):
        slope(days, over=application.AMT_CREDIT)


def test_refuses_a_filter_or_an_order_that_is_the_same_in_every_row() -> None:
    expected = r"needs a value that differs from row to row; use when\(\) around the statistic"
    with pytest.raises(FeatureError, match=f"^where {expected}"):
        count(bureau, where=application.AMT_CREDIT > 5)
    with pytest.raises(FeatureError, match=f"^by {expected}"):
        mean(days, last=1, by=application.AMT_CREDIT)
    with pytest.raises(FeatureError, match=f"^by {expected}"):
        mean(days, last=1, by=number(1))


def test_refuses_rows_of_another_table_in_a_filter() -> None:
    with pytest.raises(FeatureError, match="mean mixes one value per row of bureau with one value per row of previous"):
        mean(days, where=previous.DAYS_DECISION > -5)


def test_refuses_values_of_the_wrong_kind() -> None:
    with pytest.raises(FeatureError, match=r"^mean does not take a category$"):
        mean(bureau.CREDIT_TYPE)
    with pytest.raises(FeatureError, match=r"^sum does not take a flag$"):
        total(days > -5)
    with pytest.raises(FeatureError, match=r"^share does not take a number$"):
        share(days)
    with pytest.raises(FeatureError, match=r"^latest does not take a flag$"):
        latest(days > -5, by=days)
    with pytest.raises(FeatureError, match=r"^where takes a flag$"):
        count(bureau, where=days)
    with pytest.raises(FeatureError, match=r"^by takes a number$"):
        mean(days, last=1, by=bureau.CREDIT_TYPE)


def test_a_statistic_becomes_one_value_per_group() -> None:
    value = loans.value(maximum(pos.SK_DPD))
    assert value.level == loans.level == Level("POS_CASH_balance", "SK_ID_PREV")
    assert (value.groups is not None, loans.one_each.level) == (True, loans.level)
    assert mean(value).level == CLIENT_LEVEL


def test_refuses_a_group_value_that_is_no_statistic_of_its_rows() -> None:
    expected = "a value per SK_ID_PREV is a statistic over the rows of POS_CASH_balance"
    with pytest.raises(FeatureError, match=expected):
        loans.value(pos.SK_DPD)
    with pytest.raises(FeatureError, match=expected):
        loans.value(mean(instalments.AMT_PAYMENT))
    with pytest.raises(FeatureError, match=expected):
        loans.value(mean(loans.value(mean(pos.SK_DPD))))


def test_groups_only_by_the_key_of_a_loan() -> None:
    with pytest.raises(FeatureError, match=r"bureau.CREDIT_TYPE is not the key of a loan: group by SK_ID_PREV or"):
        grouped(bureau, by="CREDIT_TYPE")
    with pytest.raises(FeatureError, match=r"bureau.SK_ID_CURR is not the key of a loan"):
        grouped(bureau, by="SK_ID_CURR")
    with pytest.raises(TablesError, match="table bureau has no column SK_ID_PREV"):
        grouped(bureau, by="SK_ID_PREV")


def test_a_lookup_has_one_value_per_row_of_the_other_table() -> None:
    found = lookup(grouped(months, by="SK_ID_BUREAU").value(count(months)), into=bureau)
    assert (found.op, found.level, found.kind) == ("lookup", Level("bureau"), ValueKind.NUMBER)


def test_a_category_that_is_looked_up_keeps_its_categories() -> None:
    status = loans.value(latest(pos.NAME_CONTRACT_STATUS, by=pos.MONTHS_BALANCE))
    found = lookup(status, into=previous)
    assert (found.kind, found.categories) == (ValueKind.CATEGORY, pos.NAME_CONTRACT_STATUS.categories)


def test_refuses_to_look_up_what_is_no_group_value() -> None:
    with pytest.raises(FeatureError, match=r"lookup takes a value per loan: see grouped and Groups.value"):
        lookup(pos.SK_DPD, into=previous)


def test_refuses_to_look_up_into_a_table_without_the_key() -> None:
    with pytest.raises(TablesError, match="table bureau has no column SK_ID_PREV"):
        lookup(loans.value(count(pos)), into=bureau)

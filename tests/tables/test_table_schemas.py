import csv
import math
from pathlib import Path

import pytest

from solvent.errors import TablesError
from solvent.tables.files import FILE_NAMES, TableFile
from solvent.tables.schemas import APPLICATION, HISTORY_TABLES, ColumnKind, table_schema, table_schemas

REAL_SAMPLE = Path(__file__).parents[2].parent / "shared" / "home-credit-sample"
ALL_COLUMNS = [(schema.name, column) for schema in table_schemas().values() for column in schema.columns]


def test_declares_the_application_first_and_then_the_six_histories() -> None:
    assert tuple(table_schemas()) == (APPLICATION, *HISTORY_TABLES)


def test_declares_every_column_of_the_seven_tables() -> None:
    counted = {name: len(schema.columns) for name, schema in table_schemas().items()}
    assert counted == {
        "application": 122,
        "bureau": 17,
        "bureau_balance": 3,
        "previous_application": 37,
        "POS_CASH_balance": 8,
        "installments_payments": 8,
        "credit_card_balance": 23,
    }


def test_names_the_key_of_each_table() -> None:
    assert {name: schema.key for name, schema in table_schemas().items()} == {
        "application": ("SK_ID_CURR",),
        "bureau": ("SK_ID_BUREAU",),
        "bureau_balance": ("SK_ID_BUREAU", "MONTHS_BALANCE"),
        "previous_application": ("SK_ID_PREV",),
        "POS_CASH_balance": ("SK_ID_PREV", "MONTHS_BALANCE"),
        "installments_payments": (),
        "credit_card_balance": ("SK_ID_PREV", "MONTHS_BALANCE"),
    }


def test_only_the_monthly_bureau_rows_reach_the_client_through_a_loan() -> None:
    links = {name: schema.link for name, schema in table_schemas().items()}
    assert links.pop("bureau_balance") == "SK_ID_BUREAU"
    assert set(links.values()) == {"SK_ID_CURR"}


def test_an_application_needs_five_columns() -> None:
    required = [column.name for column in table_schema("application").columns if column.required]
    assert required == ["SK_ID_CURR", "NAME_CONTRACT_TYPE", "AMT_INCOME_TOTAL", "AMT_CREDIT", "DAYS_BIRTH"]


@pytest.mark.parametrize(
    ("table", "column", "sentinels"),
    [
        ("application", "DAYS_EMPLOYED", (365243.0,)),
        ("application", "CODE_GENDER", ("XNA",)),
        ("application", "ORGANIZATION_TYPE", ("XNA",)),
        ("application", "NAME_FAMILY_STATUS", ("Unknown",)),
        ("application", "DAYS_LAST_PHONE_CHANGE", (0.0,)),
        ("previous_application", "DAYS_LAST_DUE", (365243.0,)),
        ("previous_application", "AMT_CREDIT", (0.0,)),
        ("previous_application", "CODE_REJECT_REASON", ("XNA",)),
        ("previous_application", "SELLERPLACE_AREA", (-1.0,)),
        ("bureau", "AMT_CREDIT_SUM", ()),
    ],
)
def test_declares_the_values_that_mean_missing(table: str, column: str, sentinels: tuple[float | str, ...]) -> None:
    assert table_schema(table).column(column).sentinels == sentinels


def test_not_applicable_is_a_category_of_its_own() -> None:
    assert "XAP" in table_schema("previous_application").column("CODE_REJECT_REASON").categories


def test_every_monthly_bureau_status_is_a_category() -> None:
    assert table_schema("bureau_balance").column("STATUS").categories == ("0", "1", "2", "3", "4", "5", "C", "X")


def test_knows_the_rare_incomes_that_a_sample_may_lack() -> None:
    assert table_schema("application").column("NAME_INCOME_TYPE").categories == (
        "Businessman",
        "Commercial associate",
        "Maternity leave",
        "Pensioner",
        "State servant",
        "Student",
        "Unemployed",
        "Working",
    )


def test_categories_are_sorted_once_each_and_hold_no_sentinel() -> None:
    faulty = [
        (table, column.name)
        for table, column in ALL_COLUMNS
        if column.categories != tuple(sorted(set(column.categories) - set(column.sentinels)))
    ]
    assert faulty == []


def test_only_category_columns_have_categories_and_all_of_them_do() -> None:
    faulty = [
        (table, column.name)
        for table, column in ALL_COLUMNS
        if (column.kind == ColumnKind.CATEGORY) != bool(column.categories)
    ]
    assert faulty == []


def test_every_number_has_a_finite_range_and_no_category_has_one() -> None:
    def is_declared_well(kind: ColumnKind, low: float | None, high: float | None) -> bool:
        if kind == ColumnKind.CATEGORY:
            return low is None and high is None
        return low is not None and high is not None and -math.inf < low < high < math.inf

    faulty = [
        (table, column.name)
        for table, column in ALL_COLUMNS
        if not is_declared_well(column.kind, column.minimum, column.maximum)
    ]
    assert faulty == []


def test_an_age_in_years_lies_outside_the_range_of_the_birth_date() -> None:
    birth = table_schema("application").column("DAYS_BIRTH")
    assert (birth.minimum, birth.maximum) == (-36525.0, -5479.0)


def test_refuses_a_column_that_the_table_does_not_have() -> None:
    with pytest.raises(TablesError, match="table bureau has no column SK_BUREAU_ID"):
        table_schema("bureau").column("SK_BUREAU_ID")


def test_refuses_a_table_that_does_not_exist() -> None:
    with pytest.raises(TablesError, match="there is no table burau: the tables are application, bureau, "):
        table_schema("burau")


@pytest.mark.real_data
@pytest.mark.skipif(not REAL_SAMPLE.is_dir(), reason="the real sample is not beside the project")
@pytest.mark.parametrize("name", FILE_NAMES)
def test_columns_stand_in_the_order_of_the_real_file(name: str) -> None:
    file = TableFile(name, REAL_SAMPLE / f"{name}.csv")
    with file.path.open(encoding="utf-8") as stream:
        assert next(csv.reader(stream)) == [column.name for column in file.expected_columns]

import pytest
from solvent.errors import TablesError
from solvent.tables.checks import find_problems
from solvent.tables.findings import Finding, Rule
from solvent.tables.reading import open_tables


def problems(folder) -> list[Finding]:
    with open_tables(folder.path) as tables:
        return list(find_problems(tables))


def test_whole_tables_have_no_finding(full_folder):
    assert problems(full_folder) == []


def test_empty_tables_have_no_finding(full_folder):
    for name in ("application_train", "application_test", "bureau", "bureau_balance", "previous_application"):
        full_folder.write(name)
    for name in ("POS_CASH_balance", "installments_payments", "credit_card_balance"):
        full_folder.write(name)
    assert problems(full_folder) == []


def test_names_each_history_without_a_file(full_folder):
    for name in ("bureau", "previous_application"):
        (full_folder.path / f"{name}.csv").unlink()
    found = problems(full_folder)
    assert found == [
        Finding("bureau", None, Rule.MISSING_FILE, 1),
        Finding("previous_application", None, Rule.MISSING_FILE, 1),
    ]
    assert found[0].is_error
    assert found[0].describe() == "bureau: the file is missing; add bureau.csv or bureau.parquet."


def test_names_an_unknown_column(full_folder):
    full_folder.write("bureau", {"SCORE": "1"}, header=[*full_folder.header("bureau"), "SCORE"])
    (found,) = problems(full_folder)
    assert (found, found.is_error) == (Finding("bureau", "SCORE", Rule.UNKNOWN_COLUMN, 1), False)
    assert found.describe() == "bureau: the column 'SCORE' does not belong there; it is not read, so remove it."


def test_names_an_unknown_column_of_train_and_test_once(full_folder):
    for name in ("application_train", "application_test"):
        full_folder.write(name, {"SCORE": "1"}, header=[*full_folder.header(name), "SCORE"])
    assert problems(full_folder) == [Finding("application", "SCORE", Rule.UNKNOWN_COLUMN, 1)]


def test_counts_the_rows_that_repeat_a_key(full_folder):
    full_folder.write("bureau", *({"SK_ID_BUREAU": key} for key in ("10", "11", "11", "11", "12", "12")))
    (found,) = problems(full_folder)
    assert (found, found.is_error) == (Finding("bureau", "SK_ID_BUREAU", Rule.DUPLICATE_KEY, 3, (11, 12)), True)
    assert found.describe() == (
        "bureau, SK_ID_BUREAU: 3 rows repeat the key of another row (such as SK_ID_BUREAU 11, 12); "
        "keep one row of each."
    )


def test_a_client_in_train_and_in_test_is_there_twice(full_folder):
    full_folder.write("application_test", {"SK_ID_CURR": "1"})
    assert problems(full_folder) == [Finding("application", "SK_ID_CURR", Rule.DUPLICATE_KEY, 1, (1,))]


def test_a_key_of_two_columns_repeats_only_if_both_do(full_folder):
    full_folder.write("bureau_balance", *({"MONTHS_BALANCE": month} for month in ("-1", "-2", "-2")))
    assert problems(full_folder) == [
        Finding("bureau_balance", "SK_ID_BUREAU, MONTHS_BALANCE", Rule.DUPLICATE_KEY, 1, (10,))
    ]


def test_instalments_may_repeat_because_they_have_no_key(full_folder):
    full_folder.write("installments_payments", {}, {})
    assert problems(full_folder) == []


def test_shows_the_three_lowest_ids_and_counts_all_rows(full_folder):
    rows = [{"SK_ID_CURR": str(key), "AMT_CREDIT": "-1"} for key in (9, 5, 8, 7, 6)]
    full_folder.write("application_train", *rows, {"SK_ID_CURR": "1"})
    (found,) = problems(full_folder)
    assert found == Finding("application", "AMT_CREDIT", Rule.OUT_OF_RANGE, 5, (5, 6, 7))


@pytest.mark.parametrize(
    ("table", "row", "column", "parent", "key"),
    [
        ("bureau", {"SK_ID_CURR": "3"}, "SK_ID_CURR", "application", 10),
        ("bureau_balance", {"SK_ID_BUREAU": "11"}, "SK_ID_BUREAU", "bureau", 11),
        ("previous_application", {"SK_ID_CURR": "3"}, "SK_ID_CURR", "application", 100),
        ("POS_CASH_balance", {"SK_ID_CURR": "3"}, "SK_ID_CURR", "application", 100),
        ("POS_CASH_balance", {"SK_ID_PREV": "101"}, "SK_ID_PREV", "previous_application", 101),
        ("installments_payments", {"SK_ID_CURR": "3"}, "SK_ID_CURR", "application", 3),
        ("installments_payments", {"SK_ID_PREV": "101"}, "SK_ID_PREV", "previous_application", 1),
        ("credit_card_balance", {"SK_ID_CURR": "3"}, "SK_ID_CURR", "application", 100),
        ("credit_card_balance", {"SK_ID_PREV": "101"}, "SK_ID_PREV", "previous_application", 101),
    ],
)
def test_finds_rows_that_belong_to_nobody(full_folder, table, row, column, parent, key):
    full_folder.write(table, {**row}, *([] if table in ("bureau", "previous_application") else [{}]))
    found = [finding for finding in problems(full_folder) if finding.table == table]
    assert found == [Finding(table, column, Rule.ORPHAN_ROWS, 1, (key,), parent=parent)]


def test_orphans_are_a_warning_that_names_the_parent(full_folder):
    full_folder.write("bureau_balance", {}, {"SK_ID_BUREAU": "11"})
    (found,) = problems(full_folder)
    assert not found.is_error
    assert found.describe() == (
        "bureau_balance, SK_ID_BUREAU: 1 row belongs to nobody in bureau (such as SK_ID_BUREAU 11); "
        "add the missing rows there, or expect these to be left out."
    )


def test_counts_required_values_that_are_missing(full_folder):
    full_folder.write(
        "application_train",
        {"SK_ID_CURR": "1", "AMT_INCOME_TOTAL": "", "OWN_CAR_AGE": ""},
        {"SK_ID_CURR": "3", "NAME_CONTRACT_TYPE": ""},
    )
    found = problems(full_folder)
    assert found == [
        Finding("application", "NAME_CONTRACT_TYPE", Rule.MISSING_REQUIRED, 1, (3,)),
        Finding("application", "AMT_INCOME_TOTAL", Rule.MISSING_REQUIRED, 1, (1,)),
    ]
    assert found[0].is_error


def test_a_missing_key_has_no_id_to_show(full_folder):
    full_folder.write("bureau", {}, {"SK_ID_BUREAU": ""})
    (found,) = problems(full_folder)
    assert found == Finding("bureau", "SK_ID_BUREAU", Rule.MISSING_REQUIRED, 1)
    assert found.describe() == (
        "bureau, SK_ID_BUREAU: 1 row holds no value, which every row needs; fill it in, or remove the row."
    )


@pytest.mark.parametrize(
    ("column", "value"), [("CNT_CHILDREN", "1.5"), ("FLAG_MOBIL", "0.5"), ("DAYS_ID_PUBLISH", "-2.1")]
)
def test_finds_fractions_where_whole_numbers_belong(full_folder, column, value):
    full_folder.write("application_train", {column: value})
    (found,) = problems(full_folder)
    assert (found, found.is_error) == (Finding("application", column, Rule.NOT_INTEGER, 1, (1,)), True)


def test_a_key_with_a_fraction_is_an_error_without_an_id(full_folder):
    full_folder.write("application_train", {}, {"SK_ID_CURR": "3.5"})
    assert problems(full_folder) == [Finding("application", "SK_ID_CURR", Rule.NOT_INTEGER, 1)]


def test_a_whole_number_may_be_written_as_a_decimal(full_folder):
    full_folder.write("application_train", {"CNT_CHILDREN": "1.0", "EXT_SOURCE_2": "0.5"})
    assert problems(full_folder) == []


@pytest.mark.parametrize("value", ["NaN", "inf", "-inf"])
def test_counts_values_that_are_not_finite(full_folder, value):
    full_folder.write("application_train", {"AMT_ANNUITY": value})
    (found,) = problems(full_folder)
    assert (found, found.is_error) == (Finding("application", "AMT_ANNUITY", Rule.NOT_FINITE, 1, (1,)), False)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("application_train", "DAYS_BIRTH", "-35"),
        ("application_train", "DAYS_BIRTH", "12000"),
        ("application_train", "DAYS_EMPLOYED", "365242"),
        ("application_train", "AMT_INCOME_TOTAL", "117000000"),
        ("application_train", "OWN_CAR_AGE", "91"),
        ("application_train", "OBS_30_CNT_SOCIAL_CIRCLE", "348"),
        ("application_train", "REGION_RATING_CLIENT_W_CITY", "-1"),
        ("application_train", "FLAG_MOBIL", "2"),
        ("bureau", "DAYS_CREDIT_ENDDATE", "-42060"),
        ("bureau", "DAYS_CREDIT", "300"),
        ("bureau", "AMT_CREDIT_SUM", "-1"),
        ("previous_application", "DAYS_LAST_DUE", "365242"),
        ("credit_card_balance", "AMT_DRAWINGS_ATM_CURRENT", "-6827"),
        ("installments_payments", "DAYS_ENTRY_PAYMENT", "5"),
    ],
)
def test_finds_values_beyond_the_plausible_range(full_folder, table, column, value):
    full_folder.write(table, {column: value})
    (found,) = problems(full_folder)
    assert (found.column, found.rule, found.count, found.is_error) == (column, Rule.OUT_OF_RANGE, 1, False)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("application_train", "DAYS_BIRTH", "-5479"),
        ("application_train", "DAYS_EMPLOYED", "365243"),
        ("application_train", "AMT_INCOME_TOTAL", "20000000"),
        ("previous_application", "DAYS_LAST_DUE", "365243"),
        ("previous_application", "CNT_PAYMENT", "0"),
        ("bureau", "AMT_CREDIT_SUM_DEBT", "-4705600"),
        ("credit_card_balance", "AMT_BALANCE", "-420250"),
    ],
)
def test_takes_sentinels_and_the_ends_of_the_range(full_folder, table, column, value):
    full_folder.write(table, {column: value})
    assert problems(full_folder) == []


def test_says_the_range_with_its_unit(full_folder):
    full_folder.write("application_train", {"AMT_INCOME_TOTAL": "144"})
    (found,) = problems(full_folder)
    assert found.describe() == (
        "application, AMT_INCOME_TOTAL: 1 row lies outside 1000 to 20000000 currency (such as SK_ID_CURR 1); "
        "check unit and sign, for features take it as missing."
    )


def test_counts_unknown_categories_without_showing_them(full_folder):
    full_folder.write("application_train", {"CODE_GENDER": "<script>"}, {"SK_ID_CURR": "3", "CODE_GENDER": "f"})
    (found,) = problems(full_folder)
    assert (found, found.is_error) == (
        Finding("application", "CODE_GENDER", Rule.UNKNOWN_CATEGORY, 2, (1, 3)),
        False,
    )
    assert "script" not in found.describe()


def test_a_sentinel_category_is_known(full_folder):
    full_folder.write("application_train", {"CODE_GENDER": "XNA", "NAME_FAMILY_STATUS": "Unknown"})
    assert problems(full_folder) == []


def test_counts_in_thousands_are_written_with_commas():
    finding = Finding("bureau_balance", "STATUS", Rule.UNKNOWN_CATEGORY, 1234567, (1, 2, 3))
    assert finding.describe() == (
        "bureau_balance, STATUS: 1,234,567 rows hold a category that the schema does not know "
        "(such as SK_ID_BUREAU 1, 2, 3); features take it as missing."
    )


def test_checks_parquet_like_csv(full_folder):
    full_folder.write("application_train", {"CNT_CHILDREN": "1.5", "CODE_GENDER": "?", "EXT_SOURCE_1": "nan"})
    full_folder.to_parquet("application_train", SK_ID_CURR="INTEGER", CNT_CHILDREN="FLOAT")
    assert [(finding.column, finding.rule) for finding in problems(full_folder)] == [
        ("CODE_GENDER", Rule.UNKNOWN_CATEGORY),
        ("CNT_CHILDREN", Rule.NOT_INTEGER),
        ("EXT_SOURCE_1", Rule.NOT_FINITE),
    ]


def test_a_broken_line_ends_the_check_with_a_clear_error(full_folder):
    full_folder.write("credit_card_balance", {"AMT_BALANCE": "much"})
    with pytest.raises(TablesError, match=r"credit_card_balance.csv, line 2: AMT_BALANCE holds text where a number"):
        problems(full_folder)


def test_reports_each_table_and_the_end(full_folder):
    heard: list[tuple[str, float]] = []
    with open_tables(full_folder.path) as tables:
        find_problems(tables, progress=lambda step, share: heard.append((step, share)))
    assert heard[0] == ("checking application", 0.0)
    assert heard[-2:] == [("checking credit_card_balance", 6 / 7), ("checked all tables", 1.0)]
    assert len(heard) == 8

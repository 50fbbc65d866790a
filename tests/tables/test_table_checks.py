from pathlib import Path

import pytest
from table_folder import TableFolder

from solvent.errors import TablesError
from solvent.tables.checks import find_problems
from solvent.tables.findings import Finding, Rule
from solvent.tables.reading import open_tables


@pytest.fixture
def folder(tmp_path: Path) -> TableFolder:
    """One plain application, no history."""
    folder = TableFolder(tmp_path)
    folder.write_plain("application_train")
    return folder


def find_all(folder: TableFolder) -> list[Finding]:
    with open_tables(folder.path) as tables:
        return list(find_problems(tables))


def find_in_files(folder: TableFolder) -> list[Finding]:
    """Everything but the histories that a small test leaves out."""
    return [finding for finding in find_all(folder) if finding.rule != Rule.MISSING_FILE]


def test_whole_tables_have_no_finding(folder: TableFolder) -> None:
    folder.write_plain()
    assert find_all(folder) == []


def test_empty_tables_have_no_finding(folder: TableFolder) -> None:
    for name in ("application_train", "bureau", "bureau_balance", "installments_payments"):
        folder.write(name)
    assert find_in_files(folder) == []


def test_names_each_history_without_a_file(folder: TableFolder) -> None:
    folder.write_plain()
    for name in ("bureau", "previous_application"):
        (folder.path / f"{name}.csv").unlink()
    found = find_all(folder)
    assert found == [
        Finding("bureau", None, Rule.MISSING_FILE, 1),
        Finding("previous_application", None, Rule.MISSING_FILE, 1),
    ]
    assert found[0].is_error
    assert found[0].describe() == "bureau: the file is missing; add bureau.csv or bureau.parquet."


def test_names_an_unknown_column_of_train_and_test_once(folder: TableFolder) -> None:
    for name in ("application_train", "application_test"):
        folder.write(name, {"SCORE": "1"}, header=[*folder.header(name), "SCORE"])
    (found,) = find_in_files(folder)
    assert (found, found.is_error) == (Finding("application", "SCORE", Rule.UNKNOWN_COLUMN, 1), False)
    assert found.describe() == "application: the column 'SCORE' does not belong there; it is not read, so remove it."


def test_names_an_unknown_column_of_a_history(folder: TableFolder) -> None:
    folder.write("bureau", {"SCORE": "1"}, header=["SCORE", *folder.header("bureau")])
    assert find_in_files(folder) == [Finding("bureau", "SCORE", Rule.UNKNOWN_COLUMN, 1)]


def test_counts_the_rows_that_repeat_a_key(folder: TableFolder) -> None:
    folder.write("bureau", *({"SK_ID_BUREAU": key} for key in ("10", "11", "11", "11", "12", "12")))
    (found,) = find_in_files(folder)
    assert (found, found.is_error) == (Finding("bureau", "SK_ID_BUREAU", Rule.DUPLICATE_KEY, 3, (11, 12)), True)
    assert found.describe() == (
        "bureau, SK_ID_BUREAU: 3 rows with the key of another row (such as SK_ID_BUREAU 11, 12); keep one row of each."
    )


def test_a_client_in_train_and_in_test_is_there_twice(folder: TableFolder) -> None:
    folder.write("application_test", {"SK_ID_CURR": "1"})
    assert find_in_files(folder) == [Finding("application", "SK_ID_CURR", Rule.DUPLICATE_KEY, 1, (1,))]


def test_a_key_of_two_columns_repeats_only_if_both_do(folder: TableFolder) -> None:
    folder.write("bureau_balance", *({"MONTHS_BALANCE": month} for month in ("-1", "-2", "-2")))
    assert find_in_files(folder) == [
        Finding("bureau_balance", "SK_ID_BUREAU, MONTHS_BALANCE", Rule.DUPLICATE_KEY, 1, (10,))
    ]


def test_instalments_may_repeat_because_they_have_no_key(folder: TableFolder) -> None:
    folder.write("installments_payments", {}, {})
    assert find_in_files(folder) == []


def test_shows_the_three_lowest_ids_and_counts_all_rows(folder: TableFolder) -> None:
    folder.write("application_train", *({"SK_ID_CURR": key, "AMT_CREDIT": "-1"} for key in "95876"))
    assert find_in_files(folder) == [Finding("application", "AMT_CREDIT", Rule.OUT_OF_RANGE, 5, (5, 6, 7))]


def test_finds_rows_of_clients_without_an_application(folder: TableFolder) -> None:
    folder.write_plain()
    stranger = {"SK_ID_CURR": "3"}
    folder.write("bureau", {}, {**stranger, "SK_ID_BUREAU": "11"})
    folder.write("previous_application", {}, {**stranger, "SK_ID_PREV": "101"})
    for name in ("POS_CASH_balance", "installments_payments", "credit_card_balance"):
        folder.write(name, {}, {**stranger, "SK_ID_PREV": "101"})
    assert find_all(folder) == [
        Finding("bureau", "SK_ID_CURR", Rule.ORPHAN_ROWS, 1, (11,), parent="application"),
        Finding("previous_application", "SK_ID_CURR", Rule.ORPHAN_ROWS, 1, (101,), parent="application"),
        Finding("POS_CASH_balance", "SK_ID_CURR", Rule.ORPHAN_ROWS, 1, (101,), parent="application"),
        Finding("installments_payments", "SK_ID_CURR", Rule.ORPHAN_ROWS, 1, (3,), parent="application"),
        Finding("credit_card_balance", "SK_ID_CURR", Rule.ORPHAN_ROWS, 1, (101,), parent="application"),
    ]


def test_finds_rows_of_loans_that_are_not_there(folder: TableFolder) -> None:
    folder.write_plain()
    folder.write("bureau_balance", {}, {"SK_ID_BUREAU": "11"}, {"SK_ID_BUREAU": "12"})
    for name in ("POS_CASH_balance", "installments_payments", "credit_card_balance"):
        folder.write(name, {}, {"SK_ID_PREV": "101"})
    found = find_all(folder)
    assert found == [
        Finding("bureau_balance", "SK_ID_BUREAU", Rule.ORPHAN_ROWS, 2, (11, 12), parent="bureau"),
        Finding("POS_CASH_balance", "SK_ID_PREV", Rule.ORPHAN_ROWS, 1, (101,), parent="previous_application"),
        Finding("installments_payments", "SK_ID_PREV", Rule.ORPHAN_ROWS, 1, (1,), parent="previous_application"),
        Finding("credit_card_balance", "SK_ID_PREV", Rule.ORPHAN_ROWS, 1, (101,), parent="previous_application"),
    ]
    assert not found[0].is_error
    assert found[0].describe() == (
        "bureau_balance, SK_ID_BUREAU: 2 rows without an owner in bureau (such as SK_ID_BUREAU 11, 12); "
        "add the missing rows there; until then they are left out."
    )
    assert found[1].describe() == (
        "POS_CASH_balance, SK_ID_PREV: 1 row without an owner in previous_application (such as SK_ID_PREV 101); "
        "add the missing rows there; until then they count for their client, without their contract."
    )


def test_rows_are_no_orphans_of_a_table_without_a_file(folder: TableFolder) -> None:
    folder.write_plain("bureau_balance", "POS_CASH_balance")
    assert find_in_files(folder) == []


def test_counts_required_values_that_are_missing(folder: TableFolder) -> None:
    folder.write(
        "application_train",
        {"SK_ID_CURR": "1", "AMT_INCOME_TOTAL": "", "OWN_CAR_AGE": ""},
        {"SK_ID_CURR": "3", "NAME_CONTRACT_TYPE": ""},
    )
    found = find_in_files(folder)
    assert found == [
        Finding("application", "NAME_CONTRACT_TYPE", Rule.MISSING_REQUIRED, 1, (3,)),
        Finding("application", "AMT_INCOME_TOTAL", Rule.MISSING_REQUIRED, 1, (1,)),
    ]
    assert found[0].is_error


def test_a_missing_key_has_no_id_to_show(folder: TableFolder) -> None:
    folder.write("bureau", {}, {"SK_ID_BUREAU": ""})
    (found,) = find_in_files(folder)
    assert found == Finding("bureau", "SK_ID_BUREAU", Rule.MISSING_REQUIRED, 1)
    assert found.describe() == (
        "bureau, SK_ID_BUREAU: 1 row without the value, which every row needs; fill it in, or leave such rows out."
    )


def test_finds_fractions_where_whole_numbers_belong(folder: TableFolder) -> None:
    folder.write(
        "application_train",
        {"SK_ID_CURR": "1", "CNT_CHILDREN": "1.5"},
        {"SK_ID_CURR": "3", "FLAG_MOBIL": "0.5"},
        {"SK_ID_CURR": "4.5"},
        {"SK_ID_CURR": "5", "CNT_CHILDREN": "1.0", "EXT_SOURCE_2": "0.5"},
    )
    found = find_in_files(folder)
    assert found == [
        Finding("application", "SK_ID_CURR", Rule.NOT_INTEGER, 1),
        Finding("application", "CNT_CHILDREN", Rule.NOT_INTEGER, 1, (1,)),
        Finding("application", "FLAG_MOBIL", Rule.NOT_INTEGER, 1, (3,)),
    ]
    assert found[0].is_error


def test_counts_values_that_are_not_finite(folder: TableFolder) -> None:
    values = {"1": "NaN", "3": "inf", "4": "-inf", "5": "", "6": "25000"}
    folder.write("application_train", *({"SK_ID_CURR": key, "AMT_ANNUITY": value} for key, value in values.items()))
    (found,) = find_in_files(folder)
    assert (found, found.is_error) == (Finding("application", "AMT_ANNUITY", Rule.NOT_FINITE, 3, (1, 3, 4)), False)


def test_finds_values_beyond_the_plausible_range(folder: TableFolder) -> None:
    folder.write(
        "application_train",
        {"SK_ID_CURR": "1", "DAYS_BIRTH": "-35", "DAYS_EMPLOYED": "365242", "OWN_CAR_AGE": "91"},
        {"SK_ID_CURR": "3", "DAYS_BIRTH": "12000", "AMT_INCOME_TOTAL": "117000000", "FLAG_MOBIL": "2"},
        {"SK_ID_CURR": "4", "OBS_30_CNT_SOCIAL_CIRCLE": "348", "REGION_RATING_CLIENT_W_CITY": "-1"},
    )
    folder.write("bureau", {"DAYS_CREDIT_ENDDATE": "-42060", "AMT_CREDIT_SUM": "-1", "DAYS_CREDIT": "300"})
    folder.write("credit_card_balance", {"AMT_DRAWINGS_ATM_CURRENT": "-6827"})
    found = find_in_files(folder)
    assert {finding.rule for finding in found} == {Rule.OUT_OF_RANGE}
    assert not any(finding.is_error for finding in found)
    assert [(finding.column, finding.keys) for finding in found] == [
        ("AMT_INCOME_TOTAL", (3,)),
        ("DAYS_BIRTH", (1, 3)),
        ("DAYS_EMPLOYED", (1,)),
        ("OWN_CAR_AGE", (1,)),
        ("FLAG_MOBIL", (3,)),
        ("REGION_RATING_CLIENT_W_CITY", (4,)),
        ("OBS_30_CNT_SOCIAL_CIRCLE", (4,)),
        ("DAYS_CREDIT", (10,)),
        ("DAYS_CREDIT_ENDDATE", (10,)),
        ("AMT_CREDIT_SUM", (10,)),
        ("AMT_DRAWINGS_ATM_CURRENT", (100,)),
    ]


def test_takes_sentinels_and_the_ends_of_the_range(folder: TableFolder) -> None:
    folder.write(
        "application_train",
        {"SK_ID_CURR": "1", "DAYS_EMPLOYED": "365243", "CODE_GENDER": "XNA", "NAME_FAMILY_STATUS": "Unknown"},
        {"SK_ID_CURR": "3", "DAYS_BIRTH": "-5479", "AMT_INCOME_TOTAL": "20000000"},
    )
    folder.write("bureau", {"AMT_CREDIT_SUM_DEBT": "-4705600"})
    folder.write("previous_application", {"DAYS_LAST_DUE": "365243", "CNT_PAYMENT": "0", "CODE_REJECT_REASON": "XNA"})
    folder.write("credit_card_balance", {"AMT_BALANCE": "-420250"})
    assert find_in_files(folder) == []


def test_says_the_range_with_its_unit() -> None:
    finding = Finding("application", "AMT_INCOME_TOTAL", Rule.OUT_OF_RANGE, 1, (1,))
    assert finding.describe() == (
        "application, AMT_INCOME_TOTAL: 1 row outside 1000 to 20000000 currency (such as SK_ID_CURR 1); "
        "check unit and sign; features take it as missing."
    )


def test_counts_unknown_categories_without_showing_them(folder: TableFolder) -> None:
    folder.write("application_train", {"CODE_GENDER": "<script>"}, {"SK_ID_CURR": "3", "CODE_GENDER": "f"})
    (found,) = find_in_files(folder)
    assert (found, found.is_error) == (Finding("application", "CODE_GENDER", Rule.UNKNOWN_CATEGORY, 2, (1, 3)), False)
    assert found.describe() == (
        "application, CODE_GENDER: 2 rows with a category that the schema does not know (such as SK_ID_CURR 1, 3); "
        "correct it, or add it to the schema; features take it as missing."
    )


def test_writes_large_counts_with_commas() -> None:
    finding = Finding("bureau_balance", "MONTHS_BALANCE", Rule.NOT_FINITE, 1234567)
    assert finding.describe() == (
        "bureau_balance, MONTHS_BALANCE: 1,234,567 rows with NaN or infinity; "
        "leave the field empty; features take it as missing."
    )


def test_checks_parquet_like_csv(folder: TableFolder) -> None:
    folder.write("application_train", {"CNT_CHILDREN": "1.5", "CODE_GENDER": "?", "EXT_SOURCE_1": "nan"})
    folder.to_parquet("application_train", SK_ID_CURR="INTEGER", CNT_CHILDREN="FLOAT")
    assert find_in_files(folder) == [
        Finding("application", "CODE_GENDER", Rule.UNKNOWN_CATEGORY, 1, (1,)),
        Finding("application", "CNT_CHILDREN", Rule.NOT_INTEGER, 1, (1,)),
        Finding("application", "EXT_SOURCE_1", Rule.NOT_FINITE, 1, (1,)),
    ]


def test_a_broken_line_ends_the_check_with_a_clear_error(folder: TableFolder) -> None:
    folder.write("credit_card_balance", {"AMT_BALANCE": "much"})
    with pytest.raises(TablesError, match=r"credit_card_balance.csv, line 2: AMT_BALANCE holds text where a number"):
        find_in_files(folder)


def test_reports_each_table_and_the_end(folder: TableFolder) -> None:
    heard: list[tuple[str, float]] = []
    with open_tables(folder.path) as tables:
        find_problems(tables, progress=lambda step, share: heard.append((step, share)))
    assert heard[0] == ("checking application", 0.0)
    assert heard[-2:] == [("checking credit_card_balance", 6 / 7), ("checked all tables", 1.0)]
    assert len(heard) == 8


def test_an_outcome_that_is_neither_0_nor_1_is_an_error() -> None:
    assert Finding("application_train", "TARGET", Rule.OUT_OF_RANGE, 1).is_error
    assert not Finding("application_train", "AMT_CREDIT", Rule.OUT_OF_RANGE, 1).is_error

import re

import pytest
from catalogue_clients import ENGINE, PROGRAM, features_of
from small_programs import Rows

from solvent.bundle.agreement import find_forbidden_features
from solvent.domain.policy import FORBIDDEN_COLUMNS as FORBIDDEN
from solvent.domain.reasons import REASON_CODES
from solvent.errors import ForbiddenFeatureError
from solvent.features import language
from solvent.features.catalogue import build_program
from solvent.tables.schemas import table_schemas


def test_names_are_unique_and_say_their_source() -> None:
    assert len(set(PROGRAM.names)) == len(PROGRAM.names)
    sources = "application|bureau|previous|pos|installments|card|across"
    assert [name for name in PROGRAM.names if not re.fullmatch(rf"({sources})(_[a-z0-9]+)+", name)] == []


def test_every_feature_has_a_unit_a_meaning_and_a_known_reason() -> None:
    reasons = {reason.code for reason in REASON_CODES}
    for feature in PROGRAM.features:
        assert feature.unit
        assert feature.meaning
        assert feature.reason_code in reasons


def test_there_are_400_to_700_of_them() -> None:
    assert 400 <= len(PROGRAM.features) <= 700
    assert ENGINE.client_column_count == 116


def test_features_read_all_seven_tables() -> None:
    read = {source.partition(".")[0] for feature in PROGRAM.features for source in feature.sources}
    assert read == set(table_schemas())


def test_no_feature_reads_a_forbidden_column_key_or_outcome() -> None:
    read = {source for feature in PROGRAM.features for source in feature.sources}
    assert read.isdisjoint(
        {*(f"application.{name}" for name in FORBIDDEN), "application.TARGET", "application.SK_ID_CURR"}
    )


def test_forbidden_raw_columns_are_left_out_and_the_others_given() -> None:
    raw = [column.name for column in table_schemas()["application"].columns]
    expected = [f"application_{name.lower()}" for name in raw if name not in {"SK_ID_CURR", "TARGET", *FORBIDDEN}]
    assert list(PROGRAM.names[: len(expected)]) == expected


def test_a_column_that_a_lender_forbids_goes_with_every_feature_that_reads_it() -> None:
    program = build_program(FORBIDDEN | {"EXT_SOURCE_3"})
    assert [one.name for one in program.features if "application.EXT_SOURCE_3" in one.sources] == []
    assert set(PROGRAM.names) - set(program.names) == {
        one.name for one in PROGRAM.features if "application.EXT_SOURCE_3" in one.sources
    }
    assert "application_external_score_mean" not in program.names
    assert {"application_ext_source_1", "application_ext_source_2"} <= set(program.names)


@pytest.mark.slow
def test_a_lender_may_forbid_any_column_of_the_application() -> None:
    for column in table_schemas()["application"].columns:
        program = build_program(FORBIDDEN | {column.name})
        assert find_forbidden_features(program, {column.name}) == {}


@pytest.mark.parametrize("column", ["CODE_GENDER", "NAME_FAMILY_STATUS", "CNT_FAM_MEMBERS", "NAME_TYPE_SUITE"])
def test_a_catalogue_that_reads_sex_or_marital_status_is_refused(column: str) -> None:
    read = language.table("application").column(column)
    declared = language.feature("application_person", read, unit="", meaning="", reason="PROFILE")
    with pytest.raises(ForbiddenFeatureError, match=rf"feature application_person reads .*\.{column}:"):
        build_program(FORBIDDEN, derived=(declared,))


def test_a_client_without_history_has_no_history_features() -> None:
    counts = {"external_score_count", "missing_count", "housing_missing_count", "possible_rate_count"}
    assert set(features_of()) == {f"application_{count}" for count in counts}


def test_a_payment_that_never_came_is_not_zero_days_late() -> None:
    values = features_of(installments_payments=[{"DAYS_INSTALMENT": -90, "DAYS_ENTRY_PAYMENT": None}])
    assert "installments_late_days_max" not in values


def test_an_open_loan_is_an_approved_one_without_a_last_instalment() -> None:
    applications: Rows = [
        {"NAME_CONTRACT_STATUS": "Approved", "DAYS_LAST_DUE": 365243, "AMT_ANNUITY": 100},
        {"NAME_CONTRACT_STATUS": "Approved", "DAYS_LAST_DUE": -30, "AMT_ANNUITY": 200},
        {"NAME_CONTRACT_STATUS": "Refused", "DAYS_LAST_DUE": 365243, "AMT_ANNUITY": 400},
        {"NAME_CONTRACT_STATUS": "Approved", "DAYS_LAST_DUE": None, "AMT_ANNUITY": 800},
    ]
    values = features_of({"AMT_ANNUITY": 500, "AMT_INCOME_TOTAL": 7200}, previous_application=applications)
    assert values["previous_open_loan_count"] == 1.0
    assert values["across_debt_service_income_ratio"] == 1.0


def test_remaining_instalments_come_from_the_newest_month_of_each_recent_loan() -> None:
    balances = [
        {"SK_ID_PREV": 1, "MONTHS_BALANCE": -1, "CNT_INSTALMENT_FUTURE": 3, "CNT_INSTALMENT": 12},
        {"SK_ID_PREV": 1, "MONTHS_BALANCE": -2, "CNT_INSTALMENT_FUTURE": 4, "CNT_INSTALMENT": 12},
        {"SK_ID_PREV": 2, "MONTHS_BALANCE": -3, "CNT_INSTALMENT_FUTURE": 9, "CNT_INSTALMENT": 10},
    ]
    values = features_of(POS_CASH_balance=balances)
    assert (values["pos_remaining_instalments_sum"], values["pos_loan_count"]) == (3.0, 2.0)
    assert values["pos_remaining_ratio_mean"] == pytest.approx((0.25 + 0.9) / 2)


def test_external_scores_use_those_that_are_there() -> None:
    values = features_of({"EXT_SOURCE_1": 0.2, "EXT_SOURCE_3": 0.6})
    assert values["application_external_score_mean"] == pytest.approx(0.4)
    assert values["application_external_score_weighted"] == pytest.approx((2 * 0.2 + 3 * 0.6) / 5)
    assert (values["application_external_score_min"], values["application_external_score_max"]) == (0.2, 0.6)
    assert values["application_external_score_count"] == 2.0
    assert "application_external_score_product" not in values


def test_who_has_no_employment_is_flagged_and_has_no_days_of_it() -> None:
    values = features_of({"DAYS_EMPLOYED": 365243, "DAYS_BIRTH": -20000})
    assert values["application_not_employed_flag"] == 1.0
    assert "application_employed_age_ratio" not in values
    values = features_of({"DAYS_EMPLOYED": -5000, "DAYS_BIRTH": -20000})
    assert (values["application_not_employed_flag"], values["application_employed_age_ratio"]) == (0.0, 0.25)


def test_a_limit_of_zero_gives_no_use_of_the_card() -> None:
    statements = [
        {"SK_ID_PREV": 1, "MONTHS_BALANCE": -1, "AMT_BALANCE": 50, "AMT_CREDIT_LIMIT_ACTUAL": 0},
        {"SK_ID_PREV": 1, "MONTHS_BALANCE": -2, "AMT_BALANCE": 50, "AMT_CREDIT_LIMIT_ACTUAL": 200},
    ]
    values = features_of(credit_card_balance=statements)
    assert (values["card_use_ratio_mean"], values["card_month_count"]) == (0.25, 2.0)

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]

BAND = 0.04
"""Three standard errors of a share of a half among 1,500 clients."""


def test_a_pensioner_has_no_employer_in_any_column(applications: Columns) -> None:
    idle = applications["DAYS_EMPLOYED"] == 365243
    assert idle.mean() == pytest.approx(0.1809, abs=BAND)
    assert set(applications["NAME_INCOME_TYPE"][idle]) <= {"Pensioner", "Unemployed"}
    assert set(applications["ORGANIZATION_TYPE"][idle]) == {"XNA"}
    assert set(applications["FLAG_EMP_PHONE"][idle]) == {0}
    assert set(applications["OCCUPATION_TYPE"][idle]) == {None}


def test_an_employed_applicant_has_an_employer(applications: Columns) -> None:
    employed = applications["DAYS_EMPLOYED"] != 365243
    assert "Pensioner" not in set(applications["NAME_INCOME_TYPE"][employed])
    assert "XNA" not in set(applications["ORGANIZATION_TYPE"][employed])
    assert applications["DAYS_EMPLOYED"][employed].max() < 0
    assert np.mean([text is None for text in applications["OCCUPATION_TYPE"][employed]]) == pytest.approx(
        0.1626, abs=BAND
    )


def test_family_members_are_children_and_adults(applications: Columns) -> None:
    adults = np.where(np.isin(applications["NAME_FAMILY_STATUS"], ["Married", "Civil marriage"]), 2, 1)
    assert (applications["CNT_FAM_MEMBERS"] - applications["CNT_CHILDREN"]).tolist() == adults.tolist()


def test_a_car_has_an_age_and_no_car_has_none(applications: Columns) -> None:
    has_car = applications["FLAG_OWN_CAR"] == "Y"
    assert np.isnan(applications["OWN_CAR_AGE"][~has_car]).all()
    assert not np.isnan(applications["OWN_CAR_AGE"][has_car]).any()
    assert has_car.mean() == pytest.approx(0.339, abs=BAND)


def test_cash_credits_are_goods_times_a_factor_from_one_up(applications: Columns) -> None:
    cash = applications["NAME_CONTRACT_TYPE"] == "Cash loans"
    credit, goods = applications["AMT_CREDIT"][cash], applications["AMT_GOODS_PRICE"][cash]
    assert (credit >= goods).all()
    assert np.mean(credit == goods) == pytest.approx(0.2912, abs=BAND)
    assert (goods % 4500 == 0).all()
    assert cash.mean() == pytest.approx(0.9053, abs=0.025)


def test_revolving_loans_pay_a_twentieth_of_their_limit(applications: Columns) -> None:
    revolving = applications["NAME_CONTRACT_TYPE"] == "Revolving loans"
    credit, goods = applications["AMT_CREDIT"][revolving], applications["AMT_GOODS_PRICE"][revolving]
    assert applications["AMT_ANNUITY"][revolving] == pytest.approx(credit * 0.05)
    assert (goods[~np.isnan(goods)] == credit[~np.isnan(goods)]).all()


def test_incomes_are_round_and_annuities_fit_the_credit(applications: Columns) -> None:
    assert np.mean(applications["AMT_INCOME_TOTAL"] % 22500 == 0) == pytest.approx(0.7455, abs=0.06)
    ratio = applications["AMT_ANNUITY"] / applications["AMT_CREDIT"]
    assert np.nanmin(ratio) > 0.015
    assert np.nanmax(ratio) < 0.13


@pytest.mark.parametrize(
    ("column", "share"), [("EXT_SOURCE_1", 0.5686), ("EXT_SOURCE_3", 0.1953), ("YEARS_BUILD_AVG", 0.6651)]
)
def test_columns_are_missing_as_often_as_in_the_real_table(applications: Columns, column: str, share: float) -> None:
    assert np.isnan(applications[column]).mean() == pytest.approx(share, abs=BAND)


@pytest.mark.parametrize("name", ["APARTMENTS", "ELEVATORS", "LANDAREA"])
def test_the_three_housing_columns_of_a_kind_are_missing_together(applications: Columns, name: str) -> None:
    average = np.isnan(applications[f"{name}_AVG"])
    assert np.isnan(applications[f"{name}_MODE"]).tolist() == average.tolist()
    assert np.isnan(applications[f"{name}_MEDI"]).tolist() == average.tolist()


def test_floors_are_mostly_the_same_in_average_and_median(applications: Columns) -> None:
    average, median = applications["FLOORSMAX_AVG"], applications["FLOORSMAX_MEDI"]
    assert np.mean((average == median)[~np.isnan(average)]) == pytest.approx(0.9665, abs=0.03)


def test_enquiries_are_missing_together(applications: Columns) -> None:
    hour = np.isnan(applications["AMT_REQ_CREDIT_BUREAU_HOUR"])
    assert hour.mean() == pytest.approx(0.1395, abs=BAND)
    for span in ("DAY", "WEEK", "MON", "QRT", "YEAR"):
        assert np.isnan(applications[f"AMT_REQ_CREDIT_BUREAU_{span}"]).tolist() == hour.tolist()


def test_most_applications_carry_document_3_alone(applications: Columns) -> None:
    given = sum(applications[f"FLAG_DOCUMENT_{number}"] for number in range(2, 22))
    alone = (given == 1) & (applications["FLAG_DOCUMENT_3"] == 1)
    assert alone.mean() == pytest.approx(0.6892, abs=BAND)


def test_nothing_happened_before_birth(applications: Columns) -> None:
    for column in ("DAYS_EMPLOYED", "DAYS_REGISTRATION", "DAYS_ID_PUBLISH"):
        assert (applications[column] > applications["DAYS_BIRTH"]).all()


def test_fewer_acquaintances_defaulted_than_are_known(applications: Columns) -> None:
    known = ~np.isnan(applications["OBS_30_CNT_SOCIAL_CIRCLE"])
    assert (applications["DEF_30_CNT_SOCIAL_CIRCLE"] <= applications["OBS_30_CNT_SOCIAL_CIRCLE"])[known].all()
    assert (applications["OBS_60_CNT_SOCIAL_CIRCLE"] <= applications["OBS_30_CNT_SOCIAL_CIRCLE"])[known].all()

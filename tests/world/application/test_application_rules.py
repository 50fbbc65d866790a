from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from solvent.world.application.oddities import add_oddities
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Table, numbers, texts

Columns = dict[str, NDArray[Any]]

YEAR = 365.25


def test_retirement_comes_with_age_and_earlier_for_women(applications: Columns) -> None:
    age, idle = -applications["DAYS_BIRTH"] / YEAR, applications["DAYS_EMPLOYED"] == 365243
    woman = applications["CODE_GENDER"] == "F"
    assert idle[age < 50].mean() < 0.08
    assert idle[age > 63].mean() == pytest.approx(0.93, abs=0.07)
    between = (age > 55) & (age < 59)
    assert idle[between & woman].mean() > idle[between & ~woman].mean() + 0.15


def test_nobody_began_to_work_as_a_child(applications: Columns) -> None:
    works = applications["DAYS_EMPLOYED"] < 0
    began = (applications["DAYS_EMPLOYED"] - applications["DAYS_BIRTH"])[works] / YEAR
    assert began.min() >= 18.0


def test_an_identity_document_is_no_older_than_the_replacement_at_45(applications: Columns) -> None:
    age = -applications["DAYS_BIRTH"] / YEAR
    issued = age + applications["DAYS_ID_PUBLISH"] / YEAR
    renewed = (age >= 46) & (age < 50)
    assert issued[age >= 45].min() >= 44.99
    assert np.mean(issued[renewed] < 45.5) == pytest.approx(0.93, abs=0.06)


@pytest.mark.parametrize("place", ["REGION", "CITY"])
def test_places_of_work_fit_together(applications: Columns, place: str) -> None:
    moved = applications[f"REG_{place}_NOT_LIVE_{place}"]
    registered, living = (applications[f"{start}_{place}_NOT_WORK_{place}"] for start in ("REG", "LIVE"))
    assert (registered == living)[moved == 0].all()
    idle = applications["DAYS_EMPLOYED"] == 365243
    assert set(registered[idle]) | set(living[idle]) | set(applications["FLAG_WORK_PHONE"][idle]) == {0}


def test_no_two_identity_documents_come_together(applications: Columns) -> None:
    main = np.sum([applications[f"FLAG_DOCUMENT_{number}"] for number in (3, 4, 5, 6, 7, 8, 9, 11)], axis=0)
    assert set(main.tolist()) == {0, 1}
    idle = applications["DAYS_EMPLOYED"] == 365243
    assert applications["FLAG_DOCUMENT_6"][idle].mean() == pytest.approx(0.4377, abs=0.1)
    given = np.sum([applications[f"FLAG_DOCUMENT_{number}"] for number in range(2, 22)], axis=0)
    assert np.mean(given == 0) == pytest.approx(0.097, abs=0.025)


def test_a_region_has_one_rating(applications: Columns) -> None:
    pairs = set(zip(applications["REGION_POPULATION_RELATIVE"], applications["REGION_RATING_CLIENT"], strict=True))
    assert len(pairs) == len({population for population, _ in pairs})


def test_drivers_are_men_and_accountants_women(applications: Columns) -> None:
    woman = applications["CODE_GENDER"] == "F"
    assert woman[applications["OCCUPATION_TYPE"] == "Drivers"].mean() < 0.2
    assert woman[applications["OCCUPATION_TYPE"] == "Accountants"].mean() > 0.7


def test_children_live_with_parents_of_their_age(applications: Columns) -> None:
    age = -applications["DAYS_BIRTH"] / YEAR
    assert np.mean(applications["CNT_CHILDREN"][age > 60] > 0) < 0.06
    assert np.mean(applications["CNT_CHILDREN"][(age > 33) & (age < 38)] > 0) == pytest.approx(0.52, abs=0.12)


def test_modes_follow_their_average_by_a_fixed_factor(applications: Columns) -> None:
    shown = applications["LIVINGAREA_AVG"] > 0.02
    ratio = applications["LIVINGAREA_MODE"][shown] / applications["LIVINGAREA_AVG"][shown]
    assert np.mean(np.abs(ratio - 1.0418) < 0.005) == pytest.approx(0.867, abs=0.06)


def test_all_columns_of_a_building_are_blank_in_nearly_half_of_the_applications(applications: Columns) -> None:
    averages = np.column_stack([values for name, values in applications.items() if name.endswith("_AVG")])
    assert averages.shape[1] == 14
    assert np.isnan(averages).all(axis=1).mean() == pytest.approx(0.484, abs=0.04)


def test_oddities_come_at_their_rates() -> None:
    size = 600_000
    table = _plain(size)
    add_oddities(table, Draws.stream(3))
    assert np.sum(texts(table, "CODE_GENDER").equals("XNA")) == pytest.approx(4 * size / 307_511, abs=9)
    assert np.sum(texts(table, "NAME_INCOME_TYPE").equals("Student")) == pytest.approx(18 * size / 307_511, abs=20)
    unknown = texts(table, "NAME_FAMILY_STATUS").equals("Unknown")
    assert np.isnan(numbers(table, "CNT_FAM_MEMBERS")).tolist() == unknown.tolist()
    incomes = numbers(table, "AMT_INCOME_TOTAL")
    outliers = incomes[incomes != 90_000.0]
    assert 1 <= outliers.size <= 8
    assert np.all((outliers >= 100_000_000) & (outliers <= 150_000_000) & (outliers % 1_000_000 == 0))
    assert np.sum(numbers(table, "FLAG_DOCUMENT_2")) == pytest.approx(13 * size / 307_511, abs=18)


def test_who_does_not_work_is_no_student() -> None:
    table = _plain(600_000)
    table["FLAG_EMP_PHONE"] = np.zeros(600_000)
    add_oddities(table, Draws.stream(3))
    assert not texts(table, "NAME_INCOME_TYPE").equals("Student", "Maternity leave").any()


def _plain(size: int) -> Table:
    return {
        "CODE_GENDER": Coded(np.zeros(size, dtype=np.int64), ("F", "M")),
        "NAME_FAMILY_STATUS": Coded(np.zeros(size, dtype=np.int64), ("Married",)),
        "NAME_INCOME_TYPE": Coded(np.zeros(size, dtype=np.int64), ("Working",)),
        "FLAG_EMP_PHONE": np.ones(size),
        "CNT_FAM_MEMBERS": np.full(size, 2.0),
        "AMT_INCOME_TOTAL": np.full(size, 90_000.0),
        "DAYS_LAST_PHONE_CHANGE": np.full(size, -3.0),
        **{f"FLAG_DOCUMENT_{number}": np.zeros(size) for number in (2, 10, 12)},
    }

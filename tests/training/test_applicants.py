"""Labels of applicants, from raw columns and from raw tables."""

import numpy as np
import pytest

from solvent.errors import TrainingError
from solvent.training.applicants import Applicants, label_applicants


def label(**changes: object) -> dict[str, str]:
    """Labels of one applicant with these raw values."""
    columns = {
        "NAME_CONTRACT_TYPE": "Cash loans",
        "AMT_INCOME_TOTAL": 120_000.0,
        "REGION_RATING_CLIENT": 2.0,
        "CODE_GENDER": "F",
        "DAYS_BIRTH": -12_000.0,
        "has_history": True,
    } | changes
    found = label_applicants(np.array([1]), {name: np.array([value], dtype=object) for name, value in columns.items()})
    return {name: str(labels[0]) for name, labels in found.labels.items()}


def test_labels_an_applicant() -> None:
    assert label() == {
        "contract_type": "Cash loans",
        "history": "with history",
        "income_band": "112,500 to 147,150",
        "region_rating": "2",
        "sex": "F",
        "age_band": "25 to 35",
    }


@pytest.mark.parametrize(
    ("days", "band"),
    [(-9_131.0, "below 25"), (-9_132.0, "25 to 35"), (-23_742.0, "from 65"), (np.nan, "")],
)
def test_an_age_at_a_cut_belongs_to_the_older_band(days: float, band: str) -> None:
    assert label(DAYS_BIRTH=days)["age_band"] == band


@pytest.mark.parametrize(
    ("income", "band"), [(112_499.0, "below 112,500"), (112_500.0, "112,500 to 147,150"), (9e6, "from 202,500")]
)
def test_an_income_at_a_cut_belongs_to_the_higher_band(income: float, band: str) -> None:
    assert label(AMT_INCOME_TOTAL=income)["income_band"] == band


def test_what_is_missing_or_rare_has_no_label() -> None:
    labels = label(CODE_GENDER="XNA", NAME_CONTRACT_TYPE=None, REGION_RATING_CLIENT=np.nan, has_history=False)
    assert (labels["sex"], labels["contract_type"], labels["region_rating"]) == ("", "", "")
    assert labels["history"] == "thin file"


def test_finds_applicants_by_their_ids() -> None:
    known = Applicants(np.array([7, 3, 5]), {"sex": np.array(["F", "M", "F"])})
    assert known.rows(np.array([3, 7])).labels["sex"].tolist() == ["M", "F"]
    with pytest.raises(TrainingError, match="read both from the same tables"):
        known.rows(np.array([4]))
    with pytest.raises(TrainingError, match="read both from the same tables"):
        known.rows(np.array([9]))

import numpy as np
import pytest

from solvent.features.program import Feature
from solvent.scoring.reasons import ReasonFinder, read_values


def _feature(name: str, code: str, categories: tuple[str, ...] = ()) -> Feature:
    return Feature(name, 0, "number", name, code, categories, ())


FEATURES = (
    _feature("score", "EXTERNAL_SCORE"),
    _feature("debt", "BUREAU_DEBT"),
    _feature("loans", "BUREAU_DEBT"),
    _feature("region", "REGION", ("north", "south")),
    _feature("burden", "INCOME_BURDEN"),
)
VALUES = np.array([0.1, 5.0, np.nan, 1.0, 3.0], dtype=np.float32)


def test_adds_up_the_features_of_a_code_and_shows_the_heaviest_of_them() -> None:
    contributions = np.array([0.5, 0.4, 0.3, -0.2, 0.1])
    debt, score, burden = ReasonFinder(FEATURES).find(VALUES, contributions, limit=4)
    assert (debt.code, debt.feature, debt.value, debt.contribution) == ("BUREAU_DEBT", "debt", 5.0, 0.7)
    assert (score.code, burden.code) == ("EXTERNAL_SCORE", "INCOME_BURDEN")
    assert (score.english, score.french) == (
        "External credit scores are low or missing.",
        "Les scores de crédit externes sont faibles ou absents.",
    )


def test_a_leading_feature_without_a_value_is_told_as_not_known() -> None:
    (debt,) = ReasonFinder(FEATURES).find(VALUES, np.array([0.0, 0.1, 0.4, 0.0, 0.0]), limit=4)
    assert (debt.feature, debt.value) == ("loans", None)
    assert debt.english == "A detail of the debts with other lenders is not known."
    assert debt.french == "Un élément des dettes auprès d'autres prêteurs n'est pas connu."


def test_a_code_that_lowers_the_risk_in_sum_is_no_reason() -> None:
    assert ReasonFinder(FEATURES).find(VALUES, np.array([0.0, 0.9, -1.0, 0.0, -0.1]), limit=4) == ()


def test_names_no_more_than_the_limit() -> None:
    reasons = ReasonFinder(FEATURES).find(VALUES, np.array([0.1, 0.2, 0.2, 0.3, 0.05]), limit=2)
    assert [reason.code for reason in reasons] == ["BUREAU_DEBT", "REGION"]


def test_a_tie_is_settled_by_the_order_of_the_codes() -> None:
    reasons = ReasonFinder(FEATURES).find(VALUES, np.array([0.2, 0.0, 0.0, 0.2, 0.2]), limit=4)
    assert [reason.code for reason in reasons] == ["EXTERNAL_SCORE", "INCOME_BURDEN", "REGION"]


@pytest.mark.parametrize(
    ("feature", "value", "read"),
    [
        (FEATURES[0], float(np.float32(0.05)), 0.05),
        (FEATURES[0], float(np.float32(500000.0)), 500000.0),
        (FEATURES[0], float(np.float32(1e20)), 1e20),
        (FEATURES[0], float("nan"), None),
        (FEATURES[3], 1.0, "south"),
        (FEATURES[3], float("nan"), None),
    ],
)
def test_a_value_reads_as_people_write_it(feature: Feature, value: float, read: float | str | None) -> None:
    assert read_values([feature], np.array([value], dtype=np.float32)) == (read,)

"""Figures by group, worked by hand and against fairlearn and statsmodels-like bounds; small groups get none."""

import math

import numpy as np
import pytest
from fairlearn.metrics import demographic_parity_ratio, equal_opportunity_difference
from small_portfolio import make_portfolio

from solvent.domain.policy import Policy
from solvent.training.applicants import Applicants
from solvent.training.fairness import measure_disparity, measure_fairness
from solvent.training.groups import measure_groups
from solvent.training.measures import ScoredOutcomes

POLICY = Policy(threshold=0.3, medium_from=0.1, high_from=0.3)


def cells(bad_refused: int, bad_approved: int, good_refused: int, good_approved: int) -> ScoredOutcomes:
    """Rows by outcome and decision: refused ones have probability 0.4, approved ones 0.1."""
    counts = (bad_refused, bad_approved, good_refused, good_approved)
    probabilities = np.repeat([0.4, 0.1, 0.4, 0.1], counts)
    return ScoredOutcomes(np.log(probabilities), probabilities, np.repeat([1.0, 1.0, 0.0, 0.0], counts))


def join(*parts: ScoredOutcomes) -> ScoredOutcomes:
    columns = ("scores", "probabilities", "defaulted")
    return ScoredOutcomes(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))


WOMEN, MEN, FEW = cells(30, 20, 50, 400), cells(60, 40, 150, 250), cells(5, 5, 10, 80)
EVERYBODY = join(WOMEN, MEN, FEW)
SEXES = np.repeat(["F", "M", "X"], [500, 500, 100])


def test_figures_of_a_group() -> None:
    group = measure_groups(EVERYBODY, SEXES, POLICY, trait="sex", seed=0)[0]
    assert (group.trait, group.label, group.rows, group.defaults) == ("sex", "F", 500, 50)
    figures = group.figures
    assert figures is not None
    assert figures.default_rate.value == pytest.approx(0.1)
    assert figures.approval_rate.value == pytest.approx(0.84)
    assert figures.good_payers_approved.value == pytest.approx(400 / 450)
    assert figures.recall.value == pytest.approx(0.6)
    assert figures.cost_per_application.value == pytest.approx((20 * 10 + 50) / 500)
    assert figures.calibration_gap.value == pytest.approx((80 * 0.4 + 420 * 0.1 - 50) / 500)
    assert figures.auc.value == pytest.approx((30 * 400 + 0.5 * (30 * 50 + 20 * 400)) / (50 * 450))


def test_the_interval_of_a_rate_is_that_of_the_binomial() -> None:
    figures = measure_groups(EVERYBODY, SEXES, POLICY, trait="sex", seed=0)[0].figures
    assert figures is not None
    half_width = 1.96 * math.sqrt(0.84 * 0.16 / 500)
    assert figures.approval_rate.low == pytest.approx(0.84 - half_width, abs=0.15 * half_width)
    assert figures.approval_rate.high == pytest.approx(0.84 + half_width, abs=0.15 * half_width)


def test_a_group_with_too_few_defaults_is_counted_and_not_judged() -> None:
    few = measure_groups(EVERYBODY, SEXES, POLICY, trait="sex", seed=0)[2]
    assert (few.label, few.rows, few.defaults, few.figures) == ("X", 100, 10, None)


def test_rows_without_a_label_belong_to_no_group() -> None:
    groups = measure_groups(EVERYBODY, np.where(SEXES == "X", "", SEXES), POLICY, trait="sex", seed=0)
    assert [group.label for group in groups] == ["F", "M"]


def test_disparities_are_those_of_fairlearn() -> None:
    both = SEXES != "X"
    rows, sexes = EVERYBODY.take(both), SEXES[both]
    found = measure_disparity(EVERYBODY, SEXES, 0.3, attribute="sex", seed=0)
    approved, repaid = rows.probabilities < 0.3, rows.defaulted == 0
    assert found.groups == 2
    expected = demographic_parity_ratio(repaid, approved, sensitive_features=sexes)
    assert found.approval_ratio.value == pytest.approx(expected)
    gap = equal_opportunity_difference(repaid, approved, sensitive_features=sexes)
    assert found.opportunity_gap.value == pytest.approx(gap)
    assert found.opportunity_gap.value == pytest.approx(400 / 450 - 250 / 400)


def test_the_interval_of_a_ratio_is_that_of_the_delta_method() -> None:
    ratio = measure_disparity(EVERYBODY, SEXES, 0.3, attribute="sex", seed=0).approval_ratio
    men, women = 0.58, 0.84
    error = men / women * math.sqrt((1 - men) / (500 * men) + (1 - women) / (500 * women))
    assert ratio.high - ratio.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_one_group_alone_has_no_disparity() -> None:
    found = measure_disparity(WOMEN, np.repeat("F", 500), 0.3, attribute="sex", seed=0)
    assert found.groups == 1
    assert math.isnan(found.approval_ratio.value)


def test_features_that_state_the_sex_give_it_away_and_others_do_not() -> None:
    matrix = make_portfolio(2_000)
    outcomes = ScoredOutcomes(np.zeros(2_000), np.full(2_000, 0.1), matrix.target.astype(np.float64))
    stated = np.where(matrix.values[:, 3] > 0, "M", "F")
    drawn = np.where(np.random.default_rng(8).random(2_000) < 0.4, "M", "F")
    reports = [
        measure_fairness(
            matrix,
            outcomes,
            Applicants(matrix.client_ids, {"sex": sexes, "age_band": np.full(2_000, "")}),
            POLICY,
            seed=0,
        )
        for sexes in (stated, drawn)
    ]
    assert reports[0].sex_from_features.value > 0.99
    assert reports[1].sex_from_features.low < 0.52
    assert reports[0].sex_from_probability.value == 0.5
    assert [disparity.groups for disparity in reports[0].disparities] == [2, 0]

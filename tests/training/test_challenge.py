"""Paired comparisons: a model that is worse in one respect is found worse in that respect."""

from dataclasses import replace

import numpy as np
import pytest
from compared_models import CLIENTS, scored
from fairlearn.metrics import demographic_parity_ratio, equal_opportunity_difference

from solvent.domain.costs import CostMatrix
from solvent.domain.policy import Policy
from solvent.domain.promotion import Gate, Worsening, find_refusals
from solvent.training.challenge import compare_models
from solvent.training.evaluation import evaluate
from solvent.training.gates import read_gates
from solvent.training.held_out import HeldOut

CHAMPION = scored()
BY_SEX = replace(read_gates(), fairness_by=("sex",))
POLICY = Policy(threshold=0.0912, medium_from=0.0456, high_from=0.0912)


def compare(challenger: HeldOut) -> dict[tuple[Gate, str], Worsening]:
    found = compare_models(CHAMPION, challenger, CostMatrix())
    return {(one.gate, one.subject): one for one in found.worsenings}


def refused_by(challenger: HeldOut) -> set[Gate]:
    found = compare_models(CHAMPION, challenger, CostMatrix())
    refusals = find_refusals(
        found.worsenings, BY_SEX, rows=found.rows, defaults=found.defaults, unmeasured=found.unmeasured
    )
    return {refusal.gate for refusal in refusals}


def test_a_model_is_nowhere_worse_than_itself() -> None:
    found = compare(CHAMPION)
    assert len(found) == 5
    assert {(one.worse_by, one.low, one.high) for one in found.values()} == {(0.0, 0.0, 0.0)}
    assert refused_by(CHAMPION) == set()


def test_a_blurred_ranking_is_refused_by_auc_and_a_sharper_one_is_not() -> None:
    blurred, sharper = compare(scored(noise=1.0)), compare(scored(noise=0.2))
    assert blurred[Gate.AUC, ""].low > 0.01
    assert sharper[Gate.AUC, ""].high < 0.0
    assert Gate.AUC in refused_by(scored(noise=1.0))
    assert Gate.AUC not in refused_by(scored(noise=0.2))


def test_probabilities_that_are_too_high_are_refused_by_calibration_alone() -> None:
    too_high = scored(shift=0.5)
    errors = [
        evaluate(one.outcomes, POLICY, seed=0, resamples=2).plain_calibration_error for one in (CHAMPION, too_high)
    ]
    found = compare(too_high)[Gate.CALIBRATION, ""]
    assert (found.champion, found.challenger) == pytest.approx(errors)
    assert found.worse_by == pytest.approx(errors[1] - errors[0])
    assert refused_by(too_high) == {Gate.CALIBRATION}


def test_a_wrong_threshold_is_refused_by_cost_and_its_cost_is_counted() -> None:
    lax = scored(threshold=0.4)
    bad = lax.outcomes.defaulted > 0
    costs = [10 * (bad & ~one.refused).sum() + (~bad & one.refused).sum() for one in (CHAMPION, lax)]
    found = compare(lax)[Gate.COST, ""]
    assert (found.champion, found.challenger) == tuple(costs)
    assert found.worse_by == pytest.approx(costs[1] / costs[0] - 1)
    assert found.low < found.worse_by < found.high
    assert Gate.COST in refused_by(lax)


def test_refusing_more_men_is_refused_by_both_gates_of_fairness() -> None:
    unfair = scored(against_men=3.0)
    found = compare(unfair)
    approved, repaid, sexes = ~unfair.refused, unfair.outcomes.defaulted == 0, unfair.labels["sex"]
    ratio = demographic_parity_ratio(repaid, approved, sensitive_features=sexes)
    assert found[Gate.APPROVAL_RATIO, "sex"].challenger == pytest.approx(ratio)
    gap = equal_opportunity_difference(repaid, approved, sensitive_features=sexes)
    assert found[Gate.EQUAL_OPPORTUNITY, "sex"].challenger == pytest.approx(gap)
    assert {Gate.APPROVAL_RATIO, Gate.EQUAL_OPPORTUNITY} <= refused_by(unfair)


def test_an_attribute_without_labels_is_named_as_unmeasured() -> None:
    assert compare_models(CHAMPION, CHAMPION, CostMatrix()).unmeasured == ("age_band",)
    nobody = replace(CHAMPION, labels={**CHAMPION.labels, "sex": np.full(CLIENTS, "")})
    assert compare_models(nobody, CHAMPION, CostMatrix()).unmeasured == ("sex", "age_band")


def test_only_clients_that_both_held_out_count() -> None:
    found = compare_models(CHAMPION, scored().take(np.arange(500, 900)), CostMatrix())
    assert found.rows == 400
    assert len(CHAMPION) == CLIENTS


def test_without_common_clients_there_is_nothing_to_compare() -> None:
    one, other = CHAMPION.take(np.arange(100)), CHAMPION.take(np.arange(100, 200))
    found = compare_models(one, other, CostMatrix())
    assert (found.rows, found.worsenings) == (0, ())

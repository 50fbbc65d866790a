"""The rule of promotion: each gate refuses what is worse by more than it allows, and nothing else."""

import math
from dataclasses import replace

import pytest

from solvent.domain.promotion import Gate, PromotionGates, Refusal, Worsening, find_refusals

GATES = PromotionGates(
    auc_loss=0.002,
    calibration_error_gain=0.003,
    cost_gain=0.01,
    approval_ratio_loss=0.02,
    opportunity_gap_gain=0.04,
    fewest_rows=1_000,
    fewest_defaults=100,
)


BETTER = Worsening(Gate.AUC, 0.7, 0.8, -0.1, -0.2, 0.0)


def judge(*worsenings: Worsening, gates: PromotionGates = GATES) -> tuple[Refusal, ...]:
    return find_refusals(worsenings, gates, rows=1_000, defaults=100)


@pytest.mark.parametrize(
    ("gate", "allowed"),
    [
        (Gate.AUC, 0.002),
        (Gate.CALIBRATION, 0.003),
        (Gate.COST, 0.01),
        (Gate.APPROVAL_RATIO, 0.02),
        (Gate.EQUAL_OPPORTUNITY, 0.04),
    ],
)
def test_a_gate_refuses_beyond_its_allowance_and_not_at_it(gate: Gate, allowed: float) -> None:
    assert judge(Worsening(gate, 0.8, 0.7, allowed, 0.0, 1.0)) == ()
    (refusal,) = judge(Worsening(gate, 0.8, 0.7, allowed + 0.0001, 0.0, 1.0))
    assert refusal.gate is gate


def test_a_refusal_says_by_how_much_and_what_is_allowed() -> None:
    (refusal,) = judge(Worsening(Gate.APPROVAL_RATIO, 0.9, 0.8, 0.1, 0.05, 0.15, "sex"))
    assert refusal.reason == "approval_ratio by sex is worse by 0.1000 (0.0500 to 0.1500), allowed is 0.02"


def test_the_whole_interval_may_be_asked_for() -> None:
    better_by_luck = Worsening(Gate.AUC, 0.8, 0.801, -0.001, -0.005, 0.003)
    strict = PromotionGates(0.002, 0.003, 0.01, 0.02, 0.04, 1_000, 100, whole_interval=True)
    assert judge(better_by_luck) == ()
    assert [refusal.gate for refusal in judge(better_by_luck, gates=strict)] == [Gate.AUC]


def test_what_is_undefined_does_not_pass() -> None:
    (refusal,) = judge(Worsening(Gate.COST, 1.0, math.nan, math.nan, math.nan, math.nan))
    assert refusal == Refusal(Gate.COST, "cost cannot be compared: it is undefined on the held-out rows")


def test_fairness_that_cannot_be_measured_is_no_evidence_unless_the_gates_leave_it_out() -> None:
    found = find_refusals([BETTER], GATES, rows=1_000, defaults=100, unmeasured=["age_band"])
    assert [refusal.gate for refusal in found] == [Gate.EVIDENCE]
    assert found[0].reason.startswith("fairness by age_band cannot be measured")
    by_sex = replace(GATES, fairness_by=("sex",))
    assert find_refusals([BETTER], by_sex, rows=1_000, defaults=100, unmeasured=["age_band"]) == ()
    worse = Worsening(Gate.APPROVAL_RATIO, 0.9, 0.8, 0.1, 0.05, 0.15, "age_band")
    assert find_refusals([worse], by_sex, rows=1_000, defaults=100) == ()


@pytest.mark.parametrize(("rows", "defaults"), [(999, 100), (1_000, 99)])
def test_too_few_rows_or_defaults_are_no_evidence(rows: int, defaults: int) -> None:
    (refusal,) = find_refusals([BETTER], GATES, rows=rows, defaults=defaults)
    assert refusal.gate is Gate.EVIDENCE
    assert f"{rows:,} held-out rows with {defaults} defaults" in refusal.reason


def test_rows_of_one_class_are_no_evidence_however_few_are_asked_for() -> None:
    lenient = replace(GATES, fewest_rows=1, fewest_defaults=1, fairness_by=())
    assert find_refusals([], lenient, rows=30, defaults=30) == (
        Refusal(Gate.EVIDENCE, "30 of 30 shared held-out rows are defaults: nothing can be compared on one class"),
    )

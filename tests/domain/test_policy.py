import pytest

from solvent.domain.policy import FORBIDDEN_COLUMNS, Decision, Policy, RiskLevel


def make_policy(**changes: float) -> Policy:
    return Policy(**{"threshold": 0.09, "medium_from": 0.05, "high_from": 0.15, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(("probability", "decision"), [(0.0899, Decision.APPROVE), (0.09, Decision.REFUSE)])
def test_refuses_from_the_threshold_on(probability: float, decision: Decision) -> None:
    assert make_policy().decide(probability) is decision


@pytest.mark.parametrize(
    ("probability", "level"),
    [
        (0.049, RiskLevel.LOW),
        (0.05, RiskLevel.MEDIUM),
        (0.149, RiskLevel.MEDIUM),
        (0.15, RiskLevel.HIGH),
    ],
)
def test_bands_begin_at_their_limits(probability: float, level: RiskLevel) -> None:
    assert make_policy().risk_level(probability) is level


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.1, float("nan")])
def test_refuses_a_threshold_outside_the_probabilities(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        make_policy(threshold=threshold)


@pytest.mark.parametrize(("medium", "high"), [(0.2, 0.1), (0.0, 0.1), (0.5, 1.0)])
def test_refuses_bands_out_of_order(medium: float, high: float) -> None:
    with pytest.raises(ValueError, match="risk bands"):
        make_policy(medium_from=medium, high_from=high)


def test_a_refusal_must_be_able_to_carry_a_reason() -> None:
    with pytest.raises(ValueError, match="at least one reason"):
        make_policy(max_reasons=0)


def test_forbids_sex_and_marital_status_also_in_other_words() -> None:
    assert sorted(FORBIDDEN_COLUMNS) == ["CNT_FAM_MEMBERS", "CODE_GENDER", "NAME_FAMILY_STATUS", "NAME_TYPE_SUITE"]

import pytest

from solvent.domain.costs import CostMatrix


def test_a_bad_payer_accepted_costs_ten_times_a_good_payer_refused() -> None:
    assert CostMatrix() == CostMatrix(false_negative=10.0, false_positive=1.0)


def test_breaks_even_at_one_in_eleven() -> None:
    assert CostMatrix().break_even_probability == pytest.approx(1 / 11)


@pytest.mark.parametrize("cost", [0.0, -1.0, float("nan"), float("inf")])
def test_refuses_a_cost_that_is_not_positive_and_finite(cost: float) -> None:
    with pytest.raises(ValueError, match="finite and positive"):
        CostMatrix(false_negative=cost)

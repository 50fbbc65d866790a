import numpy as np
import pytest

from solvent.world.drawing.draws import Draws
from solvent.world.loans.previous_steps import cash_steps, down_payments, goods_prices


def _multiples(values: np.typing.NDArray[np.float64], step: float) -> float:
    return float(np.mean(np.abs(values / step - np.rint(values / step)) < 1e-6))


def test_one_price_in_eight_lies_just_below_a_round_one() -> None:
    prices = goods_prices(np.full(20_000, 61_234.5), Draws.stream(1))
    assert _multiples(prices + 45.0, 450.0) == pytest.approx(0.12, abs=0.02)
    assert _multiples(prices, 4.5) == 1.0


def test_a_price_too_small_for_its_step_keeps_its_size() -> None:
    assert goods_prices(np.full(1_000, 900.0), Draws.stream(2)).min() > 450.0


def test_only_large_cash_loans_are_stated_in_half_millions() -> None:
    assert 225_000.0 not in cash_steps(np.full(1_000, 100_000.0), Draws.stream(3))
    large = cash_steps(np.full(20_000, 500_000.0), Draws.stream(3))
    assert np.mean(large == 225_000.0) == pytest.approx(0.22, abs=0.02)


def test_a_tenth_is_rounded_up_and_other_down_payments_are_round_often() -> None:
    asked = np.full(20_000, 61_240.5)
    assert set(down_payments(asked, np.full(20_000, 0.1), Draws.stream(4)).tolist()) == {6_124.5}
    free = down_payments(asked, np.full(20_000, 0.3), Draws.stream(4))
    assert _multiples(free, 4_500.0) == pytest.approx(0.3, abs=0.02)

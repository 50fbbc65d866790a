"""Distances against numbers worked by hand and against scipy on the same samples."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from solvent.monitoring.distances import (
    adjust_for_many,
    measure_chi_squared,
    measure_kolmogorov_smirnov,
    measure_psi,
)


def test_psi_is_the_worked_sum_less_what_chance_makes() -> None:
    reference, current = np.array([5_000, 5_000, 0]), np.array([8_000, 2_000, 0])
    raw = 0.3 * math.log(0.8 / 0.5) - 0.3 * math.log(0.2 / 0.5)
    assert raw == pytest.approx(0.41589, abs=1e-5)
    assert measure_psi(reference, current) == pytest.approx(raw - (1 / 10_000 + 1 / 10_000))


def test_equal_shares_have_no_psi() -> None:
    assert measure_psi(np.array([300, 700, 0]), np.array([3_000, 7_000, 0])) == 0.0


def test_chance_adds_nothing_to_psi_on_average() -> None:
    random = np.random.default_rng(11)
    shares = np.full(10, 0.1)
    reference = random.multinomial(7_000, shares)
    values = [measure_psi(reference, random.multinomial(1_000, shares)) for _ in range(400)]
    assert np.mean(values) < 0.004  # without the correction 0.0104 would be expected, and 0 is the floor
    assert max(values) < 0.03


def test_values_that_go_missing_count_as_a_bin() -> None:
    assert measure_psi(np.array([500, 500, 0]), np.array([250, 250, 500])) > 3.0


@pytest.mark.parametrize("decisions", [2_000, 20_000, 200_000])
def test_an_emptied_bin_has_the_same_psi_at_every_size(decisions: int) -> None:
    reference = np.array([1_250, 1_250, 1_250, 1_250, 0])
    current = np.array([decisions // 4, decisions // 4, decisions // 2, 0, 0])
    # 0.25 falls to the floor of 0.001, and another quarter doubles; three bins are left to chance.
    raw = 0.249 * math.log(0.25 / 0.001) + 0.25 * math.log(2)
    assert raw == pytest.approx(1.5481, abs=1e-4)
    assert measure_psi(reference, current) == pytest.approx(raw - 3 * (1 / 5_000 + 1 / decisions))


@pytest.mark.parametrize("decisions", [2_000, 20_000, 200_000])
def test_values_newly_missing_in_one_of_forty_stay_below_the_limit_at_every_size(decisions: int) -> None:
    reference, missing = np.array([2_500, 2_500, 0]), decisions // 40
    current = np.array([(decisions - missing) // 2, (decisions - missing) // 2, missing])
    # 0.024 ln(0.025 / 0.001) = 0.0773 of the missing bin, and 0.0006 of the two others.
    assert measure_psi(reference, current) == pytest.approx(0.0779 - 2 * (1 / 5_000 + 1 / decisions), abs=1e-4)


@pytest.mark.parametrize("decisions", [2_000, 20_000, 200_000])
def test_a_rare_bin_that_empties_stays_below_the_limit_at_every_size(decisions: int) -> None:
    # 0.014 ln(0.015 / 0.001) = 0.0379; with half a count in place of a floor it was about 0.06, 0.10 and 0.13.
    assert 0.035 < measure_psi(np.array([4_925, 75, 0]), np.array([decisions, 0, 0])) < 0.04


def test_a_feature_without_values_on_both_sides_is_no_drift() -> None:
    assert measure_psi(np.array([0, 0, 900]), np.array([0, 0, 700])) == 0.0
    assert measure_chi_squared(np.array([0, 0, 900]), np.array([0, 0, 700])).p_value == 1.0


def test_the_order_statistic_is_that_of_scipy_on_the_numbers_of_the_bins() -> None:
    random = np.random.default_rng(5)
    first, second = random.integers(0, 8, 3_000), np.minimum(random.integers(0, 80, 800) // 9, 7)
    reference = np.roll(np.bincount(first, minlength=8), -1)  # bin 0 stands for missing values, which are counted last
    current = np.roll(np.bincount(second, minlength=8), -1)
    expected = stats.ks_2samp(first, second, method="asymp")  # it corrects the limit for small samples
    found = measure_kolmogorov_smirnov(reference, current)
    assert found.statistic == pytest.approx(expected.statistic)
    assert 0.001 < found.p_value == pytest.approx(expected.pvalue, rel=0.1)


def test_chi_squared_is_the_worked_sum() -> None:
    # 50:50 against 60:40, 100 each: expected 55 and 45, so 4 terms of 25/55 and 25/45.
    found = measure_chi_squared(np.array([50, 50, 0]), np.array([60, 40, 0]))
    assert found.statistic == pytest.approx(2 * 25 / 55 + 2 * 25 / 45)
    assert found.p_value == pytest.approx(math.erfc(math.sqrt(found.statistic / 2)))


def test_chi_squared_is_that_of_scipy_where_a_bin_is_empty() -> None:
    reference, current = np.array([120, 0, 30, 0, 7]), np.array([80, 5, 40, 0, 9])
    expected = stats.chi2_contingency(np.vstack([reference, current])[:, [0, 1, 2, 4]], correction=False)
    found = measure_chi_squared(reference, current)
    assert (found.statistic, found.p_value) == pytest.approx((expected.statistic, expected.pvalue))


def test_many_p_values_are_adjusted_as_in_the_worked_case() -> None:
    # Sorted p times n / rank, then the running minimum from the largest down.
    assert adjust_for_many(np.array([0.01, 0.04, 0.03, 0.5])).tolist() == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert adjust_for_many(np.empty(0)).tolist() == []


counts = st.lists(st.integers(0, 5_000), min_size=4, max_size=4).filter(lambda found: sum(found) > 0).map(np.array)


@given(counts, counts)
def test_distances_are_finite_symmetric_and_never_negative(first: np.ndarray, second: np.ndarray) -> None:
    index = measure_psi(first, second)
    assert 0.0 <= index < 40.0
    assert index == pytest.approx(measure_psi(second, first))
    order = measure_kolmogorov_smirnov(first, second)
    assert 0.0 <= order.statistic <= 1.0
    assert 0.0 <= order.p_value <= 1.0
    shares = measure_chi_squared(first, second)
    assert shares.statistic >= 0.0
    assert 0.0 <= shares.p_value <= 1.0

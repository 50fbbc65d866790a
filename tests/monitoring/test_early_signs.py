import numpy as np
import pytest

from solvent.monitoring.early_signs import SignedDecisions, measure_ratio


def draw(rows: int, *, seed: int, rise: float = 1.0, high_risks: float = 0.5) -> SignedDecisions:
    """A mixture of low and high risks; the sign shows with `rise` times half the probability."""
    generator = np.random.default_rng(seed)
    probabilities = np.where(generator.uniform(size=rows) < high_risks, 0.3, 0.05) * generator.uniform(0.8, 1.2, rows)
    return SignedDecisions(probabilities, generator.uniform(size=rows) < 0.5 * rise * probabilities)


def test_a_ratio_worked_by_hand() -> None:
    reference = SignedDecisions(np.repeat([0.1, 0.2, 0.3, 0.4, 0.5], 100), np.arange(500) % 10 == 0)
    current = SignedDecisions(np.repeat([0.1, 0.5], 100), np.arange(200) % 5 == 0)
    found = measure_ratio(current, reference)
    assert found is not None
    assert found.value == pytest.approx(40 / 20)
    # variance of the logarithm: 1/40 now, (100^2 x .1 x .9 / 100) x 2 bands / 20^2 before
    half = 1.959963984540054 * np.sqrt(1 / 40 + 18 / 400)
    assert (found.low, found.high) == pytest.approx((2 * np.exp(-half), 2 * np.exp(half)))


def test_sees_a_rise_that_no_probability_shows() -> None:
    found = measure_ratio(draw(3_000, seed=1, rise=1.8), draw(8_000, seed=2))
    assert found is not None
    assert found.low > 1.3
    assert found.covers(1.8)


def test_more_high_risks_alone_are_no_rise() -> None:
    found = measure_ratio(draw(3_000, seed=3, high_risks=0.9), draw(8_000, seed=4))
    assert found is not None
    assert found.covers(1.0)


def test_is_silent_where_nothing_is_wrong_as_often_as_its_interval_says() -> None:
    reference = draw(8_000, seed=5)
    ratios = [measure_ratio(draw(2_000, seed=seed), draw(8_000, seed=1_000 + seed)) for seed in range(100)]
    assert np.mean([one is not None and one.covers(1.0) for one in ratios]) > 0.9
    assert measure_ratio(SignedDecisions(reference.probabilities, np.zeros(8_000, bool)), reference) is None
    assert measure_ratio(reference, SignedDecisions(reference.probabilities, np.zeros(8_000, bool))) is None

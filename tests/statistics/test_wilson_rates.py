import pytest
from scipy.stats import binomtest

from solvent.statistics.rates import wilson_interval


@pytest.mark.parametrize(("events", "rows"), [(0, 10), (3, 40), (812, 10_000), (40, 40)])
def test_the_interval_is_wilsons(events: int, rows: int) -> None:
    expected = binomtest(events, rows).proportion_ci(method="wilson")
    assert wilson_interval(events, rows) == pytest.approx((expected.low, expected.high), abs=1e-12)

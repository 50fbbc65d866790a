import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from solvent.domain.costs import CostMatrix
from solvent.monitoring.figures import Figure, measure_rate, normal_figure, scale, share_covered
from solvent.monitoring.realised import Flags, Floats, measure_auc, measure_calibration_slope, measure_cost


def draw(rows: int, *, seed: int = 1, slope: float = 1.0) -> tuple[Floats, Flags]:
    """Probabilities, and outcomes whose log-odds are `slope` times the stated ones."""
    generator = np.random.default_rng(seed)
    odds = generator.normal(-2.0, 1.0, rows)
    return 1 / (1 + np.exp(-odds)), generator.uniform(size=rows) < 1 / (1 + np.exp(-slope * odds))


def test_auc_of_a_case_worked_by_hand() -> None:
    probabilities = np.array([0.9, 0.5, 0.5, 0.4, 0.2, 0.1])
    defaulted = np.array([True, True, False, False, True, False])
    # pairs in order: 0.9 beats 3 of 3, 0.5 beats 2 and ties 1, 0.2 beats 1: (3 + 2.5 + 1) / 9
    assert measure_auc(probabilities, defaulted).value == pytest.approx(6.5 / 9)


def test_auc_and_its_variance_are_those_of_every_pair_counted() -> None:
    probabilities, defaulted = draw(400)
    probabilities = probabilities.round(2)
    bad, good = probabilities[defaulted], probabilities[~defaulted]
    wins = (bad[:, None] > good) + 0.5 * (bad[:, None] == good)
    variance = wins.mean(axis=1).var(ddof=1) / len(bad) + wins.mean(axis=0).var(ddof=1) / len(good)
    found = measure_auc(probabilities, defaulted)
    assert found.value == pytest.approx(roc_auc_score(defaulted, probabilities), abs=1e-12)
    assert found.high - found.value == pytest.approx(1.959963984540054 * np.sqrt(variance), abs=1e-12)
    assert found.value - found.low == pytest.approx(found.high - found.value, abs=1e-12)


def test_the_interval_of_a_perfect_ranking_does_not_leave_one() -> None:
    assert measure_auc(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])) == Figure(1.0, 1.0, 1.0)


def test_the_interval_of_the_auc_covers_the_truth_as_often_as_it_says() -> None:
    truth = measure_auc(*draw(400_000, seed=99)).value
    covered = [measure_auc(*draw(600, seed=seed)).covers(truth) for seed in range(100)]
    assert 0.9 <= np.mean(covered) <= 0.99


def test_a_bad_payer_accepted_costs_ten_good_ones_refused() -> None:
    approved = np.array([True, True, True, False, False])
    defaulted = np.array([True, False, False, False, True])
    found = measure_cost(approved, defaulted, CostMatrix())
    assert found.value == pytest.approx((10 + 0 + 0 + 1 + 0) / 5)
    standard_error = np.std([10, 0, 0, 1, 0], ddof=1) / np.sqrt(5)
    assert [found.low, found.high] == pytest.approx([0.0, 2.2 + 1.959963984540054 * standard_error])


@pytest.mark.parametrize(("events", "rows"), [(0, 50), (3, 40), (200, 2500), (10, 10)])
def test_the_interval_of_a_rate_is_wilsons(events: int, rows: int) -> None:
    expected = stats.binomtest(events, rows).proportion_ci(method="wilson")
    found = measure_rate(events, rows)
    assert found.value == events / rows
    assert [found.low, found.high] == pytest.approx([expected.low, expected.high], abs=1e-12)


@pytest.mark.slow
def test_the_calibration_slope_is_that_of_a_logistic_regression() -> None:
    import statsmodels.api as sm  # noqa: PLC0415 - slow to import

    probabilities, defaulted = draw(3_000, slope=0.6)
    odds = np.log(probabilities / (1 - probabilities))
    fitted = sm.Logit(defaulted.astype(float), sm.add_constant(odds)).fit(disp=0)
    low, high = fitted.conf_int()[1]
    found = measure_calibration_slope(probabilities, defaulted)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((fitted.params[1], low, high), abs=1e-6)
    assert found.high < 1.0


def test_true_probabilities_have_a_slope_of_one() -> None:
    found = measure_calibration_slope(*draw(20_000))
    assert found is not None
    assert found.covers(1.0)


@pytest.mark.parametrize(
    ("probabilities", "defaulted"),
    [([0.1, 0.2, 0.3], [False] * 3), ([0.1, 0.2, 0.3], [True] * 3), ([0.1, 0.1, 0.1], [True, False, False])],
)
def test_no_slope_where_none_is_determined(probabilities: list[float], defaulted: list[bool]) -> None:
    assert measure_calibration_slope(np.array(probabilities), np.array(defaulted)) is None


def test_a_perfect_split_has_no_finite_slope() -> None:
    probabilities = np.array([0.1, 0.2, 0.8, 0.9])
    assert measure_calibration_slope(probabilities, probabilities > 0.5) is None


def test_intervals_are_cut_scaled_and_counted() -> None:
    assert normal_figure(0.01, 0.01, within=(0.0, 1.0)).low == 0.0
    assert scale(Figure(0.2, 0.1, 0.4), 10) == Figure(2.0, 1.0, 4.0)
    assert share_covered([Figure(1, 0, 2), Figure(1, 0, 2)], [2.0, 2.1]) == 0.5
    assert share_covered([], []) is None


def test_no_slope_where_the_information_is_singular() -> None:
    # Newton's steps run away from these until every fitted probability is 0 or 1.
    probabilities = np.array([1e-7, 1e-7, 0.5, 1 - 1e-7, 1 - 1e-7])
    assert measure_calibration_slope(probabilities, np.array([True, True, False, False, False])) is None

"""DeLong's intervals against the definition, pair by pair, and against what resampling shows."""

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from solvent.training.delong import compare_aucs, measure_auc

DEFAULTED = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
FIRST = np.array([3.0, 2.0, 5.0, 1.0, 2.0, 4.0, 0.0])
SECOND = np.array([3.0, 3.0, 5.0, 1.0, 2.0, 2.5, 0.0])


def pair_by_pair(*columns: np.ndarray, defaulted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Areas and their covariance by equations 3 to 6 of DeLong et al. (1988), each pair of rows compared."""
    kernels = []
    for scores in columns:
        bad, good = scores[defaulted > 0][:, None], scores[defaulted == 0][None, :]
        kernels.append((bad > good) + 0.5 * (bad == good))
    of_bad, of_good = (np.array([kernel.mean(axis=axis) for kernel in kernels]) for axis in (1, 0))
    covariance = np.cov(of_bad) / of_bad.shape[1] + np.cov(of_good) / of_good.shape[1]
    return np.array([kernel.mean() for kernel in kernels]), np.atleast_2d(covariance)


def drawn(rows: int, *, distinct: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(11)
    defaulted = (generator.random(rows) < 0.2).astype(np.float64)
    first = np.round(distinct * (generator.normal(size=rows) + defaulted)) / distinct
    return first, first + generator.normal(size=rows), defaulted


def test_the_area_of_seven_rows_is_worked_by_hand() -> None:
    found = measure_auc(FIRST, DEFAULTED)
    # Defaults outscore 3, 2.5 and 4 of 4 good payers; those are outscored by 3, 2.5, 1 and 3 of 3 defaults.
    assert found.value == pytest.approx(9.5 / 12)
    of_bad, of_good = np.var([3 / 4, 2.5 / 4, 1.0], ddof=1) / 3, np.var([1.0, 2.5 / 3, 1 / 3, 1.0], ddof=1) / 4
    assert found.low == pytest.approx(9.5 / 12 - 1.959964 * math.sqrt(of_bad + of_good), rel=1e-6)
    assert found.high == 1.0


@pytest.mark.parametrize("distinct", [1, 3, 1_000])
def test_an_interval_is_that_of_the_definition_also_with_ties(distinct: int) -> None:
    scores, _, defaulted = drawn(300, distinct=distinct)
    (area,), covariance = pair_by_pair(scores, defaulted=defaulted)
    found = measure_auc(scores, defaulted)
    assert found.value == pytest.approx(area, rel=1e-12)
    assert found.value == pytest.approx(roc_auc_score(defaulted, scores), rel=1e-12)
    assert found.high - found.low == pytest.approx(2 * 1.959964 * math.sqrt(covariance[0, 0]), rel=1e-6)


@pytest.mark.parametrize("distinct", [1, 1_000])
def test_a_paired_difference_is_that_of_the_definition(distinct: int) -> None:
    first, second, defaulted = drawn(300, distinct=distinct)
    areas, covariance = pair_by_pair(first, second, defaulted=defaulted)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    found = compare_aucs(first, second, defaulted)
    assert found.value == pytest.approx(areas[1] - areas[0], rel=1e-12)
    assert found.high - found.low == pytest.approx(2 * 1.959964 * math.sqrt(variance), rel=1e-6)


def test_a_model_does_not_differ_from_itself() -> None:
    same = compare_aucs(FIRST, FIRST, DEFAULTED)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)


def test_the_interval_is_as_wide_as_that_of_resampled_rows() -> None:
    scores, _, defaulted = drawn(2_000, distinct=1_000)
    generator = np.random.default_rng(1)
    resampled = []
    for _ in range(400):
        rows = generator.integers(len(scores), size=len(scores))
        resampled.append(measure_auc(scores[rows], defaulted[rows]).value)
    found = measure_auc(scores, defaulted)
    assert found.high - found.low == pytest.approx(2 * 1.959964 * np.std(resampled), rel=0.1)


def test_one_class_alone_has_no_area_and_one_row_of_a_class_no_interval() -> None:
    assert math.isnan(measure_auc(FIRST, np.zeros(7)).value)
    assert math.isnan(compare_aucs(FIRST, SECOND, np.ones(7)).value)
    found = measure_auc(FIRST, np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
    assert found.value == pytest.approx(4 / 6)
    assert math.isnan(found.low)

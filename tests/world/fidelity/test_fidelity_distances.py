import numpy as np
import pytest

from solvent.world.fidelity.distances import (
    kolmogorov_distance,
    normal_scores,
    pairwise_correlations,
    share_between_groups,
    share_of,
)

LEVELS = np.array([0.0, 0.5, 1.0])


def test_values_that_have_the_published_quantiles_are_at_no_distance() -> None:
    assert kolmogorov_distance(np.array([1.0, 2.0, 3.0]), LEVELS, np.array([1.0, 2.0, 3.0])) == 0.0


def test_the_distance_is_the_share_of_values_on_the_wrong_side_of_a_quantile() -> None:
    values = np.array([1.0, 3.0, 3.5, 4.0])
    assert kolmogorov_distance(values, LEVELS, np.array([1.0, 2.0, 4.0])) == 0.25


def test_a_quantile_inside_a_tie_asks_for_no_more_than_is_known() -> None:
    levels, quantiles = np.array([0.0, 0.3, 0.6, 1.0]), np.array([0.0, 0.0, 0.0, 9.0])
    assert kolmogorov_distance(np.array([0.0, 0.0, 0.0, 9.0]), levels, quantiles) == 0.0
    assert kolmogorov_distance(np.array([0.0, 9.0, 9.0, 9.0]), levels, quantiles) == pytest.approx(0.35)


def test_a_value_is_compared_up_to_the_six_digits_that_are_published() -> None:
    assert share_of(np.array([0.0307554, 0.031, 0.03]), 0.0307553) == pytest.approx(1 / 3)


def test_normal_scores_are_quantiles_of_mid_ranks_and_ties_share_one() -> None:
    scores = normal_scores(np.array([30.0, np.nan, 10.0, 10.0, 40.0]))
    assert scores[[2, 3, 0, 4]] == pytest.approx([-0.67449, -0.67449, 0.31864, 1.15035], abs=1e-5)
    assert np.isnan(scores[1])


def test_correlations_use_the_pairs_that_both_columns_show() -> None:
    columns = np.array([[1.0, 2.0], [2.0, np.nan], [3.0, 1.0], [5.0, 6.0]])
    correlations, pairs = pairwise_correlations(columns)
    both = columns[[0, 2, 3]]
    assert correlations[0, 1] == pytest.approx(np.corrcoef(both[:, 0], both[:, 1])[0, 1])
    assert pairs[0, 1] == 3


def test_a_column_that_does_not_vary_has_no_correlation() -> None:
    correlations, _ = pairwise_correlations(np.array([[1.0, 2.0], [1.0, 3.0]]))
    assert np.isnan(correlations[0, 1])


def test_all_variance_lies_between_clients_whose_rows_are_equal() -> None:
    assert share_between_groups(np.array([1.0, 1.0, 5.0, 5.0]), np.array([7.0, 7.0, 8.0, 8.0])) == 1.0


def test_the_share_between_clients_is_the_one_way_analysis_of_variance() -> None:
    values, groups = np.array([1.0, 3.0, 5.0, 7.0]), np.array([0.0, 0.0, 1.0, 1.0])
    assert share_between_groups(values, groups) == pytest.approx((16 - 2) / (16 + 2))

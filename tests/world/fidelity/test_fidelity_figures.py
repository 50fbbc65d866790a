import numpy as np
import pytest

from solvent.world.drawing.marginals import Coded
from solvent.world.fidelity.figures import (
    Comparison,
    Sample,
    compare_column,
    compare_share,
    largest,
    mean,
    no_comparisons,
    too_few_rows,
)

SAMPLE = Sample(np.array([0.0, 0.5, 1.0]), 1000.0)


def test_the_noise_of_a_share_is_its_mean_deviation_over_both_samples() -> None:
    one = compare_share("late", 0.55, 0.5, (100.0, 300.0))
    assert one.difference == pytest.approx(0.05)
    assert one.noise == pytest.approx(0.7979 * np.sqrt(0.25 * (1 / 100 + 1 / 300)), abs=1e-4)


def test_categories_are_compared_by_total_variation() -> None:
    compared = no_comparisons()
    column = Coded(np.array([0, 0, 0, 1]), ("A", "B"))
    compare_column(compared, "KIND", column, published={"missing": 0.0, "shares": {"A": 0.5, "C": 0.5}}, sample=SAMPLE)
    assert compared.variations[0].difference == pytest.approx(0.5)


def test_numbers_are_compared_by_distance_exact_values_and_missing_share() -> None:
    compared = no_comparisons()
    published = {"missing": 0.5, "quantiles": [1.0, 2.0, 3.0], "spikes": {"2": 0.6}}
    compare_column(compared, "N", np.array([1.0, 2.0, 3.0, np.nan]), published=published, sample=SAMPLE)
    assert compared.distances[0].difference == 0.0
    assert compared.exact_values[0].difference == pytest.approx(0.6 - 1 / 3)
    assert compared.missing[0].difference == pytest.approx(0.25)


def test_a_column_that_was_seen_in_fewer_than_200_real_rows_is_judged_by_its_missing_share_alone() -> None:
    compared = no_comparisons()
    published = {"missing": 0.9, "quantiles": [1.0, 2.0, 3.0]}
    compare_column(compared, "N", np.array([9.0, 9.0]), published=published, sample=SAMPLE)
    assert (len(compared.distances), len(compared.missing)) == (0, 1)


def test_rows_of_one_client_count_for_less() -> None:
    assert Sample(SAMPLE.levels, 1000.0, independent=0.1).known(500.0, 0.5) == (50.0, 50.0)


def test_a_figure_names_its_worst_comparisons_and_is_met_up_to_its_goal() -> None:
    comparisons = [Comparison("a", 0.01, 0.002), Comparison("b", 0.03, 0.004)]
    figure = largest("KS", comparisons, 0.03)
    assert figure is not None
    assert (figure.value, figure.noise, figure.is_met) == (0.03, 0.004, True)
    assert [one.name for one in figure.worst] == ["b", "a"]
    average = mean("MAE", comparisons, 0.019)
    assert average is not None
    assert (average.value, average.noise) == pytest.approx((0.02, 0.003))
    assert not average.is_met


def test_nothing_compared_is_no_figure() -> None:
    assert largest("KS", [], 0.02) is None
    assert mean("MAE", [], 0.02) is None


def test_a_group_of_too_few_rows_is_counted_and_not_judged() -> None:
    figure = largest("shares", [Comparison("a", 0.01, 0.002), too_few_rows("b")], 0.03)
    assert figure is not None
    assert (figure.compared, figure.left_out, [one.name for one in figure.worst]) == (1, 1, ["a"])
    assert largest("shares", [too_few_rows("b")], 0.03) is None

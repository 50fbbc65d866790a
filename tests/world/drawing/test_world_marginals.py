import numpy as np
import pytest

from solvent.world.drawing.marginals import (
    Coded,
    Marginal,
    Table,
    binary_marginal,
    numbers,
    texts,
    visible_deviation,
)
from solvent.world.drawing.normal import normal_cdf, normal_quantile

SPIKED = {"missing": 0.0, "integer": False, "p": [0.0, 0.5, 1.0], "x": [0.0, 0.0, 10.0]}
COLOURS = {"missing": 0.1, "values": ["red", "green", "blue"], "shares": [0.2, 0.5, 0.3]}


def test_quantile_and_distribution_function_undo_each_other() -> None:
    assert normal_cdf(normal_quantile([0.025, 0.5, 0.9])) == pytest.approx([0.025, 0.5, 0.9], abs=1e-12)


def test_a_spike_of_half_the_rows_is_drawn_for_every_latent_below_the_median() -> None:
    marginal = Marginal.from_facts(SPIKED)
    assert marginal.draw(np.array([-3.0, -0.1, 0.0])).tolist() == [0.0, 0.0, 0.0]
    assert marginal.draw(np.array([4.75 / 2])) == pytest.approx([5.0])


def test_categories_are_drawn_with_their_shares() -> None:
    latent = np.random.default_rng(1).standard_normal(20_000)
    drawn = Marginal.from_facts(COLOURS).texts(latent)
    shares = np.bincount(drawn.codes) / 20_000
    assert shares == pytest.approx([0.2, 0.5, 0.3], abs=0.01)


def test_integers_are_whole() -> None:
    marginal = Marginal.from_facts({"missing": 0.0, "integer": True, "p": [0.0, 1.0], "x": [-10.0, 10.0]})
    assert marginal.draw(np.array([0.3, 0.4])).tolist() == [1.0, 1.0]


def test_what_is_visible_of_a_flag_is_the_mean_of_its_side() -> None:
    visible = binary_marginal(0.5).visible(np.array([-2.0, 0.5]))
    assert visible == pytest.approx([-0.797885, 0.797885], abs=1e-6)


def test_a_flag_attenuates_correlations_as_the_facts_say() -> None:
    share = 0.0807
    expected = np.exp(-0.5 * normal_quantile(share) ** 2) / np.sqrt(2 * np.pi) / np.sqrt(share * (1 - share))
    assert visible_deviation(binary_marginal(share)) == pytest.approx(float(expected[0]), abs=1e-3)


def test_a_column_without_ties_is_wholly_visible() -> None:
    marginal = Marginal.from_facts({"missing": 0.0, "integer": False, "p": [0.0, 1.0], "x": [0.0, 1.0]})
    assert visible_deviation(marginal) == 1.0
    assert marginal.visible(np.array([0.3])).tolist() == [0.3]


def test_a_column_of_the_wrong_kind_is_refused() -> None:
    table: Table = {"A": np.array([1.0]), "B": Coded(np.array([0]), ("x",))}
    with pytest.raises(TypeError, match="A is a number column"):
        texts(table, "A")
    with pytest.raises(TypeError, match="B is a text column"):
        numbers(table, "B")

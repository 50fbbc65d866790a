import numpy as np
import pytest

from solvent.world.drawing.grouped import fit_grouped, raked_shares
from solvent.world.drawing.raking import rake


def test_raking_keeps_the_margin_and_the_odds_ratio_of_the_seed() -> None:
    shares = rake(np.array([[4.0, 1.0], [1.0, 1.0]]), np.array([1.0, 1.0]), np.array([0.5, 0.5]))
    assert shares == pytest.approx(np.array([[2 / 3, 1 / 3], [1 / 3, 2 / 3]]), abs=1e-5)


def test_what_a_group_never_shows_stays_away() -> None:
    shares = raked_shares(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 1]), np.array([0.7, 0.3]))
    assert shares == pytest.approx(np.array([[1.0, 0.0], [0.6, 0.4]]), abs=1e-5)


def test_shares_hold_inside_a_group_whose_latent_is_shifted() -> None:
    latent = np.random.default_rng(2).standard_normal(8000) + np.repeat([3.0, 0.0], 4000)
    groups = np.repeat([0, 1], 4000)
    column = fit_grouped(("low", "high"), np.array([[0.25, 0.75], [1.0, 0.0]]), latent, groups)
    drawn = column.texts(latent, groups)
    assert np.mean(drawn.codes[:4000] == 0) == pytest.approx(0.25, abs=0.001)
    assert set(drawn.codes[4000:]) == {0}
    assert drawn.labels == ("low", "high")


def test_a_group_without_clients_gets_the_cuts_of_a_standard_normal() -> None:
    column = fit_grouped((0, 7), np.array([[0.5, 0.5]]), np.zeros(0), np.zeros(0, dtype=np.int64))
    assert column.numbers(np.array([-0.1, 0.1]), np.array([0, 0])).tolist() == [0.0, 7.0]

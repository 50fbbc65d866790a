import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded
from solvent.world.drawing.rows import choose, choose_by, rank_within, round_randomly, rows_of, sum_within


def test_rows_know_their_owner_and_their_place() -> None:
    rows = rows_of(np.array([2, 0, 3]))
    assert rows.owner.tolist() == [0, 0, 2, 2, 2]
    assert rows.position.tolist() == [0, 1, 0, 1, 2]


def test_ranks_start_again_with_each_owner() -> None:
    rows = rows_of(np.array([2, 0, 3]))
    assert rank_within(rows, np.array([5.0, 1.0, 2.0, 9.0, 0.0])).tolist() == [1, 0, 1, 2, 0]


def test_sums_are_per_owner_and_zero_without_rows() -> None:
    rows = rows_of(np.array([2, 0, 1]))
    assert sum_within(rows, np.array([1.0, 2.0, 4.0])).tolist() == [3.0, 0.0, 4.0]


def test_rounding_keeps_the_mean() -> None:
    rounded = round_randomly(np.full(10_000, 1.3), Draws.stream(3))
    assert set(rounded.tolist()) == {1, 2}
    assert abs(rounded.mean() - 1.3) < 0.02


def test_the_share_of_missing_is_drawn_as_missing() -> None:
    drawn = choose({"a": 0.6, "__missing__": 0.4}, 10_000, Draws.stream(4))
    assert drawn.labels == ("a",)
    assert abs(np.mean(drawn.codes == -1) - 0.4) < 0.02


def test_a_group_draws_only_its_own_labels() -> None:
    group = Coded(np.array([0, 0, 1, 1, -1]), ("x", "y"))
    drawn = choose_by(group, {"x": {"a": 1.0}, "y": {"__missing__": 1.0}}, np.full(5, 0.5))
    assert drawn.labels == ("a",)
    assert drawn.codes.tolist() == [0, 0, -1, -1, -1]


def test_streams_of_one_path_repeat_and_of_two_paths_differ() -> None:
    assert Draws.stream(6, 1).uniform(3).tolist() == Draws.stream(6, 1).uniform(3).tolist()
    assert Draws.stream(6, 1).uniform(3).tolist() != Draws.stream(6, 2).uniform(3).tolist()

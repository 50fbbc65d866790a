import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.rows import rows_of
from solvent.world.loans.previous_habits import habits_of


def test_an_application_may_repeat_the_next_one_of_its_client_and_kind_only() -> None:
    rows = rows_of(np.array([3, 1]))
    habits = habits_of(rows, np.array([0, 1, 0, 0]), np.array([-5.0, -5.0, -5.0, -5.0]))
    sources = np.array([habits.sources(Draws.stream(1, number)) for number in range(200)])
    assert set(sources[:, 0]) == {0}
    assert set(sources[:, 1]) == {1}
    assert set(sources[:, 2]) == {0, 2}
    assert set(sources[:, 3]) == {3}


def test_most_applications_of_one_day_are_repetitions_and_none_after_two_years_is() -> None:
    rows = rows_of(np.full(5_000, 2))
    kind = np.zeros(10_000, dtype=np.int64)
    same_day = habits_of(rows, kind, np.tile([-10.0, -10.0], 5_000)).sources(Draws.stream(2))
    years = habits_of(rows, kind, np.tile([-10.0, -800.0], 5_000)).sources(Draws.stream(2))
    assert abs(np.mean(same_day[1::2] == np.arange(0, 10_000, 2)) - 0.9) < 0.02
    assert years.tolist() == list(range(10_000))


def test_repetitions_are_equal_and_the_usual_share_squared_of_the_rest_too() -> None:
    rows = rows_of(np.full(5_000, 2))
    habits = habits_of(rows, np.zeros(10_000, dtype=np.int64), np.tile([-10.0, -800.0], 5_000))
    repeated = habits.uniform(np.arange(10_000) // 2 * 2, 0.0, Draws.stream(3))
    usual = habits.normal(np.arange(10_000), 0.6, Draws.stream(3))
    assert (repeated[::2] == repeated[1::2]).all()
    assert abs(np.mean(usual[::2] == usual[1::2]) - 0.36) < 0.02
    assert abs(usual.std() - 1.0) < 0.03

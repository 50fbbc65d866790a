"""The policy: the cheapest threshold, and bands that follow from it."""

import numpy as np
import pytest

from solvent.domain.costs import CostMatrix
from solvent.training.measures import ScoredOutcomes
from solvent.training.threshold import choose_policy


def outcomes(probabilities: list[float], defaulted: list[float]) -> ScoredOutcomes:
    return ScoredOutcomes(np.array(probabilities), np.array(probabilities), np.array(defaulted))


def test_takes_the_cheapest_threshold_and_halves_it_for_the_bands() -> None:
    rows = outcomes([0.02, 0.06, 0.1, 0.3], [0.0, 0.0, 1.0, 0.0])
    choice = choose_policy(rows, costs=CostMatrix(), forbidden=frozenset({"CODE_GENDER"}))
    assert choice.policy.threshold == 0.1
    assert choice.policy.high_from == 0.1
    assert choice.policy.medium_from == 0.05
    assert choice.policy.forbidden_columns == {"CODE_GENDER"}
    assert choice.chosen_on_cost == 1.0


def test_costs_move_the_threshold() -> None:
    rows = outcomes([0.1, 0.2, 0.3, 0.4], [1.0, 0.0, 0.0, 1.0])
    cheap_misses = choose_policy(rows, costs=CostMatrix(1.5, 1.0), forbidden=frozenset())
    dear_misses = choose_policy(rows, costs=CostMatrix(10.0, 1.0), forbidden=frozenset())
    assert cheap_misses.policy.threshold == 0.4
    assert dear_misses.policy.threshold == 0.1
    assert dear_misses.policy.costs == CostMatrix(10.0, 1.0)


def test_where_nobody_is_refused_high_risk_begins_at_break_even() -> None:
    policy = choose_policy(outcomes([0.1, 0.2], [0.0, 0.0]), costs=CostMatrix(), forbidden=frozenset()).policy
    assert policy.threshold == 1.0
    assert policy.high_from == pytest.approx(1 / 11)
    assert policy.medium_from == pytest.approx(1 / 22)


def draw(rows: int, *, seed: int = 3) -> ScoredOutcomes:
    """Probabilities that are true."""
    generator = np.random.default_rng(seed)
    probabilities = 1 / (1 + np.exp(-generator.normal(-2.7, 1.0, rows)))
    return ScoredOutcomes(probabilities, probabilities, (generator.random(rows) < probabilities).astype(np.float64))


def test_the_cost_curve_is_the_cost_at_each_threshold() -> None:
    rows = outcomes([0.02, 0.06, 0.1, 0.1], [0.0, 0.0, 1.0, 0.0])
    curve = choose_policy(rows, costs=CostMatrix(), forbidden=frozenset()).curve
    assert [(point.threshold, point.cost_per_application) for point in curve] == [
        (0.02, 0.75),
        (0.06, 0.5),
        (0.1, 0.25),
        (1.0, 2.5),
    ]


def test_the_curve_has_its_lowest_point_at_the_threshold() -> None:
    choice = choose_policy(draw(5_000), costs=CostMatrix(), forbidden=frozenset())
    lowest = min(choice.curve, key=lambda point: point.cost_per_application)
    assert len(choice.curve) <= 101
    assert lowest.threshold == choice.policy.threshold
    assert lowest.cost_per_application == pytest.approx(choice.chosen_on_cost / 5_000)


def test_the_interval_of_the_threshold_narrows_around_break_even() -> None:
    few, many = (choose_policy(draw(rows), costs=CostMatrix(), forbidden=frozenset()) for rows in (500, 20_000))
    assert many.low < 1 / 11 < many.high
    assert many.high - many.low < 0.6 * (few.high - few.low)

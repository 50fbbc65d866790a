import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.domain.costs import CostMatrix
from solvent.domain.threshold import CostPoint, RiskBin, ThresholdChoice, choose_threshold, trace_costs


def test_chooses_the_cheapest_of_all_thresholds() -> None:
    probabilities = [0.02, 0.05, 0.10, 0.30]
    defaulted = [False, False, True, False]
    # At 0.10 one good payer (0.30) is refused and no bad one accepted.
    assert choose_threshold(probabilities, defaulted, CostMatrix()) == ThresholdChoice(0.10, 1.0)


def test_prefers_the_lower_threshold_on_a_tie() -> None:
    # Refusing from 0.4 and from 0.2 both cost 10: the first misses a default, the second refuses ten good payers.
    probabilities = [0.2] * 11 + [0.4]
    defaulted = [True] + [False] * 10 + [True]
    assert choose_threshold(probabilities, defaulted, CostMatrix()) == ThresholdChoice(0.2, 10.0)


def test_refuses_nobody_when_nobody_defaults() -> None:
    assert choose_threshold([0.1, 0.9], [False, False], CostMatrix()) == ThresholdChoice(1.0, 0.0)


def test_needs_rows() -> None:
    with pytest.raises(ValueError, match="no rows"):
        choose_threshold([], [], CostMatrix())


def cost_at(threshold: float, rows: list[tuple[float, bool]]) -> float:
    """The definition, row by row: refused at or above the threshold."""
    missed = sum(is_default and probability < threshold for probability, is_default in rows)
    wrongly = sum(not is_default and probability >= threshold for probability, is_default in rows)
    return 10.0 * missed + wrongly


@given(st.lists(st.tuples(st.sampled_from([0.01, 0.05, 0.1, 0.3, 0.7]), st.booleans()), min_size=1, max_size=60))
def test_no_other_threshold_costs_less(rows: list[tuple[float, bool]]) -> None:
    probabilities, defaulted = [p for p, _ in rows], [d for _, d in rows]
    chosen = choose_threshold(probabilities, defaulted, CostMatrix())
    assert chosen.cost == cost_at(chosen.threshold, rows)
    assert chosen.cost == min(cost_at(threshold, rows) for threshold in {*probabilities, 1.0})


def test_traces_what_each_edge_would_cost_as_a_threshold() -> None:
    bins = [RiskBin(0.0, 6.0, 0.0), RiskBin(0.1, 2.0, 1.0), RiskBin(0.5, 0.0, 1.0)]
    assert trace_costs(bins, CostMatrix(10.0, 1.0)) == (
        CostPoint(0.0, 0.0, None, 0.8),
        CostPoint(0.1, 0.6, 0.0, 0.2),
        CostPoint(0.5, 0.9, 1 / 9, 1.0),
        CostPoint(1.0, 1.0, 0.2, 2.0),
    )


def test_traces_no_costs_of_nobody() -> None:
    with pytest.raises(ValueError, match="no applications"):
        trace_costs([], CostMatrix())

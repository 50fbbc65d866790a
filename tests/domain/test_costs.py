import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.domain.costs import CostMatrix, count_errors, total_cost


def test_a_bad_payer_accepted_costs_ten_times_a_good_payer_refused() -> None:
    assert total_cost(CostMatrix(), false_negatives=3, false_positives=4) == 34.0


def test_breaks_even_at_one_in_eleven() -> None:
    assert CostMatrix().break_even_probability == pytest.approx(1 / 11)


@pytest.mark.parametrize("cost", [0.0, -1.0, float("nan"), float("inf")])
def test_refuses_a_cost_that_is_not_positive_and_finite(cost: float) -> None:
    with pytest.raises(ValueError, match="finite and positive"):
        CostMatrix(false_negative=cost)


def test_refuses_at_the_threshold_itself() -> None:
    probabilities = [0.1, 0.2, 0.2, 0.3]
    defaulted = [True, False, True, False]
    assert count_errors(probabilities, defaulted, threshold=0.2) == (1, 2)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1), st.floats(0, 1))
def test_counts_never_exceed_the_rows(rows: list[tuple[float, bool]], threshold: float) -> None:
    probabilities, defaulted = [p for p, _ in rows], [d for _, d in rows]
    false_negatives, false_positives = count_errors(probabilities, defaulted, threshold=threshold)
    assert false_negatives <= sum(defaulted)
    assert false_positives <= len(rows) - sum(defaulted)

import pytest

from evidence import describe_bound


@pytest.mark.parametrize(
    ("failures", "trials", "words"),
    [(0, 300, ", rate below 0.01 (95 %)"), (0, 3, ""), (1, 300, "")],
)
def test_no_failure_proves_a_rate_below_three_in_n(failures: int, trials: int, words: str) -> None:
    assert describe_bound(failures, trials) == words

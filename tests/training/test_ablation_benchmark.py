"""The ablation of learned features: nobody is described by what was learned from their own outcome."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from small_portfolio import make_portfolio

CLIENTS = np.arange(100, 400, dtype=np.int64)
TARGET = (np.arange(300) % 5 == 0).astype(np.float64)
Floats = npt.NDArray[np.float64]


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The learners of `benchmarks/`, which stand outside the package."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    return import_module("learned_features")


def histories(learned: ModuleType) -> Any:
    """Two rows for each client but the last ten; the second column is a category."""
    generator = np.random.default_rng(1)
    owners = np.repeat(CLIENTS[:-10], 2)
    return learned.Rows(owners, np.column_stack([generator.normal(size=580), generator.integers(3, size=580)]), (1,))


def applications(learned: ModuleType) -> Any:
    """Credit, annuity, their ratio and three external scores of each client."""
    generator = np.random.default_rng(2)
    return learned.Rows(CLIENTS, np.abs(generator.normal(size=(300, 6))) + 1.0, ())


class Remembered:
    """A learner that describes a client by its own outcome if it saw it, and by -1 otherwise."""

    names = ("own_outcome",)

    def fit(self, clients: npt.NDArray[np.int64], target: Floats) -> Callable[[npt.NDArray[np.int64]], Floats]:
        seen = dict(zip(clients.tolist(), target.tolist(), strict=True))
        return lambda others: np.array([[seen.get(client, -1.0)] for client in others.tolist()])


def test_a_learner_never_describes_whom_it_saw(learned: ModuleType) -> None:
    inside, outside = learned.describe_out_of_fold(Remembered(), CLIENTS, TARGET, others=CLIENTS + 1_000, seed=0)
    assert np.unique(inside).tolist() == [-1.0]
    assert outside.shape == (300, 1)


@pytest.mark.parametrize("kind", ["nested", "neighbours"])
def test_the_own_outcome_has_no_say_in_a_learned_feature(learned: ModuleType, kind: str) -> None:
    learner = (
        learned.NestedScore("bureau", histories(learned), seed=0)
        if kind == "nested"
        else learned.NeighbourRate(applications(learned))
    )
    flipped = TARGET.copy()
    flipped[7] = 1 - flipped[7]
    first, second = (
        learned.describe_out_of_fold(learner, CLIENTS, target, others=CLIENTS[:0], seed=0)[0]
        for target in (TARGET, flipped)
    )
    np.testing.assert_array_equal(first[7], second[7])
    assert (first != second).any()


def test_a_client_without_rows_has_no_nested_score(learned: ModuleType) -> None:
    described = learned.NestedScore("bureau", histories(learned), seed=0).fit(CLIENTS, TARGET)(CLIENTS)
    assert np.isnan(described[-10:]).all()
    assert not np.isnan(described[:-10]).any()


def test_the_rate_of_neighbours_is_that_of_the_nearest_twentieth(learned: ModuleType) -> None:
    """300 clients on a line: the 15 nearest to the first are the first 15, 3 of whom defaulted."""
    line = np.zeros((300, 6))
    line[:, 5] = np.arange(300)
    describe = learned.NeighbourRate(learned.Rows(CLIENTS, line, ())).fit(CLIENTS, TARGET)
    assert describe(CLIENTS[:1]).tolist() == [[pytest.approx(3 / 15)]]


def test_a_lone_default_is_not_among_its_own_neighbours(learned: ModuleType) -> None:
    """Fault 11 of much-copied feature code: neighbours were averaged in sample, and a missing score failed."""
    places = np.zeros((300, 6))
    places[:, 5] = np.arange(300)
    places[7, 3] = np.nan
    alone = np.zeros(300)
    alone[7] = 1.0
    neighbours = learned.NeighbourRate(learned.Rows(CLIENTS, places, ()))
    inside, _ = learned.describe_out_of_fold(neighbours, CLIENTS, alone, others=CLIENTS[:0], seed=0)
    assert inside[7].item() == 0.0
    assert neighbours.fit(CLIENTS, alone)(CLIENTS[7:8]).item() == pytest.approx(1 / 15)


def test_the_implied_interest_of_a_loan_that_is_paid_back_one_and_a_fifth_times(learned: ModuleType) -> None:
    """100 lent, 10 paid twelve times: interest 20; by year 24 x .2 / 13."""
    share, rate = learned.imply_interest(np.array([100.0]), np.array([10.0]), np.array([12.0]))
    assert (share.item(), rate.item()) == pytest.approx((0.2, 24 * 0.2 / 13))


def test_widened_rows_keep_their_features_and_gain_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    matrix = make_portfolio(50)
    wide = import_module("ablation").widen(matrix, np.ones((50, 2)))
    assert wide.program.names == (*matrix.program.names, "learned_0", "learned_1")
    np.testing.assert_array_equal(wide.values[:, :-2], matrix.values)
    assert wide.program.category_positions == matrix.program.category_positions

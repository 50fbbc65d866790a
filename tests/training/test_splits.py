"""Clients land in one part each, by their id alone."""

from dataclasses import fields

import numpy as np
import pytest
from small_portfolio import PROGRAM, make_portfolio

from solvent.features.matrix import FeatureMatrix
from solvent.training.splits import Splits, hash_clients, split_clients


def clients_of(splits: Splits) -> dict[str, set[int]]:
    return {field.name: set(getattr(splits, field.name).client_ids.tolist()) for field in fields(splits)}


def test_every_client_is_in_exactly_one_part() -> None:
    matrix = make_portfolio()
    parts = clients_of(split_clients(matrix, seed=1))
    assert sum(map(len, parts.values())) == 2_000
    assert set.union(*parts.values()) == set(matrix.client_ids.tolist())


def test_shares_hold_in_each_class() -> None:
    target = np.zeros(1_000, np.float32)
    target[:100] = 1.0
    matrix = FeatureMatrix(np.arange(1_000), np.zeros((1_000, 6), np.float32), target, PROGRAM)
    assert split_clients(matrix, seed=3).counts == {
        "fit": {"rows": 510, "defaults": 51},
        "stopping": {"rows": 90, "defaults": 9},
        "calibration": {"rows": 150, "defaults": 15},
        "threshold": {"rows": 100, "defaults": 10},
        "test": {"rows": 150, "defaults": 15},
    }


def test_the_order_of_rows_has_no_say() -> None:
    matrix = make_portfolio()
    shuffled = matrix.rows(np.random.default_rng(9).permutation(2_000))
    assert clients_of(split_clients(shuffled, seed=1)) == clients_of(split_clients(matrix, seed=1))


def test_another_seed_divides_otherwise() -> None:
    matrix = make_portfolio()
    assert clients_of(split_clients(matrix, seed=2)) != clients_of(split_clients(matrix, seed=1))


def test_rows_keep_their_values_and_targets() -> None:
    matrix = make_portfolio(200)
    part = split_clients(matrix, seed=1).test
    rows = np.searchsorted(matrix.client_ids, part.client_ids)
    np.testing.assert_array_equal(part.values, matrix.values[rows])
    np.testing.assert_array_equal(part.target, matrix.target[rows])


@pytest.mark.parametrize(("client", "first_output"), [(0, 0xE220A8397B1DCDAF), (1_234_567, 6_457_827_717_110_365_317)])
def test_the_hash_is_splitmix64(client: int, first_output: int) -> None:
    assert hash_clients(np.array([client]), seed=0).tolist() == [first_output]

"""Clients land in one part each, by their id alone."""

import numpy as np
import pytest
from small_portfolio import PROGRAM, make_portfolio

from solvent.features.matrix import FeatureMatrix
from solvent.training.splits import FOLDS, SHARES, Splits, hash_clients, split_clients


def clients_of(splits: Splits) -> dict[str, set[int]]:
    return {name: set(splits.rows(getattr(splits, name)).client_ids.tolist()) for name in SHARES}


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
        "fit": {"rows": 380, "defaults": 38},
        "stopping": {"rows": 70, "defaults": 7},
        "calibration": {"rows": 240, "defaults": 24},
        "threshold": {"rows": 160, "defaults": 16},
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
    splits = split_clients(matrix, seed=1)
    part = splits.rows(splits.test)
    rows = np.searchsorted(matrix.client_ids, part.client_ids)
    np.testing.assert_array_equal(part.values, matrix.values[rows])
    np.testing.assert_array_equal(part.target, matrix.target[rows])


def test_no_model_scores_a_client_that_it_grew_on() -> None:
    splits = split_clients(make_portfolio(), seed=1)
    never = set(splits.stopping.tolist()) | set(splits.test.tolist())
    for fold in range(FOLDS):
        grown, scored = (set(part.tolist()) for part in splits.fold_rows(fold))
        assert not grown & scored
        assert not (grown | scored) & never
        assert set(splits.fit.tolist()) < grown


def test_every_row_of_calibration_and_threshold_is_scored_once() -> None:
    splits = split_clients(make_portfolio(), seed=1)
    scored = np.concatenate([splits.fold_rows(fold)[1] for fold in range(FOLDS)])
    assert np.sort(scored).tolist() == sorted([*splits.calibration.tolist(), *splits.threshold.tolist()])
    assert splits.crossed.tolist() == np.sort(scored).tolist()


def test_the_served_model_grows_on_all_but_the_test_clients() -> None:
    splits = split_clients(make_portfolio(), seed=1)
    assert len(splits.grown) == 1_700
    assert not set(splits.grown.tolist()) & set(splits.test.tolist())


def test_folds_hold_each_class_alike() -> None:
    splits = split_clients(make_portfolio(), seed=1)
    defaults = [int(splits.matrix.target[splits.fold_rows(fold)[1]].sum()) for fold in range(FOLDS)]
    assert max(defaults) - min(defaults) <= 2


def test_fewer_features_leave_the_parts_as_they_are() -> None:
    splits = split_clients(make_portfolio(), seed=1)
    kept = splits.keep(("ext_source_2", "amt_credit"))
    assert kept.matrix.program.names == ("ext_source_2", "amt_credit")
    np.testing.assert_array_equal(kept.matrix.values, splits.matrix.values[:, [1, 3]])
    assert kept.test is splits.test


@pytest.mark.parametrize(("client", "first_output"), [(0, 0xE220A8397B1DCDAF), (1_234_567, 6_457_827_717_110_365_317)])
def test_the_hash_is_splitmix64(client: int, first_output: int) -> None:
    assert hash_clients(np.array([client]), seed=0).tolist() == [first_output]

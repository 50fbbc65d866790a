"""The tables give what LightGBM's own TreeSHAP gives."""

from functools import cache

import lightgbm
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.scoring.contributions import TreeContributions
from solvent.scoring.single_row import SingleRowBooster

Rows = npt.NDArray[np.float64]
FEATURES = 7
CATEGORY, ZEROS = 0, 1
"""Features whose values are codes of 40 categories, and mostly zeros."""


def draw_rows(random: np.random.Generator, count: int) -> Rows:
    rows = random.normal(size=(count, FEATURES))
    rows[:, CATEGORY] = random.integers(-1, 45, count)
    rows[random.random(count) < 0.6, ZEROS] = 0.0
    rows[random.random(rows.shape) < 0.15] = np.nan
    return rows


@cache
def grow(*, num_leaves: int, seed: int, missing: str = "nan") -> lightgbm.Booster:
    """Trees on a category, zeros and missing values; `missing` is what LightGBM takes for missing."""
    random = np.random.default_rng(seed)
    rows = draw_rows(random, 600)
    target = np.nan_to_num(rows[:, 2]) * np.nan_to_num(rows[:, 3]) + (rows[:, CATEGORY] % 3 == 1) + rows[:, ZEROS] > 0.4
    parameters = {
        "objective": "binary", "num_leaves": num_leaves, "min_data_in_leaf": 3, "verbosity": -1, "num_threads": 1,
        "seed": seed, "zero_as_missing": missing == "zero", "use_missing": missing != "none", "learning_rate": 0.3,
        "min_data_per_group": 5, "cat_smooth": 1.0,
    }  # fmt: skip
    data = lightgbm.Dataset(rows, target, categorical_feature=[CATEGORY])
    return lightgbm.train(parameters, data, num_boost_round=12)


def check_equal(booster: lightgbm.Booster, rows: Rows) -> None:
    """Within 1e-9 of the largest contribution of the row."""
    contributions = TreeContributions(booster.model_to_string(), features=FEATURES)
    expected = booster.predict(rows, pred_contrib=True, num_threads=1)[:, :-1]
    found = np.array([contributions.explain(row) for row in rows])
    assert (np.abs(found - expected) <= 1e-9 * np.abs(expected).max(axis=1, keepdims=True)).all()


@settings(max_examples=30, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 3),
    num_leaves=st.sampled_from([2, 7, 31]),
    missing=st.sampled_from(["nan", "zero", "none"]),
    rows=st.integers(0, 2**32 - 1),
)
def test_equals_lightgbm_on_categories_zeros_and_missing_values(
    seed: int, num_leaves: int, missing: str, rows: int
) -> None:
    check_equal(grow(num_leaves=num_leaves, seed=seed, missing=missing), draw_rows(np.random.default_rng(rows), 20))


def test_equals_lightgbm_at_the_thresholds_themselves() -> None:
    booster = grow(num_leaves=31, seed=1)
    tree = booster.trees_to_dataframe()
    thresholds = tree.loc[tree.decision_type == "<=", "threshold"].astype(float).to_numpy()
    rows = np.repeat(draw_rows(np.random.default_rng(5), 1), len(thresholds), axis=0)
    rows[:, 1:] = thresholds[:, None]
    check_equal(booster, rows)


def test_ways_of_more_than_eight_splits_are_among_the_trees() -> None:
    depths = grow(num_leaves=31, seed=1).trees_to_dataframe().node_depth
    assert depths.max() > 9 + 1


def test_a_model_without_a_split_has_no_contributions() -> None:
    rows = draw_rows(np.random.default_rng(0), 50)
    parameters = {"objective": "binary", "verbosity": -1, "min_data_in_leaf": 50}
    booster = lightgbm.train(parameters, lightgbm.Dataset(rows, np.arange(50) % 2), num_boost_round=2)
    contributions = TreeContributions(booster.model_to_string(), features=FEATURES)
    assert contributions.explain(rows[0]).tolist() == [0.0] * FEATURES


def test_refuses_trees_whose_leaves_are_linear() -> None:
    rows = np.random.default_rng(0).normal(size=(300, FEATURES))
    parameters = {"objective": "regression", "linear_tree": True, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(rows, rows[:, 0], params=parameters), num_boost_round=2)
    with pytest.raises(ValueError, match="linear leaves"):
        TreeContributions(booster.model_to_string(), features=FEATURES)


@pytest.mark.slow
def test_refuses_a_model_whose_tables_would_be_too_large() -> None:
    text = grow(num_leaves=31, seed=1).model_to_string()
    head, separator, trees = text.partition("\nTree=")
    trees = trees.partition("end of trees")[0].rstrip()
    with pytest.raises(ValueError, match="too large"):
        TreeContributions(head + (separator + trees) * 200, features=FEATURES)


@pytest.mark.parametrize("missing", ["nan", "zero", "none"])
def test_a_single_row_gets_the_bits_of_predict(missing: str) -> None:
    booster = grow(num_leaves=31, seed=2, missing=missing)
    rows = draw_rows(np.random.default_rng(9), 200)
    single = SingleRowBooster(booster)
    assert [single.score(row) for row in rows] == booster.predict(rows, raw_score=True, num_threads=1).tolist()


@pytest.mark.parametrize(
    "row", [np.zeros(FEATURES + 1), np.zeros(FEATURES, dtype=np.float32), np.zeros(2 * FEATURES)[::2]]
)
def test_a_row_of_another_form_is_refused_instead_of_read_beyond_its_end(row: Rows) -> None:
    with pytest.raises(ValueError, match="a row is 7 contiguous float64"):
        SingleRowBooster(grow(num_leaves=7, seed=0)).score(row)

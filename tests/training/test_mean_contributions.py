"""Contributions add up to the score, and the feature that decides most stands first."""

import lightgbm
import numpy as np
import pytest
from small_portfolio import make_portfolio

from solvent.training.contributions import explain_rows


def test_contributions_and_base_add_up_to_the_score() -> None:
    matrix = make_portfolio(2_000)
    rows = lightgbm.Dataset(matrix.values, matrix.target)
    booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, rows, num_boost_round=20)
    explained = explain_rows(booster.model_to_string(), matrix, seed=0, limit=50)
    assert explained.values.shape == explained.contributions.shape == (50, 6)
    base = booster.predict(explained.values, raw_score=True) - explained.contributions.sum(axis=1)
    assert base == pytest.approx(np.full(50, base[0]))
    assert explained.names[explained.strongest(1)[0]] == "ext_source_2"

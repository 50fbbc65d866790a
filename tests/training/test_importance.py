"""Ranking of features by gain."""

import numpy as np

from solvent.training.importance import Importance, rank_features


def test_shares_sum_to_one_and_descend_with_ties_in_program_order() -> None:
    assert rank_features(("a", "b", "c", "d"), np.array([1.0, 6.0, 0.0, 1.0])) == (
        Importance("b", 0.75),
        Importance("a", 0.125),
        Importance("d", 0.125),
        Importance("c", 0.0),
    )


def test_a_model_without_splits_rests_on_nothing() -> None:
    assert rank_features(("a", "b"), np.zeros(2)) == (Importance("a", 0.0), Importance("b", 0.0))

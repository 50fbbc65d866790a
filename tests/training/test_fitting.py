"""The booster: refused before it is fitted, the same twice, and scored as its text says."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from small_portfolio import DECLARATIONS, PROGRAM, QUICK, make_portfolio

from solvent.errors import ForbiddenFeatureError, TrainingError
from solvent.features.compilation import compile_features
from solvent.features.language import feature, table
from solvent.features.matrix import FeatureMatrix
from solvent.training.fitting import BoosterLearner, FittedModel, check_trainable
from solvent.training.splits import split_clients

FORBIDDEN = frozenset({"CODE_GENDER", "NAME_FAMILY_STATUS", "CNT_FAM_MEMBERS", "NAME_TYPE_SUITE"})


def fit(*, seed: int = 0) -> FittedModel:
    splits = split_clients(make_portfolio(4_000), seed=0)
    return BoosterLearner(QUICK, seed).fit(splits.rows(splits.fit), splits.rows(splits.stopping))


def with_target(target: list[float]) -> FeatureMatrix:
    rows = len(target)
    return FeatureMatrix(np.arange(rows), np.zeros((rows, 6), np.float32), np.array(target, np.float32), PROGRAM)


def test_the_same_seed_gives_the_same_text() -> None:
    assert fit().text == fit().text


def test_another_seed_gives_another_text() -> None:
    assert fit(seed=1).text != fit(seed=2).text


def test_growth_stops_where_the_stopping_rows_are_fitted_best() -> None:
    model = fit()
    trees = model.text.count("\nTree=")
    assert trees == model.rounds
    assert 10 < trees < 120


def test_gains_point_at_the_features_that_matter() -> None:
    gains = fit().gains
    assert PROGRAM.names[int(gains.argmax())] == "ext_source_2"
    assert gains[[2, 3, 4]].max() < gains[[0, 1, 5]].min()


def test_scores_are_the_raw_margins_of_the_text() -> None:
    model, matrix = fit(), make_portfolio(50, seed=6)
    booster = lightgbm.Booster(model_str=model.text)
    probabilities = booster.predict(matrix.values)
    np.testing.assert_allclose(1 / (1 + np.exp(-model.score(matrix))), probabilities, rtol=1e-12)


def test_categories_are_split_as_sets() -> None:
    assert "feature_infos=" in fit().text
    infos = next(line for line in fit().text.splitlines() if line.startswith("feature_infos=")).split()
    assert set(infos[5].split(":")) >= {"0", "1"}
    assert "num_cat=1" in fit().text


def test_refitting_grows_as_many_trees_as_the_folds_at_their_median() -> None:
    matrix = make_portfolio()
    folds = [replace(fit(), rounds=rounds) for rounds in (9, 30, 14)]
    model = BoosterLearner(QUICK, 0).refit(matrix, folds)
    assert (model.rounds, model.text.count("\nTree=")) == (14, 14)


def test_a_direction_holds_whatever_the_rows_say() -> None:
    matrix = make_portfolio()
    learner = BoosterLearner(QUICK, 0, directions=(-1, 0, 0, 0, 0, 0))
    rising = np.repeat(matrix.values[:1], 200, axis=0)
    rising[:, 0] = np.linspace(-3, 3, 200)
    probe = FeatureMatrix(np.arange(200), rising, np.zeros(200, np.float32), PROGRAM)
    free = BoosterLearner(QUICK, 0).refit(matrix, [fit()]).score(probe)
    bound = learner.refit(matrix, [fit()]).score(probe)
    assert np.diff(free).max() > 0
    assert np.diff(bound).max() <= 0


def test_tells_how_far_the_trees_have_grown() -> None:
    told: list[tuple[str, float]] = []
    splits = split_clients(make_portfolio(), seed=0)
    BoosterLearner(QUICK, 0).fit(
        splits.rows(splits.fit), splits.rows(splits.stopping), progress=lambda what, share: told.append((what, share))
    )
    assert told[:2] == [("growing trees", 0.0), ("growing trees", pytest.approx(20 / 120))]


def test_accepts_rows_that_can_be_learnt_from() -> None:
    check_trainable(make_portfolio(), forbidden=FORBIDDEN)


@pytest.mark.parametrize("column", ["CODE_GENDER", "NAME_FAMILY_STATUS", "CNT_FAM_MEMBERS", "NAME_TYPE_SUITE"])
def test_refuses_a_feature_that_reads_a_forbidden_column(column: str) -> None:
    person = feature("person", table("application").column(column), unit="", meaning="a person", reason="PROFILE")
    matrix = replace(make_portfolio(10), program=compile_features([*DECLARATIONS, person]))
    with pytest.raises(ForbiddenFeatureError, match=rf"feature person reads .* application\.{column}:"):
        check_trainable(matrix, forbidden=FORBIDDEN)


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ([1.0] * 49 + [0.0] * 900, "TARGET is 1 in 49 applications: add applications until at least 50 defaulted"),
        ([0.0] * 900, "TARGET is 1 in 0 applications"),
        ([], "no application has a TARGET"),
        ([1.0] * 900, "TARGET is 1 in every labelled application"),
        ([1.0] * 60 + [0.0] * 60 + [2.0], "something else than 0 and 1"),
    ],
)
def test_refuses_rows_that_cannot_be_learnt_from(target: list[float], fault: str) -> None:
    with pytest.raises(TrainingError, match=fault):
        check_trainable(with_target(target), forbidden=FORBIDDEN)


def test_fifty_defaults_are_enough() -> None:
    check_trainable(with_target([1.0] * 50 + [0.0] * 900), forbidden=FORBIDDEN)

"""The search: seeded, never below where it started, within its budget."""

from dataclasses import replace

import pytest
from small_portfolio import QUICK, make_portfolio

from solvent.training.comparison import SearchBudget
from solvent.training.fitting import BoosterLearner
from solvent.training.search import search_settings
from solvent.training.splits import split_clients

pytestmark = pytest.mark.slow

SPLITS = split_clients(make_portfolio(), seed=0)
LEARNER = BoosterLearner(replace(QUICK, max_rounds=30), seed=5)


def test_the_same_seed_finds_the_same_settings() -> None:
    first, again = (search_settings(SPLITS, LEARNER, SearchBudget(trials=4)) for _ in range(2))
    assert first == again
    assert first[1].seed == 5


def test_it_never_ends_below_the_settings_that_it_began_with() -> None:
    settings, report = search_settings(SPLITS, LEARNER, SearchBudget(trials=5))
    assert report.trials == 5
    assert report.best_log_loss == min(report.log_losses) <= report.log_losses[0]
    assert report.best["num_leaves"] == settings.num_leaves
    assert report.best["lambda_l2"] == settings.lambda_l2
    assert settings.learning_rate == QUICK.learning_rate


def test_no_trial_begins_when_the_time_is_over() -> None:
    _, report = search_settings(SPLITS, LEARNER, SearchBudget(trials=50, seconds=0.0))
    assert report.trials < 3

"""Searches learner settings with Optuna, on rows that nothing is calibrated or measured on."""

import logging
from dataclasses import replace

import numpy as np
import optuna

from solvent.domain.progress import Progress, silent
from solvent.training.comparison import SearchBudget, SearchReport
from solvent.training.fitting import BoosterLearner, LearnerSettings
from solvent.training.measures import log_losses
from solvent.training.splits import Splits


def search_settings(
    splits: Splits, learner: BoosterLearner, budget: SearchBudget, *, progress: Progress = silent
) -> tuple[LearnerSettings, SearchReport]:
    """Try settings: trees grow on the fit rows and stop on the stopping rows, whose log loss judges them.

    The settings that the learner comes with are tried first, so the search never ends below them. Sampler: TPE
    (Bergstra et al. 2011), seeded.
    """
    optuna.logging.set_verbosity(logging.ERROR)
    judge = _Judge(splits, learner)
    losses, best = [judge(learner.settings)], learner.settings

    def try_settings(trial: optuna.Trial) -> float:
        nonlocal best
        progress("searching settings", len(losses) / budget.trials)
        settings = _suggest(trial, learner.settings)
        loss = judge(settings)
        best = settings if loss < min(losses) else best
        losses.append(loss)
        return loss

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=learner.seed))
    study.optimize(try_settings, n_trials=budget.trials - 1, timeout=budget.seconds)
    found = {name: getattr(best, name) for name in _SPACE}
    return best, SearchReport(learner.seed, len(losses), found, min(losses), tuple(losses))


class _Judge:
    """Log loss on the stopping rows of a booster with given settings."""

    def __init__(self, splits: Splits, learner: BoosterLearner) -> None:
        self._learner = learner
        self._fit, self._stopping = splits.rows(splits.fit), splits.rows(splits.stopping)
        self._defaulted = self._stopping.target.astype(np.float64)

    def __call__(self, settings: LearnerSettings) -> float:
        scores = replace(self._learner, settings=settings).fit(self._fit, self._stopping).score(self._stopping)
        return float(log_losses(1.0 / (1.0 + np.exp(-scores)), self._defaulted).mean())


_SPACE = ("num_leaves", "feature_fraction", "lambda_l2", "min_data_in_leaf", "cat_smooth")


def _suggest(trial: optuna.Trial, settings: LearnerSettings) -> LearnerSettings:
    return replace(
        settings,
        num_leaves=trial.suggest_int("num_leaves", 4, 64, log=True),
        feature_fraction=trial.suggest_float("feature_fraction", 0.03, 0.3, log=True),
        lambda_l2=trial.suggest_float("lambda_l2", 5.0, 200.0, log=True),
        min_data_in_leaf=trial.suggest_int("min_data_in_leaf", 20, 500, log=True),
        cat_smooth=trial.suggest_float("cat_smooth", 10.0, 300.0, log=True),
    )

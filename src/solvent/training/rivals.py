"""Sets the champion beside other models of the same clients: other ways to the same end, and fewer kinds of features.

Every model goes the same way: the same parts, fitted across the same folds, its own curve and threshold, judged on the
same test rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from solvent.bundle.calibration import Calibration, CalibrationMethod
from solvent.domain.progress import Progress, silent
from solvent.features.program import Feature
from solvent.training.comparison import ComparedModel, Comparisons
from solvent.training.cross_fitting import Learner
from solvent.training.delong import compare_aucs
from solvent.training.development import DevelopmentRules, develop
from solvent.training.evaluation import evaluate
from solvent.training.fitting import BoosterLearner, LearnerSettings
from solvent.training.linear_rivals import LogisticLearner
from solvent.training.measures import ScoredOutcomes
from solvent.training.monotone import find_directions
from solvent.training.scorecard import ScorecardLearner
from solvent.training.splits import Splits
from solvent.training.threshold import PolicyChoice, choose_policy

PLAIN = LearnerSettings(
    learning_rate=0.1,
    num_leaves=31,
    feature_fraction=1.0,
    bagging_fraction=1.0,
    bagging_freq=0,
    lambda_l2=0.0,
    min_data_in_leaf=20,
    cat_smooth=10.0,
)
"""LightGBM's own defaults, with early stopping."""
SCORECARD_CANDIDATES = 40
PROXIES = (
    "OCCUPATION_TYPE",
    "ORGANIZATION_TYPE",
    "NAME_INCOME_TYPE",
    "NAME_HOUSING_TYPE",
    "CNT_CHILDREN",
    "OWN_CAR_AGE",
    "FLAG_OWN_CAR",
    "REGION_POPULATION_RELATIVE",
    "REGION_RATING_CLIENT",
    "REGION_RATING_CLIENT_W_CITY",
)
"""Columns from which sex (occupation, employer, maternity leave, children, car), family or origin (housing, region) can
be told in part; the forbidden columns and what states them in other words are in no model anyway."""


@dataclass(frozen=True)
class Champion:
    """What the others are set beside: the model's learner, its parts with the selected features, and its test rows.

    `everything`: the same parts with all features of the catalogue. `ranked`: features, the most important first.
    """

    learner: BoosterLearner
    splits: Splits
    everything: Splits
    rules: DevelopmentRules
    chosen: PolicyChoice
    outcomes: ScoredOutcomes
    ranked: tuple[str, ...]

    def compare(
        self, name: str, description: str, features: int, chosen: PolicyChoice, outcomes: ScoredOutcomes
    ) -> ComparedModel:
        """Measure a model on the test rows, beside the champion."""
        figures = evaluate(outcomes, chosen.policy, seed=self.rules.seed)
        return ComparedModel(
            name=name,
            description=description,
            features=features,
            threshold=chosen.policy.threshold,
            auc=figures.auc,
            auc_difference=compare_aucs(self.outcomes.scores, outcomes.scores, outcomes.defaulted),
            log_loss=figures.log_loss,
            brier=figures.brier,
            calibration_error=figures.calibration_error,
            cost_per_application=figures.at_threshold.cost_per_application,
        )

    def develop(
        self, name: str, description: str, learner: Learner[Any], splits: Splits, *, progress: Progress
    ) -> ComparedModel:
        """Develop a model and measure it."""
        developed = develop(learner, splits, self.rules, progress=_name(progress, name))
        outcomes = developed.apply(splits.rows(splits.test))
        return self.compare(name, description, len(splits.matrix.program.features), developed.chosen, outcomes)

    def itself(self, name: str, description: str) -> ComparedModel:
        """The champion as the first row of a table."""
        return self.compare(name, description, len(self.splits.matrix.program.features), self.chosen, self.outcomes)


def compare_models(champion: Champion, *, progress: Progress = silent) -> Comparisons:
    """Set a model beside its rivals and on its ladder; takes several times as long as the model itself."""
    return Comparisons(
        rivals=compare_rivals(champion, progress=progress), ladder=climb_down(champion, progress=progress)
    )


def compare_rivals(champion: Champion, *, progress: Progress = silent) -> tuple[ComparedModel, ...]:
    """Other ways to the same end, on the same clients."""
    free = replace(champion.learner, directions=())
    plain = BoosterLearner(replace(PLAIN, num_threads=free.settings.num_threads), free.seed)
    card = ScorecardLearner(champion.ranked[:SCORECARD_CANDIDATES])
    rows: list[tuple[str, str, Learner[Any], Splits]] = [
        ("free", "the champion without directions", free, champion.splits),
        ("plain", "LightGBM as it comes, on the whole catalogue", plain, champion.everything),
        ("scorecard", "weights of evidence and points, of the 40 most important features", card, champion.splits),
        ("logistic", "logistic regression on the selected features", LogisticLearner(), champion.splits),
    ]
    return (
        champion.itself("champion", "selected features, directions, tuned LightGBM"),
        *(champion.develop(name, text, learner, splits, progress=progress) for name, text, learner, splits in rows),
        _judge_constant(champion),
    )


def climb_down(champion: Champion, *, progress: Progress = silent) -> tuple[ComparedModel, ...]:
    """The champion with ever fewer kinds of features, each step without what the steps before left out."""
    rows = [champion.itself("full", "all selected features")]
    for name, description, left in _rungs(champion.splits.matrix.program.features):
        splits = champion.splits.keep(tuple(feature.name for feature in left))
        learner = replace(champion.learner, directions=find_directions(splits.matrix.program))
        rows.append(champion.develop(name, description, learner, splits, progress=progress))
    return tuple(rows)


def _rungs(features: tuple[Feature, ...]) -> Iterator[tuple[str, str, tuple[Feature, ...]]]:
    left = tuple(feature for feature in features if "application.DAYS_BIRTH" not in feature.sources)
    yield "without age", "nothing that reads the date of birth", left
    proxies = {f"application.{column}" for column in PROXIES}
    left = tuple(feature for feature in left if not proxies.intersection(feature.sources))
    yield "without proxies", "nor columns that tell sex, family or origin in part", left
    left = tuple(feature for feature in left if all(source.startswith("application.") for source in feature.sources))
    yield "application only", "nor any history", left


def _judge_constant(champion: Champion) -> ComparedModel:
    """One probability for everybody: the default rate of the rows that models grow on."""
    splits = champion.everything
    rate = float(splits.matrix.target[splits.grown].mean())
    curve = Calibration(CalibrationMethod.PLATT, slope=1.0, intercept=float(np.log(rate / (1 - rate))))
    held, test = (_score_alike(splits, part, curve) for part in (splits.threshold, splits.test))
    chosen = choose_policy(held, costs=champion.rules.costs, forbidden=champion.rules.forbidden)
    return champion.compare("constant", "the default rate for everybody", 0, chosen, test)


def _score_alike(splits: Splits, part: npt.NDArray[np.intp], curve: Calibration) -> ScoredOutcomes:
    scores = np.zeros(len(part))
    return ScoredOutcomes(scores, curve.apply_many(scores), splits.matrix.target[part].astype(np.float64))


def _name(progress: Progress, name: str) -> Progress:
    return lambda what, share: progress(f"{name}: {what}", share)

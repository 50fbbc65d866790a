"""Models side by side on the same test rows: rivals, ladder and ablation are such tables."""

from collections.abc import Mapping
from dataclasses import dataclass

from solvent.training.intervals import Estimate


@dataclass(frozen=True, slots=True)
class ComparedModel:
    """A row of a table of models, measured on the test split.

    `auc_difference`: its AUC less that of the table's first row, with the interval of a paired bootstrap.
    `cost_per_application` is that at its own `threshold`, chosen on rows that no part of it was fitted on.
    """

    name: str
    description: str
    features: int
    threshold: float
    auc: Estimate
    auc_difference: Estimate
    log_loss: Estimate
    brier: Estimate
    calibration_error: Estimate
    cost_per_application: Estimate


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Tables of models; the champion is the first row of each, a table that was not asked for is empty.

    `rivals`: other ways to the same end. `ladder`: the champion with ever fewer kinds of features. `ablation`: the
    champion without one learned feature each.
    """

    rivals: tuple[ComparedModel, ...] = ()
    ladder: tuple[ComparedModel, ...] = ()
    ablation: tuple[ComparedModel, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectionStep:
    """What a step of the selection took away: the names, in catalogue order, and how many features it left."""

    name: str
    rule: str
    left: int
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SelectionReport:
    """The steps that lead from the catalogue to the model's features, in their order."""

    catalogue: int
    steps: tuple[SelectionStep, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchBudget:
    """How long to search: trials, and seconds after which no further trial begins (None: no limit).

    Only the number of trials decides when no seconds are given; only then the same seed gives the same settings.
    """

    trials: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class SearchReport:
    """A search for learner settings: seed, trials done, seconds allowed, and the settings and log loss of the best.

    `log_losses`: of every trial in their order, measured on the stopping split.
    """

    seed: int
    trials: int
    best: Mapping[str, float | int]
    best_log_loss: float
    log_losses: tuple[float, ...]

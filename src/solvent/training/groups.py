"""Figures of groups of applicants: what a policy does to each, with intervals and a least size."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvent.domain.costs import CostMatrix
from solvent.domain.policy import Policy
from solvent.training.applicants import SEGMENTS, UNKNOWN, Applicants, Labels
from solvent.training.delong import measure_auc
from solvent.training.intervals import Estimate, estimate, estimate_normal
from solvent.training.measures import ScoredOutcomes, divide

FEWEST_ROWS = 100
FEWEST_DEFAULTS = 20
"""Below either a rate of the group is noise: at 20 defaults its own standard error is a fifth of it."""
RESAMPLES = 500

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """What happens to one group.

    `calibration_gap`: mean probability less default rate. `good_payers_approved`: share of those who repay that is
    approved, which equal opportunity compares (Hardt, Price and Srebro 2016). `recall`: share of defaults refused.
    """

    default_rate: Estimate
    auc: Estimate
    calibration_gap: Estimate
    approval_rate: Estimate
    good_payers_approved: Estimate
    recall: Estimate
    cost_per_application: Estimate


@dataclass(frozen=True, slots=True)
class Group:
    """A group by one trait; `figures` is None with fewer than `FEWEST_ROWS` rows or `FEWEST_DEFAULTS` defaults."""

    trait: str
    label: str
    rows: int
    defaults: int
    figures: GroupFigures | None


@dataclass(frozen=True)
class DecidedCounts:
    """Rows of a group by outcome and decision: the first of each is that of the rows, the others those of resamples.

    A bootstrap of rows changes nothing but these four counts, so they are drawn from the multinomial that it follows.
    """

    bad_refused: Floats
    bad_approved: Floats
    good_refused: Floats
    good_approved: Floats

    @property
    def approval_rate(self) -> Floats:
        """Share of the rows."""
        rows = self.bad_refused + self.bad_approved + self.good_refused + self.good_approved
        return divide(self.bad_approved + self.good_approved, rows)

    @property
    def good_payers_approved(self) -> Floats:
        """Share of the good payers."""
        return divide(self.good_approved, self.good_approved + self.good_refused)


def count_decisions(outcomes: ScoredOutcomes, threshold: float, *, seed: int) -> DecidedCounts:
    """Count a group's rows, and those of its resamples."""
    bad, refused = outcomes.defaulted > 0, outcomes.probabilities >= threshold
    cells = np.array([(bad & refused).sum(), (bad & ~refused).sum(), (~bad & refused).sum(), (~bad & ~refused).sum()])
    drawn = np.random.default_rng(seed).multinomial(len(outcomes), cells / len(outcomes), size=RESAMPLES)
    return DecidedCounts(*np.vstack([cells, drawn]).astype(np.float64).T)


def measure_segments(
    outcomes: ScoredOutcomes, applicants: Applicants, policy: Policy, *, seed: int
) -> tuple[Group, ...]:
    """Measure the groups of every trait in `SEGMENTS`."""
    return tuple(
        group
        for trait in SEGMENTS
        for group in measure_groups(outcomes, applicants.labels[trait], policy, trait=trait, seed=seed)
    )


def measure_groups(
    outcomes: ScoredOutcomes, labels: Labels, policy: Policy, *, trait: str, seed: int
) -> tuple[Group, ...]:
    """Measure each group that a trait makes, in the order of its labels; rows without a label belong to none."""
    return tuple(
        _measure(part, policy, trait=trait, label=label, seed=seed) for label, part in divide_rows(outcomes, labels)
    )


def divide_rows(outcomes: ScoredOutcomes, labels: Labels) -> Iterator[tuple[str, ScoredOutcomes]]:
    """Yield each label with its rows, in the order of the labels."""
    for label in np.unique(labels[labels != UNKNOWN]):
        yield str(label), outcomes.take(labels == label)


def is_large_enough(outcomes: ScoredOutcomes) -> bool:
    """Whether a group has rows and defaults enough for figures."""
    return len(outcomes) >= FEWEST_ROWS and outcomes.defaulted.sum() >= FEWEST_DEFAULTS


def _measure(outcomes: ScoredOutcomes, policy: Policy, *, trait: str, label: str, seed: int) -> Group:
    figures = _figures(outcomes, policy, seed) if is_large_enough(outcomes) else None
    return Group(trait, label, len(outcomes), int(outcomes.defaulted.sum()), figures)


def _figures(outcomes: ScoredOutcomes, policy: Policy, seed: int) -> GroupFigures:
    counts = count_decisions(outcomes, policy.threshold, seed=seed)
    bad = counts.bad_refused + counts.bad_approved
    return GroupFigures(
        default_rate=estimate(bad / len(outcomes)),
        auc=measure_auc(outcomes.scores, outcomes.defaulted),
        calibration_gap=measure_calibration_gap(outcomes),
        approval_rate=estimate(counts.approval_rate),
        good_payers_approved=estimate(counts.good_payers_approved),
        recall=estimate(divide(counts.bad_refused, bad)),
        cost_per_application=estimate(_cost(counts, policy.costs) / len(outcomes)),
    )


def measure_calibration_gap(outcomes: ScoredOutcomes) -> Estimate:
    """Mean probability less default rate, with the normal interval of a mean."""
    gaps = outcomes.probabilities - outcomes.defaulted
    error = float(gaps.std(ddof=1) / np.sqrt(len(gaps))) if len(gaps) > 1 else np.nan
    return estimate_normal(float(gaps.mean()), error, lowest=-1.0, highest=1.0)


def _cost(counts: DecidedCounts, costs: CostMatrix) -> Floats:
    return costs.false_negative * counts.bad_approved + costs.false_positive * counts.good_refused

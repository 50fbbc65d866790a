"""Judges a model on rows that nothing was fitted or chosen on, each figure with its interval."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from solvent.domain.costs import CostMatrix
from solvent.domain.policy import Policy
from solvent.training.calibration_error import measure_luck
from solvent.training.delong import measure_auc
from solvent.training.intervals import Estimate, estimate, estimate_distance
from solvent.training.measures import (
    ScoredOutcomes,
    bin_by_mass,
    divide,
    draw_weights,
    log_losses,
    measure_separation,
    weigh,
)

RESAMPLES = 500
NAIVE_THRESHOLD = 0.5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DecisionFigures:
    """What refusing at or above a threshold does; a positive is a default.

    `cost` is in units of one good payer refused, for all rows; `cost_per_application` is its mean.
    """

    threshold: float
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int
    recall: Estimate
    precision: Estimate
    f1: Estimate
    approval_rate: Estimate
    cost: Estimate
    cost_per_application: Estimate


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Rows of similar probability: what was said, and what happened."""

    rows: int
    mean_probability: float
    default_rate: float


@dataclass(frozen=True, slots=True)
class BrierParts:
    """The Brier score taken apart over the reliability bins: reliability - resolution + uncertainty + within_bins.

    The first three are Murphy's (1973); they add up to the score only where all rows of a bin share a probability.
    `within_bins` is the rest: variance less twice the covariance with the outcome inside the bins (Stephenson, Coelho
    and Jolliffe 2008).
    """

    reliability: Estimate
    resolution: Estimate
    uncertainty: Estimate
    within_bins: Estimate


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one split.

    `auc` and `gini` (2 AUC - 1) are those of the raw score, with DeLong's interval; every other interval is a
    bootstrap. `ks` and `pr_auc`: see `measure_separation`. `calibration_error` (ECE) is the mean distance between
    probability and default rate over 10 bins of equal mass (Naeini et al. 2015), less what the luck of the draw adds to
    it (`LuckOfTheDraw`); `plain_calibration_error` is the one with it, `calibration_error_floor` what true
    probabilities would show of the plain one on average.
    """

    rows: int
    defaults: int
    default_rate: Estimate
    auc: Estimate
    gini: Estimate
    ks: Estimate
    pr_auc: Estimate
    brier: Estimate
    brier_parts: BrierParts
    log_loss: Estimate
    calibration_error: Estimate
    plain_calibration_error: float
    calibration_error_floor: float
    at_threshold: DecisionFigures
    at_half: DecisionFigures
    reliability: tuple[ReliabilityBin, ...]


def evaluate(outcomes: ScoredOutcomes, policy: Policy, *, seed: int, resamples: int = RESAMPLES) -> Evaluation:
    """Measure a split; the seed decides the resamples."""
    sums = _resample(outcomes.ranked(), (policy.threshold, NAIVE_THRESHOLD), resamples=resamples, seed=seed)
    rows = float(len(outcomes))
    auc = measure_auc(outcomes.scores, outcomes.defaulted)
    luck = measure_luck(outcomes.probabilities)
    plain = estimate_distance(sums.in_bins.calibration_error)
    decide = partial(_decide, costs=policy.costs, rows=rows, defaults=sums.defaults)
    return Evaluation(
        rows=len(outcomes),
        defaults=int(sums.defaults[0]),
        default_rate=estimate(sums.defaults / rows),
        auc=auc,
        gini=Estimate(2 * auc.value - 1, 2 * auc.low - 1, 2 * auc.high - 1),
        ks=estimate(sums.ks),
        pr_auc=estimate(sums.pr_auc),
        brier=estimate(sums.squared_errors / rows),
        brier_parts=_take_apart(sums.in_bins, sums.squared_errors / rows),
        log_loss=estimate(sums.log_losses / rows),
        calibration_error=luck.correct_estimate(plain),
        plain_calibration_error=plain.value,
        calibration_error_floor=luck.floor,
        at_threshold=decide(policy.threshold, refused=sums.refused[:2]),
        at_half=decide(NAIVE_THRESHOLD, refused=sums.refused[2:]),
        reliability=_bin_reliability(sums.in_bins),
    )


@dataclass(frozen=True)
class _BinSums:
    """Rows, probabilities and defaults summed over each reliability bin, of shape (weightings, bins)."""

    rows: Floats
    probabilities: Floats
    defaults: Floats

    @property
    def calibration_error(self) -> Floats:
        """Per weighting."""
        return np.asarray(np.abs(self.probabilities - self.defaults).sum(axis=1) / self.rows.sum(axis=1))


@dataclass(frozen=True)
class _Sums:
    """Figures and sums of a split: the first of each is that of the rows, the others those of resamples.

    `refused`: for each threshold, rows refused and defaults refused.
    """

    ks: Floats
    pr_auc: Floats
    defaults: Floats
    squared_errors: Floats
    log_losses: Floats
    refused: tuple[Floats, ...]
    in_bins: _BinSums


def _resample(outcomes: ScoredOutcomes, thresholds: tuple[float, ...], *, resamples: int, seed: int) -> _Sums:
    columns = np.hstack([_columns(outcomes, thresholds), _bin_columns(outcomes)])
    separations, sums = [], []
    for weights in draw_weights(len(outcomes), resamples=resamples, seed=seed):
        separations.append(measure_separation(outcomes, weights))
        sums.append(weigh(columns, weights))
    per_row = 3 + 2 * len(thresholds)
    plain, binned = np.split(np.concatenate(sums), [per_row], axis=1)
    ks, pr_auc = np.concatenate(separations, axis=1)
    defaults, squared_errors, losses, *refused = plain.T
    return _Sums(ks, pr_auc, defaults, squared_errors, losses, tuple(refused), _BinSums(*np.split(binned, 3, axis=1)))


def _bin_columns(outcomes: ScoredOutcomes) -> Floats:
    """What is summed over each bin: rows, then probabilities, then defaults."""
    bins = bin_by_mass(outcomes.probabilities)
    membership = np.eye(bins.max() + 1)[bins]
    return np.hstack(
        [membership, membership * outcomes.probabilities[:, None], membership * outcomes.defaulted[:, None]]
    )


def _take_apart(sums: _BinSums, brier: Floats) -> BrierParts:
    rows = sums.rows.sum(axis=1)
    base_rate = sums.defaults.sum(axis=1) / rows
    said, happened = (np.nan_to_num(divide(part, sums.rows)) for part in (sums.probabilities, sums.defaults))
    reliability = (sums.rows * (said - happened) ** 2).sum(axis=1) / rows
    resolution = (sums.rows * (happened - base_rate[:, None]) ** 2).sum(axis=1) / rows
    uncertainty = base_rate * (1 - base_rate)
    return BrierParts(
        reliability=estimate_distance(reliability),
        resolution=estimate_distance(resolution),
        uncertainty=estimate(uncertainty),
        within_bins=estimate(brier - reliability + resolution - uncertainty),
    )


def _columns(outcomes: ScoredOutcomes, thresholds: tuple[float, ...]) -> Floats:
    """What is summed over rows: default, squared error, log loss; per threshold: refused, refused default."""
    errors = (outcomes.probabilities - outcomes.defaulted) ** 2
    columns = [outcomes.defaulted, errors, log_losses(outcomes.probabilities, outcomes.defaulted)]
    for threshold in thresholds:
        refused = (outcomes.probabilities >= threshold).astype(np.float64)
        columns += [refused, refused * outcomes.defaulted]
    return np.column_stack(columns)


def _decide(
    threshold: float, *, costs: CostMatrix, rows: float, defaults: Floats, refused: tuple[Floats, ...]
) -> DecisionFigures:
    all_refused, caught = refused
    wrongly = all_refused - caught
    missed = defaults - caught
    cost = costs.false_negative * missed + costs.false_positive * wrongly
    return DecisionFigures(
        threshold=threshold,
        true_positives=int(caught[0]),
        false_positives=int(wrongly[0]),
        true_negatives=int(rows - defaults[0] - wrongly[0]),
        false_negatives=int(missed[0]),
        recall=estimate(divide(caught, defaults)),
        precision=estimate(divide(caught, all_refused)),
        f1=estimate(divide(2 * caught, all_refused + defaults)),
        approval_rate=estimate(1 - all_refused / rows),
        cost=estimate(cost),
        cost_per_application=estimate(cost / rows),
    )


def _bin_reliability(sums: _BinSums) -> tuple[ReliabilityBin, ...]:
    whole = zip(sums.rows[0], sums.probabilities[0], sums.defaults[0], strict=True)
    return tuple(ReliabilityBin(int(rows), float(said / rows), float(bad / rows)) for rows, said, bad in whole if rows)

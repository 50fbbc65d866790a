"""Judges a model on rows that nothing was fitted or chosen on, each figure with its interval."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvent.domain.costs import CostMatrix
from solvent.domain.policy import Policy
from solvent.training.measures import (
    ScoredOutcomes,
    bin_by_mass,
    divide,
    draw_weights,
    log_losses,
    measure_auc,
)

RESAMPLES = 500
NAIVE_THRESHOLD = 0.5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % bootstrap interval (percentiles of resampled rows); NaN where it is not defined."""

    value: float
    low: float
    high: float


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
class Evaluation:
    """Figures of one split.

    `auc` is that of the raw score. `calibration_error` is the mean distance between probability and default rate over
    10 bins of equal mass (Naeini et al. 2015). Resampling adds noise that it takes for error, so its interval is moved
    down by that bias, the mean of the resamples less the figure (Efron and Tibshirani 1993, chapter 10).
    """

    rows: int
    defaults: int
    default_rate: Estimate
    auc: Estimate
    brier: Estimate
    log_loss: Estimate
    calibration_error: Estimate
    at_threshold: DecisionFigures
    at_half: DecisionFigures
    reliability: tuple[ReliabilityBin, ...]


def evaluate(outcomes: ScoredOutcomes, policy: Policy, *, seed: int, resamples: int = RESAMPLES) -> Evaluation:
    """Measure a split; the seed decides the resamples."""
    columns = _columns(outcomes, (policy.threshold, NAIVE_THRESHOLD))
    bins = bin_by_mass(outcomes.probabilities)
    gaps = (outcomes.probabilities - outcomes.defaulted)[:, None] * np.eye(bins.max() + 1)[bins]
    areas, sums, gap_sums = [], [], []
    for weights in draw_weights(len(outcomes), resamples=resamples, seed=seed):
        areas.append(measure_auc(outcomes, weights))
        sums.append(weights @ columns)
        gap_sums.append(weights @ gaps)
    defaults, squared, losses, *decided = np.concatenate(sums).T
    rows = float(len(outcomes))
    return Evaluation(
        rows=len(outcomes),
        defaults=int(defaults[0]),
        default_rate=_estimate(defaults / rows),
        auc=_estimate(np.concatenate(areas)),
        brier=_estimate(squared / rows),
        log_loss=_estimate(losses / rows),
        calibration_error=_remove_bias(np.abs(np.concatenate(gap_sums)).sum(axis=1) / rows),
        at_threshold=_decide(policy.threshold, policy.costs, rows=rows, defaults=defaults, refused=decided[:2]),
        at_half=_decide(NAIVE_THRESHOLD, policy.costs, rows=rows, defaults=defaults, refused=decided[2:]),
        reliability=_bin_reliability(outcomes, bins),
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
    threshold: float, costs: CostMatrix, *, rows: float, defaults: Floats, refused: list[Floats]
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
        recall=_estimate(divide(caught, defaults)),
        precision=_estimate(divide(caught, all_refused)),
        f1=_estimate(divide(2 * caught, all_refused + defaults)),
        approval_rate=_estimate(1 - all_refused / rows),
        cost=_estimate(cost),
        cost_per_application=_estimate(cost / rows),
    )


def _estimate(samples: Floats) -> Estimate:
    """The first sample is the figure itself, the others are resamples; those where it is undefined are left out."""
    resampled = samples[1:][~np.isnan(samples[1:])]
    if not resampled.size:
        return Estimate(float(samples[0]), np.nan, np.nan)
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Estimate(float(samples[0]), float(low), float(high))


def _remove_bias(samples: Floats) -> Estimate:
    bias = samples[1:].mean() - samples[0]
    return _estimate(np.concatenate([samples[:1], np.maximum(samples[1:] - bias, 0.0)]))


def _bin_reliability(outcomes: ScoredOutcomes, bins: npt.NDArray[np.intp]) -> tuple[ReliabilityBin, ...]:
    members = [bins == number for number in range(bins.max() + 1)]
    return tuple(
        ReliabilityBin(
            int(inside.sum()),
            float(outcomes.probabilities[inside].mean()),
            float(outcomes.defaulted[inside].mean()),
        )
        for inside in members
        if inside.any()
    )

"""How decisions and errors differ by sex and age: measured beside the model, which never reads either."""

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
import numpy.typing as npt

from solvent.domain.policy import Policy
from solvent.features.matrix import FeatureMatrix
from solvent.training.applicants import PROTECTED, UNKNOWN, Applicants, Labels
from solvent.training.delong import measure_auc
from solvent.training.groups import DecidedCounts, Group, count_decisions, divide_rows, is_large_enough, measure_groups
from solvent.training.intervals import UNDEFINED, Estimate, estimate
from solvent.training.measures import ScoredOutcomes, divide

MOST_PROBED_ROWS = 20_000
"""Half of them measure: more would not narrow the interval below 0.02."""
PROBE = {"objective": "binary", "learning_rate": 0.1, "num_leaves": 15, "feature_fraction": 0.3, "verbosity": -1}
PROBE_ROUNDS = 100

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Disparity:
    """How far the groups of one attribute lie apart, among those that are large enough.

    `approval_ratio`: approval rate of the group with the lowest over that of the group with the highest; the "four
    fifths rule" asks for 0.8 (29 CFR 1607.4 D). `opportunity_gap`: the highest less the lowest share of good payers
    approved. Their intervals are those of the two groups named, which the figure itself picked. Undefined with fewer
    than two groups.
    """

    attribute: str
    groups: int
    approval_ratio: Estimate
    opportunity_gap: Estimate


@dataclass(frozen=True, slots=True)
class FairnessReport:
    """`groups` by sex and age band, the `disparities` between them, and how well sex can be predicted.

    `sex_from_features` is the AUC of a booster that was given the model's features and asked for the sex, on rows that
    it did not learn from; `sex_from_probability` that of the probability of default, whichever sex has the higher one.
    0.5 is blind.
    """

    groups: tuple[Group, ...]
    disparities: tuple[Disparity, ...]
    sex_from_features: Estimate
    sex_from_probability: Estimate


def measure_fairness(
    matrix: FeatureMatrix, outcomes: ScoredOutcomes, applicants: Applicants, policy: Policy, *, seed: int
) -> FairnessReport:
    """Measure held-out rows; the features serve the question whether they give the sex away, and nothing else."""
    sexes = applicants.labels["sex"]
    by_attribute = {name: applicants.labels[name] for name in PROTECTED}
    return FairnessReport(
        groups=tuple(
            group
            for name, labels in by_attribute.items()
            for group in measure_groups(outcomes, labels, policy, trait=name, seed=seed)
        ),
        disparities=tuple(
            measure_disparity(outcomes, labels, policy.threshold, attribute=name, seed=seed)
            for name, labels in by_attribute.items()
        ),
        sex_from_features=_predict_sex(matrix, sexes, seed=seed),
        sex_from_probability=_tell_apart(outcomes.probabilities, sexes),
    )


def measure_disparity(
    outcomes: ScoredOutcomes, labels: Labels, threshold: float, *, attribute: str, seed: int
) -> Disparity:
    """Compare the groups of one attribute under a threshold."""
    parts = [part for _, part in divide_rows(outcomes, labels) if is_large_enough(part)]
    # Each group has draws of its own: resamples of two groups are independent.
    counts = [count_decisions(part, threshold, seed=seed + number) for number, part in enumerate(parts)]
    if len(counts) < 2:
        return Disparity(attribute, len(counts), UNDEFINED, UNDEFINED)
    low, high = _extremes(counts, lambda one: one.approval_rate)
    worst, best = _extremes(counts, lambda one: one.good_payers_approved)
    return Disparity(attribute, len(counts), estimate(divide(low, high)), estimate(best - worst))


def _extremes(counts: list[DecidedCounts], rate: Callable[[DecidedCounts], Floats]) -> tuple[Floats, Floats]:
    rates = sorted((rate(one) for one in counts), key=lambda samples: float(samples[0]))
    return rates[0], rates[-1]


def _predict_sex(matrix: FeatureMatrix, sexes: Labels, *, seed: int) -> Estimate:
    """Learn the sex on one half, measure on the other."""
    known = np.flatnonzero(sexes != UNKNOWN)
    learnt, measured = np.array_split(np.random.default_rng(seed).permutation(known)[:MOST_PROBED_ROWS], 2)
    if len(np.unique(sexes[learnt])) < 2:
        return UNDEFINED
    rows = lightgbm.Dataset(matrix.values[learnt], sexes[learnt] == "M")
    probe = lightgbm.train({**PROBE, "seed": seed, "num_threads": 1}, rows, num_boost_round=PROBE_ROUNDS)
    return _tell_apart(np.asarray(probe.predict(matrix.values[measured])), sexes[measured])


def _tell_apart(values: Floats, sexes: Labels) -> Estimate:
    known = sexes != UNKNOWN
    found = measure_auc(values[known], (sexes[known] == "M").astype(np.float64))
    return found if not found.value < 0.5 else Estimate(1 - found.value, 1 - found.high, 1 - found.low)

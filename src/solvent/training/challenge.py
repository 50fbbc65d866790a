"""Compares two models on rows that both held out: every difference is paired, and has its interval."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvent.domain.costs import CostMatrix
from solvent.domain.promotion import Gate, Worsening
from solvent.training.applicants import PROTECTED, UNKNOWN
from solvent.training.delong import compare_aucs, measure_auc
from solvent.training.groups import FEWEST_DEFAULTS, FEWEST_ROWS
from solvent.training.held_out import HeldOut
from solvent.training.intervals import estimate
from solvent.training.measures import bin_by_mass, divide, draw_weights, weigh

RESAMPLES = 500

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Challenge:
    """Two models on the rows that both held out; the first is the champion.

    `unmeasured`: protected attributes that fewer than two groups are large enough to compare by.
    """

    rows: int
    defaults: int
    worsenings: tuple[Worsening, ...]
    unmeasured: tuple[str, ...] = ()


def compare_models(champion: HeldOut, challenger: HeldOut, costs: CostMatrix, *, seed: int = 0) -> Challenge:
    """Measure by how much the challenger is worse than the champion.

    AUC by DeLong's paired test; calibration error, cost and fairness by resampling the rows of both together. Costs are
    the champion's, each model decides by its own threshold. Fairness looks at groups that are large enough; an
    attribute with fewer than two is named as unmeasured.
    """
    first, second = champion.shared_with(challenger)
    defaulted = first.outcomes.defaulted
    rows, defaults = len(first), int(defaulted.sum())
    if not 0 < defaults < rows:
        return Challenge(rows, defaults, (), PROTECTED)
    samples = [_Samples(one, costs) for one in (first, second)]
    columns = np.hstack([one.columns for one in samples])
    drawn = draw_weights(rows, resamples=RESAMPLES, seed=seed)
    sums = np.concatenate([weigh(columns, weights) for weights in drawn])
    parts = np.split(sums, [samples[0].columns.shape[1]], axis=1)
    figures = [dict(one.figures(part)) for one, part in zip(samples, parts, strict=True)]
    resampled = tuple(_worsen(key, figures[0][key], figures[1][key]) for key in figures[0])
    measured = {one.subject for one in resampled}
    unmeasured = tuple(name for name in PROTECTED if name not in measured)
    return Challenge(rows, defaults, (_worsen_auc(first, second, defaulted), *resampled), unmeasured)


def _worsen_auc(first: HeldOut, second: HeldOut, defaulted: Floats) -> Worsening:
    ones, others = first.outcomes.scores, second.outcomes.scores
    loss = compare_aucs(others, ones, defaulted)
    before, after = measure_auc(ones, defaulted).value, measure_auc(others, defaulted).value
    return Worsening(Gate.AUC, before, after, loss.value, loss.low, loss.high)


def _worsen(key: tuple[Gate, str], first: Floats, second: Floats) -> Worsening:
    gate, subject = key
    if gate is Gate.COST:
        worse = estimate(divide(second, first) - 1)
    else:
        worse = estimate(first - second if gate is Gate.APPROVAL_RATIO else second - first)
    return Worsening(gate, float(first[0]), float(second[0]), worse.value, worse.low, worse.high, subject)


class _Samples:
    """One model's sums over rows, and the figures that follow from them."""

    def __init__(self, rows: HeldOut, costs: CostMatrix) -> None:
        bad, refused = rows.outcomes.defaulted, rows.refused.astype(np.float64)
        bins = bin_by_mass(rows.outcomes.probabilities)
        gaps = (rows.outcomes.probabilities - bad)[:, None] * np.eye(bins.max() + 1)[bins]
        cost = costs.false_negative * bad * (1 - refused) + costs.false_positive * (1 - bad) * refused
        self._bins = gaps.shape[1]
        self._groups = [(name, group) for name in PROTECTED for group in _large_groups(rows, name)]
        inside = [group.astype(np.float64) for _, group in self._groups]
        per_row = np.column_stack([np.ones(len(rows)), 1 - refused, 1 - bad, (1 - refused) * (1 - bad)])
        self.columns = np.hstack([cost[:, None], gaps, *(one[:, None] * per_row for one in inside)])

    def figures(self, sums: Floats) -> Iterator[tuple[tuple[Gate, str], Floats]]:
        """Each figure, first for the rows and then for the resamples."""
        cost, gaps, grouped = np.split(sums, [1, 1 + self._bins], axis=1)
        rows = sums.shape[0]
        yield (Gate.CALIBRATION, ""), np.abs(gaps).sum(axis=1) / len(self.columns)
        yield (Gate.COST, ""), cost[:, 0]
        by_group = grouped.reshape(rows, len(self._groups), 4)
        for name in PROTECTED:
            members = [number for number, (attribute, _) in enumerate(self._groups) if attribute == name]
            if len(members) < 2:
                continue
            count, approved, good, good_approved = np.moveaxis(by_group[:, members], 2, 0)
            approval, opportunity = divide(approved, count), divide(good_approved, good)
            yield (Gate.APPROVAL_RATIO, name), divide(approval.min(axis=1), approval.max(axis=1))
            yield (Gate.EQUAL_OPPORTUNITY, name), opportunity.max(axis=1) - opportunity.min(axis=1)


def _large_groups(rows: HeldOut, name: str) -> Iterator[npt.NDArray[np.bool_]]:
    labels = rows.labels[name]
    for label in np.unique(labels[labels != UNKNOWN]):
        inside = labels == label
        if inside.sum() >= FEWEST_ROWS and rows.outcomes.defaulted[inside].sum() >= FEWEST_DEFAULTS:
            yield inside

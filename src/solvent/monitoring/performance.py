"""Realised and estimated performance by month of application, side by side, and how good past estimates were."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from solvent.domain.costs import CostMatrix
from solvent.domain.outcomes import EARLY_SIGNS, MIN_COVERAGE, MONTH, DecidedOutcomes, DefaultDefinition, OutcomeKind
from solvent.domain.policy import Policy
from solvent.monitoring.cohorts import Decisions, Flags, Population, find_population
from solvent.monitoring.early_signs import SignedDecisions, measure_ratio
from solvent.monitoring.estimated import estimate_auc, estimate_cost, estimate_default_rate
from solvent.monitoring.figures import Figure, measure_rate, scale, share_covered
from solvent.monitoring.performance_report import MonthPerformance, PastEstimates, Performance, PerformanceReport
from solvent.monitoring.realised import measure_auc, measure_calibration_slope, measure_cost

MIN_ROWS = 200
MIN_OF_EACH = 10
"""Below these rows, defaults or good payers a month has not enough data."""

BASELINE_MONTHS = 3
"""The first months whose early signs have had their time: later ones are held against them."""

SURE_RISE = 1.1
"""Early signs this many times the expected ones, with their whole interval, say that estimates cannot be trusted."""


def assess_performance(outcomes: DecidedOutcomes, policy: Policy, *, as_of: datetime) -> PerformanceReport:
    """Judge the decisions of a period with what was known of them at `as_of` (aware UTC).

    A month has matured when its last decision has, and the time for reports is over.
    """
    everything = Decisions.of(outcomes)
    definition = policy.default_definition
    parts = [everything.select(everything.months == month) for month in np.unique(everything.months)]
    population = find_population(parts, definition, as_of)
    counted = [part.select(part.approved) if population is Population.APPROVED else part for part in parts]
    early = _measure_early_signs(counted, definition, as_of)
    months = tuple(
        _assess_month(part, rows, policy, as_of=as_of, early_signs=early.get(part.month, {}))
        for part, rows in zip(parts, counted, strict=True)
    )
    notes = (*_population_notes(population), *_trust_notes(months))
    return PerformanceReport(as_of, population, definition, months, _compare(months), notes)


def _assess_month(
    part: Decisions, rows: Decisions, policy: Policy, *, as_of: datetime, early_signs: Mapping[OutcomeKind, Figure]
) -> MonthPerformance:
    definition, costs = policy.default_definition, policy.costs
    month = MonthPerformance(part.window, len(part), len(rows), _estimate(rows, costs), early_signs=early_signs)
    if not definition.has_matured(month.window.end, as_of):
        due = month.window.end + definition.maturity + definition.reporting
        return replace(month, waits_for=f"matures on {due:%Y-%m-%d}")
    known = rows.select(rows.known)
    defaulted = known.has(DecidedOutcomes.DEFAULTED)
    missing = measure_rate(len(rows) - len(known), len(rows)) if len(rows) else None
    month = replace(month, missing_outcomes=missing, matured=len(rows))
    reason = _find_reason_to_wait(defaulted, missing)
    if reason:
        return replace(month, waits_for=reason)
    rate = measure_rate(int(defaulted.sum()), len(known))
    auc, cost = measure_auc(known.probabilities, defaulted), measure_cost(known.approved, defaulted, costs)
    return replace(
        month,
        rows=len(known),
        estimated=_estimate(known, costs),
        realised=Performance(auc, rate, cost),
        default_rate_ratio=scale(rate, 1 / float(known.probabilities.mean())),
        calibration_slope=measure_calibration_slope(known.probabilities, defaulted),
    )


def _find_reason_to_wait(defaulted: Flags, missing: Figure | None) -> str:
    if missing is None:
        return "no decisions"
    if missing.value > 1 - MIN_COVERAGE:
        return f"outcomes of {missing.value:.0%} are missing"
    defaults = int(defaulted.sum())
    if len(defaulted) < MIN_ROWS or min(defaults, len(defaulted) - defaults) < MIN_OF_EACH:
        return f"not enough data: {len(defaulted):,} outcomes, {defaults:,} defaults"
    return ""


def _estimate(rows: Decisions, costs: CostMatrix) -> Performance | None:
    if len(rows) < MIN_ROWS:
        return None
    return Performance(
        estimate_auc(rows.probabilities),
        estimate_default_rate(rows.probabilities),
        estimate_cost(rows.probabilities, rows.approved, costs),
    )


_SIGNS = {
    OutcomeKind.FIRST_PAYMENT_MISSED: DecidedOutcomes.FIRST_PAYMENT_MISSED,
    OutcomeKind.LATE_30_DAYS: DecidedOutcomes.LATE_30_DAYS,
}


def _measure_early_signs(
    parts: Sequence[Decisions], definition: DefaultDefinition, as_of: datetime
) -> dict[int, dict[OutcomeKind, Figure]]:
    found: dict[int, dict[OutcomeKind, Figure]] = {}
    for kind, months in EARLY_SIGNS.items():
        wait = months * MONTH + definition.reporting
        due = [part for part in parts if len(part) >= MIN_ROWS and part.window.end + wait <= as_of]
        if len(due) <= BASELINE_MONTHS:
            continue
        signed = [SignedDecisions(part.probabilities, part.has(_SIGNS[kind])) for part in due]
        reference = SignedDecisions(
            np.concatenate([one.probabilities for one in signed[:BASELINE_MONTHS]]),
            np.concatenate([one.has_shown for one in signed[:BASELINE_MONTHS]]),
        )
        for part, one in zip(due[BASELINE_MONTHS:], signed[BASELINE_MONTHS:], strict=True):
            ratio = measure_ratio(one, reference)
            if ratio is not None:
                found.setdefault(part.month, {})[kind] = ratio
    return found


def _compare(months: Sequence[MonthPerformance]) -> tuple[PastEstimates, ...]:
    pairs = [(month.estimated, month.realised) for month in months if month.estimated and month.realised]
    by_metric: dict[str, list[tuple[Figure | None, Figure | None]]] = {
        "auc": [(one.auc, other.auc) for one, other in pairs],
        "default_rate": [(one.default_rate, other.default_rate) for one, other in pairs],
        "cost_per_application": [(one.cost, other.cost) for one, other in pairs],
    }
    return tuple(found for metric, both in by_metric.items() if (found := _compare_one(metric, both)) is not None)


def _compare_one(metric: str, pairs: Sequence[tuple[Figure | None, Figure | None]]) -> PastEstimates | None:
    both = [(estimated, realised.value) for estimated, realised in pairs if estimated and realised]
    coverage = share_covered([one for one, _ in both], [value for _, value in both])
    if coverage is None:
        return None
    differences = [abs(estimated.value - value) for estimated, value in both]
    return PastEstimates(metric, len(both), sum(differences) / len(both), max(differences), coverage)


def _population_notes(population: Population) -> Iterator[str]:
    if population is Population.APPROVED:
        yield (
            "outcomes exist for approved clients only: every figure is of approved decisions, nothing tells how "
            "refused clients would have paid, and the cost is that of accepted bad payers alone"
        )


def _trust_notes(months: Sequence[MonthPerformance]) -> Iterator[str]:
    yield (
        "estimates rest on the probabilities being true: a rise of risk that no input shows stays out of them until "
        "outcomes come; early signs tell sooner"
    )
    for month in months:
        for kind, ratio in month.early_signs.items():
            if ratio.low > SURE_RISE and month.realised is None:
                yield (
                    f"{month.window.start:%Y-%m}: {kind.value} shows {ratio.value:.2f} times as often as expected "
                    f"({ratio.low:.2f} to {ratio.high:.2f}): the true risk has risen, its estimates cannot be trusted"
                )

"""What performance looks like month by month, with everything that must be said beside the figures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from solvent.domain.measurements import Measurement, Window
from solvent.domain.outcomes import DefaultDefinition, OutcomeKind
from solvent.monitoring.cohorts import Population
from solvent.monitoring.figures import Figure


@dataclass(frozen=True, slots=True)
class Performance:
    """Figures of one month, realised or estimated; `cost` is the mean of an application. AUC is None if undefined."""

    auc: Figure | None
    default_rate: Figure
    cost: Figure


@dataclass(frozen=True, slots=True)
class MonthPerformance:
    """What is known and expected of the decisions on the applications of one month.

    `rows`: decisions that the figures are taken over. `realised` is None as long as `waits_for` says why; the estimate
    is of the same rows. `default_rate_ratio`: defaults over expected ones; `calibration_slope`: 1 if probabilities are
    true. `missing_outcomes`: share of matured decisions without outcome, None before they matured. `early_signs`:
    signs over expected ones, for the signs that have had their time.
    """

    window: Window
    decisions: int
    rows: int
    estimated: Performance | None
    realised: Performance | None = None
    default_rate_ratio: Figure | None = None
    calibration_slope: Figure | None = None
    missing_outcomes: Figure | None = None
    matured: int = 0
    early_signs: Mapping[OutcomeKind, Figure] = field(default_factory=dict)
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class PastEstimates:
    """How far estimates lay from what came: `coverage` is the share of months within the estimate's interval."""

    metric: str
    months: int
    mean_difference: float
    largest_difference: float
    coverage: float


@dataclass(frozen=True, slots=True)
class PerformanceReport:
    """Every month, oldest first, with what must be said beside the figures."""

    as_of: datetime
    population: Population
    definition: DefaultDefinition
    months: tuple[MonthPerformance, ...]
    past_estimates: tuple[PastEstimates, ...]
    notes: tuple[str, ...]

    def measurements(self) -> Iterator[Measurement]:
        """Yield every figure under the name of its metric, for rules and pages."""
        for month in self.months:
            yield from _measurements(month)


def _measurements(month: MonthPerformance) -> Iterator[Measurement]:
    def figure(metric: str, found: Figure | None, count: int) -> Iterator[Measurement]:
        if found is not None:
            yield Measurement(metric, month.window, count, found.value, low=found.low, high=found.high)

    for prefix, performance in (("realised", month.realised), ("estimated", month.estimated)):
        if performance is not None:
            yield from figure(f"{prefix}_auc", performance.auc, month.rows)
            yield from figure(f"{prefix}_default_rate", performance.default_rate, month.rows)
            yield from figure(f"{prefix}_cost_per_application", performance.cost, month.rows)
    yield from figure("default_rate_ratio", month.default_rate_ratio, month.rows)
    yield from figure("calibration_slope", month.calibration_slope, month.rows)
    yield from figure("auc_shortfall", _find_shortfall(month), month.rows)
    yield from figure("outcomes_missing_share", month.missing_outcomes, month.matured)
    for kind, ratio in month.early_signs.items():
        yield from figure(f"{kind.value}_ratio", ratio, month.rows)


def _find_shortfall(month: MonthPerformance) -> Figure | None:
    """By how much the ranking is worse than the probabilities promise; the interval is that of the realised AUC."""
    if not month.realised or not month.estimated or not month.realised.auc or not month.estimated.auc:
        return None
    promised, found = month.estimated.auc.value, month.realised.auc
    return Figure(promised - found.value, promised - found.high, promised - found.low)

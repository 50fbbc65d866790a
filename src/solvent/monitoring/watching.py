"""The monitors of a deployment: which windows each looks at, and what it says of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from solvent.domain.measurements import Measurement, Window
from solvent.domain.ports import ObservedLog, SealedLog
from solvent.monitoring.input_watch import InputReport, WatchRequest, find_busiest_model, watch_inputs
from solvent.monitoring.operations import sum_up_operations
from solvent.monitoring.performance_report import PerformanceReport
from solvent.monitoring.watched_model import WatchedModel

INPUT_DAYS = 7
OPERATION_DAYS = 1
PERFORMANCE_MONTHS = 24
"""Twelve to mature, and twelve that have."""


def window_before(now: datetime, *, days: int) -> Window:
    """The last days up to the end of the hour of `now`: runs within an hour speak of the same window."""
    end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return Window(end - timedelta(days=days), end)


def months_before(now: datetime, *, months: int) -> Window:
    """So many whole months, and that of `now` to its end (UTC)."""
    number = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1
    return Window(_first_of(number - months), _first_of(number + 1))


def _first_of(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class InputMonitor:
    """Drift and data quality of the model that decides most, over the last week.

    `find_model` makes a version ready to be compared with; `keep` gets every report, with the time.
    """

    log: ObservedLog
    find_model: Callable[[str], WatchedModel]
    keep: Callable[[InputReport, datetime], None]
    name: str = "inputs"

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Every figure of drift and data quality."""
        window = window_before(now, days=INPUT_DAYS)
        if not self.log.count_by_model(window.start, window.end):
            return ()
        model = self.find_model(find_busiest_model(self.log, window))
        report = watch_inputs(self.log, model, WatchRequest(window))
        self.keep(report, now)
        quality = report.quality.to_measurements() if report.quality else ()
        return (*report.drift.to_measurements(), *quality)


@dataclass(frozen=True)
class OperationsMonitor:
    """Latency, errors and volume of the last day."""

    log: ObservedLog
    name: str = "operations"

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Every figure of operations."""
        window = window_before(now, days=OPERATION_DAYS)
        counts = self.log.read_operations(window.start, window.end)
        return sum_up_operations(counts, window=window).to_measurements()


@dataclass(frozen=True)
class LedgerMonitor:
    """How long the oldest record has waited for a checkpoint that covers it."""

    log: SealedLog
    name: str = "ledger"

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """`uncovered_seconds`, 0 where every record is covered; the count is that of the records that wait."""
        found = self.log.read_uncovered()
        seconds = 0.0 if found.oldest_at is None else max(0.0, (now - found.oldest_at).total_seconds())
        return (Measurement("uncovered_seconds", window_before(now, days=OPERATION_DAYS), found.count, seconds),)


@dataclass(frozen=True)
class PerformanceMonitor:
    """Realised and estimated performance of the last two years; `assess` gives None for a log without decisions."""

    assess: Callable[[Window, datetime], PerformanceReport | None]
    name: str = "performance"

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Every figure of every month."""
        report = self.assess(months_before(now, months=PERFORMANCE_MONTHS), now)
        return () if report is None else tuple(report.measurements())

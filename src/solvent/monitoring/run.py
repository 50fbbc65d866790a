"""One round of all monitors: measure, keep, judge, open alerts, tell the webhook."""

import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import structlog

from solvent.domain.alerts import Alert, Breach, Delivery
from solvent.domain.measurements import Measurement, Window
from solvent.domain.ports import AlertLog
from solvent.errors import SolventError
from solvent.monitoring.alert_rules import AlertRule
from solvent.monitoring.alerts import State, Verdict, judge
from solvent.monitoring.webhook import Webhook, deliver_waiting

MONITOR_FAILED = "monitor_failed"
"""Metric of each monitor in a round, by its name: 1 if it could not measure, 0 if it could."""

log = structlog.get_logger(__name__)


class Monitor(Protocol):
    """Something that measures; `name` is what people call it."""

    @property
    def name(self) -> str:
        """One or two words."""
        ...

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return what is seen at `now`; nothing where there are no decisions to look at.

        Whatever it raises says that it cannot measure, which is a fault to mend and not silence.
        """
        ...


@dataclass(frozen=True, slots=True)
class Failure:
    """A monitor that could not measure, and why."""

    monitor: str
    reason: str


@dataclass(frozen=True, slots=True)
class MonitorRun:
    """What one round saw and did; `opened` are new alerts, `deliveries` what the webhook was told."""

    measured_at: datetime
    measurements: tuple[Measurement, ...]
    verdicts: tuple[Verdict, ...]
    failures: tuple[Failure, ...]
    opened: tuple[Alert, ...]
    deliveries: tuple[Delivery, ...]

    @property
    def is_ringing(self) -> bool:
        """Whether a rule is broken by what was measured; that a monitor could not measure is no such rule."""
        return any(one.state is State.RINGS and one.rule.metric != MONITOR_FAILED for one in self.verdicts)

    @property
    def is_quiet(self) -> bool:
        """Whether no rule is broken and every monitor could measure."""
        return not self.failures and not self.is_ringing


@dataclass(frozen=True, slots=True)
class Watch:
    """The monitors of a deployment, the rules on what they see, and where that goes.

    Each monitor measures inside `apart`, which undoes what one that failed left half-done, so that the next can go on.
    """

    monitors: Sequence[Monitor]
    rules: Sequence[AlertRule]
    alerts: AlertLog
    keep: Callable[[Iterable[Measurement], datetime], None]
    webhook: Webhook | None = None
    apart: Callable[[], AbstractContextManager[object]] = nullcontext


def run_monitors(watch: Watch, *, now: datetime) -> MonitorRun:
    """Do one round at `now`. Running it again changes nothing but the time at which something was seen last.

    A monitor that cannot measure, for whatever reason, is named and rings; the others go on.

    Raises:
        DecisionLogError: the database cannot be used; what was written before it failed stays, and is written anew by
            the next round.
    """
    measurements, failures = _measure(watch, now)
    watch.keep(measurements, now)
    verdicts = judge(watch.rules, measurements)
    breaches = [breach for verdict in verdicts for breach in _give_reasons(verdict, failures)]
    opened = watch.alerts.record(breaches, now)
    deliveries = deliver_waiting(watch.alerts, watch.webhook) if watch.webhook else []
    return MonitorRun(now, measurements, verdicts, failures, opened, tuple(deliveries))


def _measure(watch: Watch, now: datetime) -> tuple[tuple[Measurement, ...], tuple[Failure, ...]]:
    measurements: list[Measurement] = []
    failures: list[Failure] = []
    for monitor in watch.monitors:
        try:
            with watch.apart():
                measurements += monitor.measure(now)
        except Exception as error:  # noqa: BLE001 - the outer edge of a monitor: the next one goes on
            failures.append(Failure(monitor.name, _explain(error)))
            log.error("monitor_failed", monitor=monitor.name, reason=failures[-1].reason)  # noqa: TRY400
    measurements += _states(watch.monitors, failures, now)
    return tuple(measurements), tuple(failures)


def _states(monitors: Sequence[Monitor], failures: Sequence[Failure], now: datetime) -> Iterator[Measurement]:
    """Say of each monitor whether it failed in the hour of `now`."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    failed = {failure.monitor for failure in failures}
    for monitor in monitors:
        value = float(monitor.name in failed)
        yield Measurement(MONITOR_FAILED, Window(hour, hour + timedelta(hours=1)), 1, value, monitor.name)


def _explain(error: Exception) -> str:
    """The message of an error of ours; of any other, whose text may quote data, its type and place alone."""
    if isinstance(error, SolventError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    return f"unexpected {type(error).__name__} at {Path(frames[-1].filename).name}:{frames[-1].lineno}"


def _give_reasons(verdict: Verdict, failures: Sequence[Failure]) -> Iterator[Breach]:
    """Yield what the rule found broken; of a monitor that failed, with the reason."""
    reasons = {one.monitor: one.reason for one in failures} if verdict.rule.metric == MONITOR_FAILED else {}
    for breach in verdict.breaches:
        reason = reasons.get(breach.subject)
        text = f"monitor {breach.subject} could not measure: {reason}" if reason else breach.description
        yield replace(breach, description=text)

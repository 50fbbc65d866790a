"""One round of all monitors: measure, keep, judge, open alerts, tell the webhook."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from solvent.domain.alerts import Alert, Delivery
from solvent.domain.measurements import Measurement
from solvent.domain.ports import AlertLog
from solvent.errors import BundleError, MonitoringError
from solvent.monitoring.alert_rules import AlertRule
from solvent.monitoring.alerts import State, Verdict, judge
from solvent.monitoring.webhook import Webhook, deliver_waiting


class Monitor(Protocol):
    """Something that measures; `name` is what people call it."""

    @property
    def name(self) -> str:
        """One or two words."""
        ...

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return what is seen at `now`; nothing where there are no decisions to look at.

        Raises:
            MonitoringError, BundleError: it cannot measure, which is a fault to mend and not silence.
            DecisionLogError: the log cannot be read.
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
    def is_quiet(self) -> bool:
        """Whether no rule is broken and every monitor could measure."""
        return not self.failures and all(verdict.state is not State.RINGS for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class Watch:
    """The monitors of a deployment, the rules on what they see, and where that goes."""

    monitors: Sequence[Monitor]
    rules: Sequence[AlertRule]
    alerts: AlertLog
    keep: Callable[[Iterable[Measurement], datetime], None]
    webhook: Webhook | None = None


def run_monitors(watch: Watch, *, now: datetime) -> MonitorRun:
    """Do one round at `now`. Running it again changes nothing but the time at which something was seen last.

    Raises:
        DecisionLogError: the database cannot be used; what was written before it failed stays, and is written anew by
            the next round.
    """
    measurements, failures = _measure(watch.monitors, now)
    watch.keep(measurements, now)
    verdicts = judge(watch.rules, measurements)
    opened = watch.alerts.record([breach for verdict in verdicts for breach in verdict.breaches], now)
    deliveries = deliver_waiting(watch.alerts, watch.webhook) if watch.webhook else []
    return MonitorRun(now, measurements, verdicts, failures, opened, tuple(deliveries))


def _measure(monitors: Sequence[Monitor], now: datetime) -> tuple[tuple[Measurement, ...], tuple[Failure, ...]]:
    measurements: list[Measurement] = []
    failures: list[Failure] = []
    for monitor in monitors:
        try:
            measurements += monitor.measure(now)
        except (MonitoringError, BundleError) as error:
            failures.append(Failure(monitor.name, str(error)))
    return tuple(measurements), tuple(failures)

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from solvent.domain.alerts import Alert, Breach, Delivery, News, Severity
from solvent.domain.measurements import Measurement, Window
from solvent.errors import DecisionLogError, MonitoringError
from solvent.monitoring.alert_rules import AlertRule, Direction, read_rules
from solvent.monitoring.alerts import State
from solvent.monitoring.run import Failure, Watch, run_monitors
from solvent.monitoring.schedule import repeat
from solvent.monitoring.watching import months_before, window_before

NOW = datetime(2026, 6, 8, 12, 30, tzinfo=UTC)
WEEK = Window(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 8, tzinfo=UTC))
HOUR = Window(datetime(2026, 6, 8, 12, tzinfo=UTC), datetime(2026, 6, 8, 13, tzinfo=UTC))
WORKS = Measurement("monitor_failed", HOUR, 1, 0.0, "fixed")
RULE = AlertRule("shift", "psi", 0.2, Direction.ABOVE, Severity.HIGH, "Look.")


@dataclass(frozen=True)
class Fixed:
    """A monitor that always sees the same, or raises."""

    seen: Sequence[Measurement] = ()
    error: Exception | None = None
    name: str = "fixed"

    def measure(self, now: datetime) -> Sequence[Measurement]:
        if self.error is not None:
            raise self.error
        return self.seen


@dataclass
class FakeAlerts:
    """Alerts in memory, one open for each rule."""

    recorded: dict[str, Breach] = field(default_factory=dict)

    def record(self, breaches: Iterable[Breach], now: datetime) -> tuple[Alert, ...]:
        new = [breach for breach in breaches if breach.rule not in self.recorded]
        self.recorded |= {breach.rule: breach for breach in new}
        return tuple(
            Alert(
                number, now, now, one.rule, one.subject, one.severity, one.description, one.what_to_do, one.value,
                one.limit, one.count, one.window, one.affected, None, None, None, None, None,
            )
            for number, one in enumerate(new, start=1)
        )  # fmt: skip

    def undelivered(self) -> AbstractContextManager[Sequence[News]]:
        @contextmanager
        def give() -> Iterator[Sequence[News]]:
            yield ()

        return give()

    def note_delivery(self, delivery: Delivery) -> None:
        raise AssertionError("nothing was waiting")


def watch(*monitors: Fixed, alerts: FakeAlerts | None = None) -> tuple[Watch, list[Measurement]]:
    kept: list[Measurement] = []
    return Watch(monitors, (RULE,), alerts or FakeAlerts(), lambda found, _: kept.extend(found)), kept


def test_a_round_keeps_what_was_seen_and_opens_an_alert_once() -> None:
    alerts = FakeAlerts()
    seen = Measurement("psi", WEEK, 500, 0.3, "income")
    watching, kept = watch(Fixed((seen,)), alerts=alerts)
    first, second = (run_monitors(watching, now=NOW) for _ in range(2))
    assert kept == [seen, WORKS, seen, WORKS]
    assert [alert.rule for alert in first.opened] == ["shift"]
    assert second.opened == ()
    assert not first.is_quiet
    assert not second.is_quiet


def test_a_round_in_which_nothing_is_wrong_is_quiet() -> None:
    watching, _ = watch(Fixed((Measurement("psi", WEEK, 500, 0.1, "income"),)))
    found = run_monitors(watching, now=NOW)
    assert found.is_quiet
    assert [verdict.state for verdict in found.verdicts] == [State.SILENT]


def test_no_decisions_are_no_alarm_and_a_monitor_that_cannot_measure_is_one() -> None:
    nothing = run_monitors(watch(Fixed())[0], now=NOW)
    assert nothing.is_quiet
    assert [verdict.state for verdict in nothing.verdicts] == [State.NOT_MEASURED]
    broken = Fixed(error=MonitoringError("the log keeps no profile"), name="inputs")
    seen = Measurement("psi", WEEK, 500, 0.1)
    found = run_monitors(watch(broken, Fixed((seen,)))[0], now=NOW)
    assert found.failures == (Failure("inputs", "the log keeps no profile"),)
    assert found.measurements == (seen, Measurement("monitor_failed", HOUR, 1, 1.0, "inputs"), WORKS)
    assert not found.is_quiet
    assert not found.is_ringing


def test_a_monitor_that_breaks_for_any_reason_rings_by_a_shipped_rule_and_the_next_goes_on() -> None:
    rules = (next(rule for rule in read_rules() if rule.name == "monitor_failed"), RULE)
    monitors = (
        Fixed(error=ZeroDivisionError("of client 100001"), name="performance"),
        Fixed(error=DecisionLogError("policy.json of model 1 was altered in the log"), name="inputs"),
        Fixed((Measurement("psi", WEEK, 500, 0.3),), name="operations"),
    )
    with structlog.testing.capture_logs() as events:
        found = run_monitors(Watch(monitors, rules, FakeAlerts(), lambda *_: None), now=NOW)
    performance, inputs = found.failures
    assert inputs == Failure("inputs", "policy.json of model 1 was altered in the log")
    assert performance.monitor == "performance"
    assert re.fullmatch(r"unexpected ZeroDivisionError at test_monitor_run.py:\d+", performance.reason)
    assert [(event["event"], event["monitor"]) for event in events] == [
        ("monitor_failed", "performance"),
        ("monitor_failed", "inputs"),
    ]
    assert [(breach.rule, breach.subject) for one in found.verdicts for breach in one.breaches] == [
        ("monitor_failed", "performance"),
        ("monitor_failed", "inputs"),
        ("shift", ""),
    ]
    assert found.opened[0].description == f"monitor performance could not measure: {performance.reason}"
    assert found.is_ringing


def test_a_database_that_is_away_ends_the_round() -> None:
    def keep(_measurements: Iterable[Measurement], _now: datetime) -> None:
        raise DecisionLogError("away")

    with pytest.raises(DecisionLogError, match="away"):
        run_monitors(Watch((Fixed(),), (RULE,), FakeAlerts(), keep), now=NOW)


def test_windows_end_with_the_hour_and_months_with_the_month() -> None:
    assert window_before(NOW, days=7) == Window(
        datetime(2026, 6, 1, 13, tzinfo=UTC), datetime(2026, 6, 8, 13, tzinfo=UTC)
    )
    assert window_before(NOW + timedelta(minutes=29), days=7) == window_before(NOW, days=7)
    assert months_before(NOW, months=2) == Window(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
    last = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert months_before(last, months=12) == Window(datetime(2025, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


class SteppedStop(threading.Event):
    """Counts what it would have waited, and is set after so many waits."""

    def __init__(self, clock: list[float], waits: int) -> None:
        super().__init__()
        self.clock, self.left, self.waited = clock, waits, list[float]()

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        self.clock[0] += timeout or 0.0
        self.left -= 1
        if self.left == 0:
            self.set()
        return self.is_set()


def test_repeats_at_multiples_of_the_interval_and_leaves_out_what_it_overran() -> None:
    clock, lasting = [100.0], iter([10.0, 130.0, 10.0])

    def task() -> None:
        clock[0] += next(lasting)

    stop = SteppedStop(clock, waits=3)
    runs = repeat(task, every=timedelta(minutes=1), stop=stop, time_source=lambda: clock[0])
    assert runs == 3
    assert stop.waited == [50.0, 50.0, 50.0]


def test_ends_after_the_task_that_is_under_way() -> None:
    stop = threading.Event()
    assert repeat(stop.set, every=timedelta(hours=1), stop=stop) == 1

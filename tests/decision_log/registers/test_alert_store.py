import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from log_examples import ReadRows

from solvent.cli.main import main
from solvent.decision_log.database.roles import AS_OFFICER
from solvent.decision_log.figures.questions import open_reader
from solvent.decision_log.registers.alerts import AlertStore
from solvent.decision_log.registers.measurements import keep_measurements, list_measurements
from solvent.domain.alerts import Breach, Delivery, News, Severity, Told
from solvent.domain.measurements import Measurement, Window
from solvent.errors import DecisionLogError

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 6, 8, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = Window(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 8, tzinfo=UTC))
BREACH = Breach(
    "shift", "", Severity.HIGH, "psi is 0.31", "Look.", 0.31, 0.2, 500, WINDOW, ("income", "age"), cool_down=24 * HOUR
)
OTHER = replace(BREACH, rule="outage", severity=Severity.CRITICAL)


def read_measured(url: str, metrics: list[str], *, since: datetime) -> tuple[Measurement, ...]:
    with open_reader(url) as connection:
        return list_measurements(connection, metrics, since=since)


@pytest.fixture
def store(database_url: str) -> AlertStore:
    return AlertStore(database_url)


def test_a_cause_opens_one_row_with_all_that_was_found(store: AlertStore, rows: ReadRows) -> None:
    (alert,) = store.record([BREACH], NOW)
    assert (alert.rule, alert.severity, alert.value, alert.window) == ("shift", Severity.HIGH, 0.31, WINDOW)
    assert rows(
        "SELECT detected_at, anomaly_type, severity, description, affected_features, metric_value, threshold_value, "
        "is_resolved, resolved_at, resolution_notes, what_to_do, measured_count FROM anomalies"
    ) == [(NOW, "shift", "HIGH", "psi is 0.31", ["income", "age"], 0.31, 0.2, False, None, None, "Look.", 500)]


def test_a_second_run_renews_the_open_row_and_opens_none(store: AlertStore) -> None:
    store.record([BREACH, OTHER], NOW)
    assert store.record([replace(BREACH, value=0.5), OTHER], NOW + HOUR) == ()
    grave, alert = store.list()
    assert (grave.rule, alert.rule, alert.value) == ("outage", "shift", 0.5)
    assert (alert.detected_at, alert.last_seen_at) == (NOW, NOW + HOUR)


def test_the_same_rule_on_another_subject_is_another_cause(store: AlertStore) -> None:
    assert len(store.record([BREACH, replace(BREACH, subject="income")], NOW)) == 2


def test_runs_at_the_same_time_open_one_row(store: AlertStore, database_url: str, rows: ReadRows) -> None:
    start = threading.Barrier(4)
    opened: list[int] = []

    def run(breaches: list[Breach]) -> None:
        start.wait()
        opened.append(len(AlertStore(database_url).record(breaches, NOW)))

    orders = [[BREACH, OTHER], [OTHER, BREACH]] * 2
    threads = [threading.Thread(target=run, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(opened) == 2
    assert rows("SELECT count(*) FROM anomalies") == [(2,)]


def test_after_it_was_resolved_it_is_silent_for_its_cool_down_and_then_opens_again(store: AlertStore) -> None:
    (alert,) = store.record([BREACH], NOW)
    store.resolve(alert.alert_id, note="bureau was down", who="ana", now=NOW + HOUR)
    fresh = replace(BREACH, window=Window(NOW + HOUR, NOW + 24 * HOUR))
    assert store.record([fresh], NOW + 24 * HOUR) == ()
    assert store.list() == ()
    (again,) = store.record([fresh], NOW + 25 * HOUR)
    assert again.alert_id != alert.alert_id
    assert [one.alert_id for one in store.list(with_resolved=True)] == [again.alert_id, alert.alert_id]


def test_a_mended_fault_does_not_ring_while_windows_still_hold_it(store: AlertStore) -> None:
    (alert,) = store.record([BREACH], NOW)
    store.resolve(alert.alert_id, note="bureau was down", who="ana", now=NOW + HOUR)
    for days in range(1, 7):
        week = Window(WINDOW.start + timedelta(days=days), WINDOW.end + timedelta(days=days))
        assert store.record([replace(BREACH, window=week)], week.end + 13 * HOUR) == ()
    after = Window(NOW + HOUR, NOW + HOUR + timedelta(days=7))
    assert len(store.record([replace(BREACH, window=after)], after.end)) == 1


def test_a_month_rings_once_and_the_next_one_rings_again(store: AlertStore) -> None:
    may, june = (Window(datetime(2025, n, 1, tzinfo=UTC), datetime(2025, n + 1, 1, tzinfo=UTC)) for n in (5, 6))
    (alert,) = store.record([replace(BREACH, window=may)], NOW)
    store.resolve(alert.alert_id, note="retrained", who="ana", now=NOW + HOUR)
    assert store.record([replace(BREACH, window=may)], NOW + timedelta(days=14)) == ()
    assert len(store.record([replace(BREACH, window=june)], NOW + timedelta(days=30))) == 1


def test_is_acknowledged_once_and_resolved_once_with_a_note(store: AlertStore) -> None:
    (alert,) = store.record([BREACH], NOW)
    assert store.acknowledge(alert.alert_id, who="ana", now=NOW + HOUR).acknowledged_by == "ana"
    assert store.acknowledge(alert.alert_id, who="ben", now=NOW + 2 * HOUR).acknowledged_by == "ana"
    with pytest.raises(DecisionLogError, match="say what was found and done"):
        store.resolve(alert.alert_id, note="  ", who="ana", now=NOW)
    resolved = store.resolve(alert.alert_id, note=" a bad feed ", who="ben", now=NOW + 3 * HOUR)
    assert (resolved.resolved_by, resolved.resolved_at) == ("ben", NOW + 3 * HOUR)
    assert (resolved.resolution_notes, resolved.acknowledged_at) == ("a bad feed", NOW + HOUR)
    with pytest.raises(DecisionLogError, match=f"alert {alert.alert_id} is resolved already"):
        store.resolve(alert.alert_id, note="again", who="ana", now=NOW)
    with pytest.raises(DecisionLogError, match="alert 99 does not exist: `solvent alerts list` shows"):
        store.acknowledge(99, who="ana", now=NOW)


def test_an_alert_waits_for_the_webhook_until_it_is_taken_or_resolved(store: AlertStore) -> None:
    alert, other = store.record([BREACH, OTHER], NOW)
    told = Told(1, alert.severity, alert.value, len(alert.affected))
    store.note_delivery(Delivery(alert.alert_id, NOW, 3, 500, told, is_delivered=False))
    store.note_delivery(Delivery(other.alert_id, NOW, 1, 200, told, is_delivered=True))
    with store.undelivered() as waiting:
        assert waiting == (News(alert, told),)
        with store.undelivered() as second:
            assert second == ()
    store.resolve(alert.alert_id, note="done", who="ana", now=NOW)
    with store.undelivered() as waiting:
        assert waiting == ()


def test_an_alert_that_has_grown_since_the_webhook_took_it_waits_again(store: AlertStore) -> None:
    (alert,) = store.record([BREACH], NOW)
    told = Told(1, BREACH.severity, BREACH.value, len(BREACH.affected))
    store.note_delivery(Delivery(alert.alert_id, NOW, 1, 200, told, is_delivered=True))
    store.record([replace(BREACH, value=1.9 * BREACH.value)], NOW + HOUR)
    with store.undelivered() as waiting:
        assert waiting == ()
    store.record([replace(BREACH, value=2 * BREACH.value)], NOW + 2 * HOUR)
    with store.undelivered() as waiting:
        assert [one.told for one in waiting] == [replace(told, message=2, value=2 * BREACH.value)]
        store.note_delivery(Delivery(alert.alert_id, NOW, 1, 200, waiting[0].told, is_delivered=True))
    with store.undelivered() as waiting:
        assert waiting == ()


def test_keeps_the_newest_figure_of_each_window(database_url: str) -> None:
    first = Measurement("psi", WINDOW, 500, 0.31, "income", 0.2, 0.4)
    later = replace(first, count=600, value=0.35)
    nothing = Measurement("psi", WINDOW, 3, None, "age")
    keep_measurements(database_url, [first, nothing], measured_at=NOW)
    keep_measurements(database_url, [later], measured_at=NOW + HOUR)
    keep_measurements(database_url, [first], measured_at=NOW)
    assert read_measured(database_url, ["psi"], since=WINDOW.start) == (nothing, later)
    assert read_measured(database_url, ["other"], since=WINDOW.start) == ()
    assert read_measured(database_url, ["psi"], since=WINDOW.end) == ()


def test_of_the_windows_that_end_on_one_day_the_last_is_kept(database_url: str) -> None:
    def week_to(hour: int, *, day: int = 8, subject: str = "income") -> Measurement:
        end = datetime(2026, 6, day, hour, tzinfo=UTC)
        return Measurement("psi", Window(end - 7 * 24 * HOUR, end), 500, hour / 100, subject)

    day_before, whole = week_to(23, day=7), week_to(9, subject="")
    for one in (day_before, week_to(9), week_to(10), week_to(11), whole):
        keep_measurements(database_url, [one], measured_at=NOW)
    kept = read_measured(database_url, ["psi"], since=WINDOW.start)
    assert kept == (whole, day_before, week_to(11))
    shorter = Measurement("psi", Window(datetime(2026, 6, 8, tzinfo=UTC), datetime(2026, 6, 8, 12, tzinfo=UTC)), 9, 0.5)
    keep_measurements(database_url, [shorter], measured_at=NOW + (92 * 24 - 2) * HOUR)
    assert read_measured(database_url, ["psi"], since=WINDOW.start) == (whole, shorter, week_to(11))


def test_an_unmigrated_database_is_an_error_with_its_remedy(unmigrated_url: str) -> None:
    with pytest.raises(DecisionLogError, match="run `solvent db upgrade`"):
        AlertStore(unmigrated_url).list()
    with pytest.raises(DecisionLogError, match="run `solvent db upgrade`"):
        keep_measurements(unmigrated_url, [], measured_at=NOW)


@pytest.fixture
def run(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.setenv("SOLVENT_DATABASE_URL", database_url)

    def run_command(*arguments: str) -> tuple[int, str, str]:
        code = main(["alerts", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run_command


def test_the_commands_list_acknowledge_and_resolve(store: AlertStore, run: Callable[..., tuple[int, str, str]]) -> None:
    assert run("list") == (0, "no open alerts\n", "")
    store.record([BREACH], NOW)
    assert run("list") == (
        0,
        "   1  HIGH      since 2026-06-08 12:00  open  shift\n      psi is 0.31\n      do: Look.\n",
        "",
    )
    assert run("acknowledge", "1", "--who", "ana") == (0, "alert 1 (shift) was acknowledged by ana\n", "")
    code, out, _ = run("acknowledge", "1", "--who", "ben")
    assert code == 0
    assert re.fullmatch(r"alert 1 \(shift\) was acknowledged by ana already, on \d{4}-\d\d-\d\d \d\d:\d\d UTC\n", out)
    assert run("resolve", "1", "--note", "bad feed", "--who", "ben") == (0, "alert 1 (shift) is resolved\n", "")
    assert run("list")[1] == "no open alerts\n"
    assert "by ben  shift\n      psi is 0.31\n      resolved: bad feed\n" in run("list", "--all")[1]
    assert run("resolve", "1", "--note", "x") == (
        1,
        "",
        "error: alert 1 is resolved already: `solvent alerts list` shows the open ones\n",
    )


def test_an_officer_handles_alerts_and_cannot_make_one(store: AlertStore, database_url: str) -> None:
    (alert,) = store.record([BREACH], NOW)
    officers = AlertStore(database_url, session=AS_OFFICER)
    assert officers.acknowledge(alert.alert_id, who="ada", now=NOW).acknowledged_by == "ada"
    assert officers.resolve(alert.alert_id, note="a new campaign", who="ada", now=NOW + HOUR).resolved_by == "ada"
    with pytest.raises(DecisionLogError, match="the alerts cannot be used"):
        officers.record([OTHER], NOW)

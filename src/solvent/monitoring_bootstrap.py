"""Builds what monitors need; apart from `bootstrap`, because the process that answers requests loads none of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from solvent.bundle.files import PROFILE_FILE, REFERENCE_FILE, read_bundle
from solvent.bundle.recorded import restore_bundle
from solvent.decision_log.database.connections import SyncConnection, begin_session, connect_sync
from solvent.decision_log.database.roles import AS_MONITOR
from solvent.decision_log.reading.decided_outcomes import read_decided_outcomes
from solvent.decision_log.reading.monitoring import ObservedDecisions
from solvent.decision_log.registers.alerts import AlertStore
from solvent.decision_log.registers.drift_reports import has_report
from solvent.decision_log.registers.measurements import keep_measurements, wait_for_turn
from solvent.decision_log.registers.model_switches import find_version_in_force
from solvent.decision_log.registers.models import list_models, read_files
from solvent.domain.clock import utc_now
from solvent.domain.measurements import Window
from solvent.domain.policy import Policy
from solvent.errors import DecisionLogError, MonitoringError
from solvent.monitoring.alert_rules import read_rules
from solvent.monitoring.input_watch import InputReport
from solvent.monitoring.performance import assess_performance
from solvent.monitoring.performance_report import PerformanceReport
from solvent.monitoring.run import Watch
from solvent.monitoring.watched_model import WatchedModel, watch_model
from solvent.monitoring.watching import InputMonitor, LedgerMonitor, OperationsMonitor, PerformanceMonitor
from solvent.monitoring.webhook import Webhook
from solvent.settings import Settings


@contextmanager
def observe_log(url: str) -> Iterator[tuple[ObservedDecisions, SyncConnection]]:
    """Give the log as monitors read it, with their rights and no more, and the connection below it.

    Raises:
        DecisionLogError: the database is away, or the login may not act as a monitor.
    """
    with connect_sync(url, application_name="solvent-monitor") as connection:
        begin_session(connection, AS_MONITOR)
        yield ObservedDecisions(connection), connection


def watch_recorded_model(connection: SyncConnection, version: str) -> WatchedModel:
    """Make a model ready to be compared with, from what the log kept of it.

    Raises:
        DecisionLogError: the log does not know the version, or a file was altered.
        MonitoringError: the log kept nothing that says what is normal.
        BundleError: the files do not make a bundle.
    """
    found = next((model for model in list_models(connection) if model.model_version == version), None)
    if found is None:
        raise DecisionLogError(f"the log holds no model of version {version}: run `solvent ledger verify`")
    files = read_files(connection, found)
    if PROFILE_FILE not in files:
        raise MonitoringError(f"the log keeps no profile of model {version}: give its folder, --bundle BUNDLE")
    return watch_model(restore_bundle(found.manifest, files), files.get(REFERENCE_FILE))


def watch_bundle(folder: Path) -> WatchedModel:
    """The same from the folder of a bundle; raises BundleError."""
    bundle = read_bundle(folder)
    return watch_model(bundle, bundle.reference_path.read_bytes())


@contextmanager
def watch_everything(url: str, settings: Settings, *, bundle: Path | None = None) -> Iterator[Watch]:
    """Give every monitor of the deployment, its rules, and where alerts go, to one caller at a time.

    With `bundle` inputs are compared with that folder, without it with what the log kept of the model that decides.

    Raises:
        MonitoringError: the rules cannot be used.
        DecisionLogError: the database is away.
    """
    rules = read_rules(settings.alert_rules)
    hook = settings.alert_webhook
    with observe_log(url) as (log, connection):
        wait_for_turn(connection)

        def find_model(version: str) -> WatchedModel:
            return watch_recorded_model(connection, version) if bundle is None else watch_bundle(bundle)

        def keep_report(report: InputReport, now: datetime) -> None:
            record = report.to_record(now)
            if not has_report(connection, record.period_start, record.period_end, record.reference_dataset):
                log.keep_drift_report(record)

        yield Watch(
            monitors=(
                InputMonitor(log, find_model, keep_report),
                OperationsMonitor(log),
                LedgerMonitor(log),
                PerformanceMonitor(partial(measure_performance, connection)),
            ),
            rules=rules,
            alerts=AlertStore(url),
            keep=lambda measurements, now: keep_measurements(url, measurements, measured_at=now),
            webhook=None if hook is None else Webhook(hook.get_secret_value(), clock=utc_now),
            apart=connection.transaction,
        )


def measure_performance(
    connection: SyncConnection, window: Window, now: datetime, model_version: str | None = None
) -> PerformanceReport | None:
    """Judge the decisions of a window, of all model versions or of one; None without any.

    The policy is that of the one, or of the model in force; of a log that knows no switch, that of the newest model.

    Raises:
        DecisionLogError: the log cannot be read, or a policy in it was altered.
    """
    policy = _find_policy(connection, model_version)
    if policy is None:
        return None
    outcomes = read_decided_outcomes(
        connection,
        window.start,
        window.end,
        as_of=now,
        definition=policy.default_definition,
        model_version=model_version,
    )
    return assess_performance(outcomes, policy, as_of=now) if outcomes.rows else None


def _find_policy(connection: SyncConnection, version: str | None) -> Policy | None:
    models = {model.model_version: model for model in list_models(connection)}
    wanted = version or find_version_in_force(connection) or next(reversed(models), None)
    if wanted is None or wanted not in models:
        return None
    return restore_bundle(models[wanted].manifest, read_files(connection, models[wanted])).policy

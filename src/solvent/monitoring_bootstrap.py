"""Builds what monitors need; apart from `bootstrap`, because the process that answers requests loads none of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from solvent.bundle.files import PROFILE_FILE, REFERENCE_FILE, read_bundle
from solvent.bundle.recorded import restore_bundle
from solvent.decision_log.database.connections import SyncConnection, connect_sync
from solvent.decision_log.reading.monitoring import ObservedDecisions
from solvent.decision_log.registers.models import list_models, read_files
from solvent.errors import DecisionLogError, MonitoringError
from solvent.monitoring.watched_model import WatchedModel, watch_model


@contextmanager
def observe_log(url: str) -> Iterator[tuple[ObservedDecisions, SyncConnection]]:
    """Give the log as monitors read it, and the connection below it; raises DecisionLogError."""
    with connect_sync(url, application_name="solvent-monitor") as connection:
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

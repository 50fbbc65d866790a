"""What the registers keep, as the pages show it: each with the statement that gave it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.figures.questions import Answer, as_text
from solvent.decision_log.registers import alerts, drift_reports, measurements, model_switches, models
from solvent.domain.alerts import Alert
from solvent.domain.measurements import Measurement
from solvent.domain.observations import DriftRecord
from solvent.domain.records import ServedModel
from solvent.domain.switches import ModelSwitch
from solvent.errors import DecisionLogError


@dataclass(frozen=True, slots=True)
class KeptModel:
    """A model of the log, and the files that the log keeps of it, by name."""

    model: ServedModel
    files: Mapping[str, bytes]


def read_alerts(connection: SyncConnection, *, with_resolved: bool, limit: int) -> Answer[tuple[Alert, ...]]:
    """The open alerts, the gravest and newest first, then, if wanted, the resolved ones."""
    found = alerts.list_alerts(connection, with_resolved=with_resolved, limit=limit)
    return Answer(found, as_text(connection, alerts.LIST, (with_resolved, limit)), len(found))


def read_drift_reports(connection: SyncConnection, *, limit: int = 100) -> Answer[tuple[DriftRecord, ...]]:
    """The latest reports, the newest first."""
    found = drift_reports.list_reports(connection, limit=limit)
    return Answer(found, as_text(connection, drift_reports.LIST, (limit,)), len(found))


def read_measured(
    connection: SyncConnection, metrics: Sequence[str], *, since: datetime
) -> Answer[tuple[Measurement, ...]]:
    """The kept figures of these metrics whose window ends after `since`, by metric, subject and window."""
    found = measurements.list_measurements(connection, metrics, since=since)
    return Answer(found, as_text(connection, measurements.READ, (list(metrics), since)), len(found))


def read_switches(connection: SyncConnection, *, limit: int) -> Answer[tuple[ModelSwitch, ...]]:
    """The newest switches of the model first."""
    found = model_switches.list_switches(connection, limit=limit)
    return Answer(found, as_text(connection, model_switches.LIST, (limit,)), len(found))


def read_model(connection: SyncConnection, version: str) -> Answer[KeptModel]:
    """A model with its files.

    Raises:
        DecisionLogError: the log does not know the version.
        AlteredLogError: a file was altered.
    """
    found = next((model for model in models.list_models(connection) if model.model_version == version), None)
    if found is None:
        raise DecisionLogError(f"the log holds no model of version {version}: run `solvent ledger verify`")
    files = models.read_files(connection, found)
    digests = list(models.file_digests(found).values())
    query = f"{as_text(connection, models.LIST, ())};\n{as_text(connection, models.FIND_FILES, (digests,))};"
    return Answer(KeptModel(found, files), query, len(files))

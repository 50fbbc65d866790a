"""What the pages read, kept for a minute by window: two visitors of one page cost one query."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import streamlit as st

from solvent.bundle.files import EVALUATION_FILE, MODEL_CARD_FILE
from solvent.bundle.json_form import read_document
from solvent.bundle.manifest import Manifest
from solvent.bundle.policy import POLICY_FILE, read_policy
from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.database.roles import AS_OFFICER
from solvent.decision_log.figures import amounts, kept, operations, overview, risk
from solvent.decision_log.figures.chains import ChainState, read_chain_state
from solvent.decision_log.figures.comparison import Quartiles, read_quartiles
from solvent.decision_log.figures.questions import Answer, Scope, open_reader
from solvent.decision_log.figures.roll_ups import find_span, roll_up
from solvent.decision_log.registers.models import list_models
from solvent.domain.alerts import Alert
from solvent.domain.measurements import Measurement
from solvent.domain.observations import DriftRecord
from solvent.domain.policy import Policy
from solvent.domain.switches import ModelSwitch

FRESH_SECONDS = 60.0
MOST_KEPT = 300
"""Answers kept in memory; the largest are some hundred kB."""

T = TypeVar("T")
_cached = st.cache_data(ttl=FRESH_SECONDS, max_entries=MOST_KEPT, show_spinner=False)


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that the log knows; `threshold` is the probability of default from which it refuses."""

    version: str
    threshold: float


@dataclass(frozen=True, slots=True)
class KnownModels:
    """The models of the log and which of them came into force when, the newest switch first."""

    models: tuple[KnownModel, ...]
    switches: Answer[tuple[ModelSwitch, ...]]

    def in_force(self) -> KnownModel | None:
        """The model that was switched to last; without a switch the newest one, without a model None."""
        by_version = {model.version: model for model in self.models}
        for switch in self.switches.value:
            if switch.model_version in by_version:
                return by_version[switch.model_version]
        return self.models[-1] if self.models else None

    def find(self, version: str | None) -> KnownModel | None:
        """The model of a version, or the one in force."""
        return next((model for model in self.models if model.version == version), None) or self.in_force()


@dataclass(frozen=True)
class ModelDocuments:
    """What is said of a model, and the `query` that read it; evaluation and card are empty where the log kept none."""

    manifest: Manifest
    policy: Policy
    evaluation: Mapping[str, Any]
    card: str
    query: str


@_cached
def read_models(url: str) -> KnownModels:
    """Models and switches; raises DecisionLogError."""
    with open_reader(url) as connection:
        models = tuple(KnownModel(model.model_version, model.threshold) for model in list_models(connection))
        return KnownModels(models, kept.read_switches(connection, limit=200))


@_cached
def count_new(url: str) -> datetime:
    """Bring the hourly figures up to date, and return when that was."""
    roll_up(url)
    return datetime.now(UTC)


@_cached
def read_span(url: str) -> tuple[datetime, datetime] | None:
    """When the first and the last decision arrived."""
    with open_reader(url) as connection:
        return find_span(connection)


def _over_scope(read: Callable[[SyncConnection, Scope], Answer[T]]) -> Callable[[str, Scope], Answer[T]]:
    def ask(url: str, scope: Scope) -> Answer[T]:
        with open_reader(url) as connection:
            return read(connection, scope)

    ask.__qualname__ = f"{read.__module__}.{read.__qualname__}"  # the name under which the answers are kept
    kept: Callable[[str, Scope], Answer[T]] = _cached(ask)
    return kept


read_activity = _over_scope(overview.read_activity)
read_probabilities = _over_scope(overview.read_probabilities)
read_latencies = _over_scope(operations.read_latencies)
read_slowest = _over_scope(operations.read_slowest)
read_errors = _over_scope(operations.read_errors)
read_amounts = _over_scope(amounts.read_amounts)


read_outcomes = _over_scope(risk.read_outcomes)


@_cached
def read_drift_reports(url: str) -> Answer[tuple[DriftRecord, ...]]:
    """The newest reports first."""
    with open_reader(url) as connection:
        return kept.read_drift_reports(connection)


@_cached
def read_measured(url: str, metrics: tuple[str, ...], since: datetime) -> Answer[tuple[Measurement, ...]]:
    """What the monitors kept of these metrics in windows that end after `since`."""
    with open_reader(url) as connection:
        return kept.read_measured(connection, metrics, since=since)


def read_alerts(url: str, *, with_resolved: bool, limit: int) -> Answer[tuple[Alert, ...]]:
    """The alerts as they are now: who presses a button sees at once what it did."""
    with open_reader(url) as connection:
        return kept.read_alerts(connection, with_resolved=with_resolved, limit=limit)


@_cached
def read_chains(url: str) -> Answer[ChainState]:
    """How far the chains of the log have come."""
    with open_reader(url) as connection:
        return read_chain_state(connection)


@_cached
def read_peers(url: str, model_version: str) -> Answer[tuple[Quartiles, ...]]:
    """What the top features of approved and refused clients were lately."""
    with open_reader(url, session=AS_OFFICER) as connection:
        return read_quartiles(connection, model_version)


@_cached
def read_documents(url: str, version: str) -> ModelDocuments:
    """What the log keeps of a model besides the files that decide.

    Raises:
        DecisionLogError: the log does not know the version, or a file was altered.
        BundleError: what the log holds is no manifest, policy or evaluation.
    """
    with open_reader(url) as connection:
        answer = kept.read_model(connection, version)
    files = answer.value.files
    return ModelDocuments(
        manifest=Manifest.from_json(answer.value.model.manifest),
        policy=read_policy(files[POLICY_FILE]),
        evaluation=read_document(files[EVALUATION_FILE], file=EVALUATION_FILE) if EVALUATION_FILE in files else {},
        card=files.get(MODEL_CARD_FILE, b"").decode(errors="replace"),
        query=answer.query,
    )


def next_full_hour(now: datetime) -> datetime:
    """The end of windows that reach until now."""
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)

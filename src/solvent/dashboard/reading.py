"""What the pages read, kept for a minute by window: two visitors of one page cost one query."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import streamlit as st

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.figures import amounts, operations, overview
from solvent.decision_log.figures.questions import Answer, Scope, open_reader
from solvent.decision_log.figures.roll_ups import find_span, roll_up
from solvent.decision_log.registers.model_switches import read_switches
from solvent.decision_log.registers.models import list_models
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
    switches: tuple[ModelSwitch, ...]

    def in_force(self) -> KnownModel | None:
        """The model that was switched to last; without a switch the newest one, without a model None."""
        by_version = {model.version: model for model in self.models}
        for switch in self.switches:
            if switch.model_version in by_version:
                return by_version[switch.model_version]
        return self.models[-1] if self.models else None

    def find(self, version: str | None) -> KnownModel | None:
        """The model of a version, or the one in force."""
        return next((model for model in self.models if model.version == version), None) or self.in_force()


@_cached
def read_models(url: str) -> KnownModels:
    """Models and switches; raises DecisionLogError."""
    with open_reader(url) as connection:
        models = tuple(KnownModel(model.model_version, model.threshold) for model in list_models(connection))
    return KnownModels(models, tuple(read_switches(url, limit=200)))


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


def next_full_hour(now: datetime) -> datetime:
    """The end of windows that reach until now."""
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)

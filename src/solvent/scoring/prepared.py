"""Brings an accepted application together with its history, and computes its features."""

import time
from dataclasses import dataclass
from typing import Any

import orjson

from solvent.domain.records import StoredHistory
from solvent.errors import FeatureError
from solvent.features.request_engine import ReducedHistory
from solvent.scoring.applications import Application
from solvent.scoring.model import Features, Model


@dataclass(frozen=True, slots=True)
class Prepared:
    """An application with its features.

    `source` says where its history came from: the request, the store (as `stored`), or nowhere. `usable_share`: of the
    application columns that the model reads. `milliseconds`: what all this took.
    """

    application: Application
    source: str
    warnings: tuple[str, ...]
    stored: bytes | None
    features: Features
    usable_share: float
    milliseconds: float

    def describe(self) -> dict[str, Any]:
        """What a record says of the application, by field of `DecisionRecord`."""
        application = self.application
        return {
            "client_id": application.client_id,
            "loan_amount": application.columns.get("AMT_CREDIT"),
            "warnings": self.warnings,
            "application": orjson.dumps({**application.columns, **(application.history or {})}),
            "history_source": self.source,
            "stored_history": self.stored,
            "data_quality_score": self.usable_share,
        }


@dataclass(frozen=True, slots=True)
class _Found:
    """A history, and where it came from."""

    history: ReducedHistory | None
    source: str
    warnings: tuple[str, ...]
    stored: bytes | None = None


def prepare(model: Model, application: Application, stored: StoredHistory | None, *, started_ns: int) -> Prepared:
    """Compute the features of an application with the history of its request, or what is stored of the client."""
    found = _find_history(model, application, stored)
    features, usable_share = model.compute_features_and_share(application.columns, found.history)
    milliseconds = (time.perf_counter_ns() - started_ns) / 1e6
    return Prepared(application, found.source, found.warnings, found.stored, features, usable_share, milliseconds)


def _find_history(model: Model, application: Application, stored: StoredHistory | None) -> _Found:
    if application.history is not None:
        return _Found(model.engine.reduce_history(application.history), "request", application.warnings)
    if stored is None:
        return _Found(None, "none", (*application.warnings, "no_history"))
    try:
        history = ReducedHistory.from_bytes(stored.payload)
    except FeatureError:
        return _Found(None, "none", (*application.warnings, "stored_history_damaged"))
    return _Found(history, "stored", application.warnings, stored.payload)

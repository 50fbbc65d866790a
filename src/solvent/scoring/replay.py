"""Recomputes recorded decisions from what the log kept, and says where the result is another one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from solvent.domain.records import RecordedDecision
from solvent.errors import FeatureError
from solvent.features.request_engine import ReducedHistory
from solvent.scoring.model import Assessment, Model
from solvent.tables.schemas import HISTORY_TABLES

MOST_KEPT = 100


@dataclass(slots=True)
class ReplaySummary:
    """How many decisions were recomputed, how many were erased, and what differs: request id and fields."""

    replayed: int = 0
    erased: int = 0
    different: int = 0
    differences: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def add(self, recorded: RecordedDecision, fields: tuple[str, ...]) -> None:
        """Count one decision; the first hundred that differ are kept."""
        self.replayed += 1
        self.different += bool(fields)
        if fields and len(self.differences) < MOST_KEPT:
            self.differences.append((str(recorded.request_id), fields))


def replay_all(
    decisions: Iterable[RecordedDecision],
    model: Model,
    summary: ReplaySummary,
    *,
    tell: Callable[[int], None] = lambda _count: None,
) -> None:
    """Recompute the decisions of one model into the summary; `tell` hears of every decision that was looked at."""
    for recorded in decisions:
        if recorded.is_erased:
            summary.erased += 1
        else:
            summary.add(recorded, find_differences(recorded, model))
        tell(summary.replayed + summary.erased)


def find_differences(recorded: RecordedDecision, model: Model) -> tuple[str, ...]:
    """Name the columns that come out otherwise today, numbers compared bit for bit.

    Args:
        recorded: a decision that is not erased.
        model: made of the files that the log kept of the decision's model.
    """
    try:
        again = recompute(recorded, model)
    except FeatureError:
        return ("stored_history",)
    pairs: dict[str, tuple[object, object]] = {
        "model_digest": (model.digest, recorded.model_digest),
        "features": (again.features.astype("<f4").tobytes(), recorded.features),
        "score": (again.score.hex(), recorded.score.hex()),
        "prediction_proba": (again.probability_default.hex(), recorded.prediction_proba.hex()),
        "decision": (again.decision.value, recorded.decision),
        "confidence_level": (again.risk_level.value, recorded.confidence_level),
        "decision_threshold": (model.bundle.policy.threshold.hex(), recorded.decision_threshold.hex()),
        "reasons": (tuple(reason.code for reason in again.reasons), recorded.reasons),
        "top_numbers": (
            tuple(None if isinstance(value, str) else value for value in again.top_values),
            recorded.top_numbers,
        ),
        "top_categories": (
            tuple(value if isinstance(value, str) else None for value in again.top_values),
            recorded.top_categories,
        ),
    }
    return tuple(name for name, (now, then) in pairs.items() if now != then)


def recompute(recorded: RecordedDecision, model: Model) -> Assessment:
    """Score the recorded application with the recorded history; raises FeatureError if that history is damaged."""
    columns, history = split_application(recorded.application or {})
    return assess_again(recorded, model, columns, history)


def assess_again(
    recorded: RecordedDecision, model: Model, columns: Mapping[str, Any], history: Mapping[str, Any]
) -> Assessment:
    """Score columns and history rows with the history that was stored when the decision was made, if it used that."""
    if recorded.history_source == "request":
        reduced = model.engine.reduce_history(history)
    elif recorded.stored_history is not None:
        reduced = ReducedHistory.from_bytes(recorded.stored_history)
    else:
        reduced = None
    return model.assess(model.compute_features(columns, reduced))


def split_application(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part a recorded application into its own columns and the rows of its history, by table."""
    history = {name: document[name] for name in HISTORY_TABLES if name in document}
    return {name: value for name, value in document.items() if name not in history}, history

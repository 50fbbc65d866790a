"""A model that scores beside the one in force, from the accepted input of decisions that are recorded already."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson

from solvent.domain.records import DecisionRecord
from solvent.features.request_engine import ReducedHistory
from solvent.scoring.applications import accept_application
from solvent.scoring.model import Assessment, Model

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ID_BYTES, _TIME_BYTES = 16, 8

FindHistory = Callable[[int, str], bytes | None]


@dataclass(frozen=True, slots=True)
class Copy:
    """What a shadow model gets of a decision: not the decision itself."""

    request_id: UUID
    received_at: datetime
    application: bytes

    @classmethod
    def of(cls, record: DecisionRecord) -> "Copy":
        """Copy a recorded decision's input."""
        return cls(record.request_id, record.received_at, record.application)

    def to_bytes(self) -> bytes:
        """A form that travels between processes."""
        moment = (self.received_at - _EPOCH) // _MICROSECOND
        return self.request_id.bytes + moment.to_bytes(_TIME_BYTES) + self.application

    @classmethod
    def from_bytes(cls, content: bytes) -> "Copy":
        """Read what `to_bytes` wrote."""
        moment = int.from_bytes(content[_ID_BYTES : _ID_BYTES + _TIME_BYTES])
        received_at = _EPOCH + moment * _MICROSECOND
        return cls(UUID(bytes=content[:_ID_BYTES]), received_at, content[_ID_BYTES + _TIME_BYTES :])


def score_beside(model: Model, copy: Copy, find_history: FindHistory) -> Assessment:
    """Score the application of a decision with another model.

    History rows of the request are used; without them, what is stored of the client for the program of this model.
    """
    application = accept_application(orjson.loads(copy.application))
    if application.history is not None:
        history: ReducedHistory | None = model.engine.reduce_history(application.history)
    else:
        stored = find_history(application.client_id, model.bundle.program.digest)
        history = None if stored is None else ReducedHistory.from_bytes(stored)
    return model.assess(model.compute_features(application.columns, history))

"""Keeps what a shadow model says of applications that were decided, for a comparison later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg

from solvent.decision_log.database.connections import SyncConnection, connect_sync
from solvent.errors import DecisionLogError

_FIND_HISTORY = "SELECT payload FROM client_features WHERE client_id = %s AND program_digest = %s"
_INSERT = """
INSERT INTO shadow_scores
    (request_id, timestamp, model_version, bundle_digest, score, probability_default, decision)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class ShadowScore:
    """The score of one application; `timestamp` is that of the decision."""

    request_id: UUID
    timestamp: datetime
    model_version: str
    bundle_digest: str
    score: float
    probability_default: float
    decision: str


class ShadowStore:
    """The database as the process of a shadow model uses it; it connects when it must, and again after a loss."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: SyncConnection | None = None

    def find_history(self, client_id: int, program_digest: str) -> bytes | None:
        """Return the client's stored history for that program; raises DecisionLogError."""
        try:
            connection = self._connect()
            row = connection.execute(_FIND_HISTORY, (client_id, program_digest), binary=True).fetchone()
        except psycopg.Error as error:
            raise self._lost() from error
        return None if row is None else bytes(row[0])

    def keep(self, scores: Sequence[ShadowScore]) -> None:
        """Store scores, all or none; raises DecisionLogError."""
        rows = [
            (one.request_id, one.timestamp, one.model_version, one.bundle_digest, one.score, one.probability_default,
             one.decision)
            for one in scores
        ]  # fmt: skip
        try:
            with self._connect().cursor() as cursor:
                cursor.executemany(_INSERT, rows)
        except psycopg.Error as error:
            raise self._lost() from error

    def close(self) -> None:
        """Disconnect."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connect(self) -> SyncConnection:
        if self._connection is None:
            self._connection = connect_sync(self._url, application_name="solvent-shadow")
            self._connection.autocommit = True
        return self._connection

    def _lost(self) -> DecisionLogError:
        self.close()
        return DecisionLogError("the scores of the shadow model cannot be kept now")

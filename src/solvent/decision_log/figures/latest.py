"""The latest decisions, to open one of them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.figures.questions import ask

LATEST = """
SELECT request_id, timestamp, decision, prediction_proba
FROM decisions ORDER BY timestamp DESC, request_id LIMIT %(limit)s
"""
OF_CLIENT = """
SELECT request_id, timestamp, decision, prediction_proba
FROM decisions JOIN opened_payloads p USING (request_id, timestamp)
WHERE p.client_id = %(client)s ORDER BY timestamp DESC, request_id LIMIT %(limit)s
"""
OPEN_CLIENT = "SELECT set_config('solvent.opened_client', %(client)s::text, true)"


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One decision in a list."""

    request_id: UUID
    timestamp: datetime
    decision: str
    probability_default: float


def read_latest(connection: SyncConnection, *, limit: int = 20) -> tuple[DecisionLine, ...]:
    """The newest decisions first."""
    return tuple(DecisionLine(*row) for row in ask(connection, LATEST, {"limit": limit}))


def read_of_client(connection: SyncConnection, client_id: int, *, limit: int = 50) -> tuple[DecisionLine, ...]:
    """The decisions on a client that are not erased, the newest first; needs the rights of an officer."""
    ask(connection, OPEN_CLIENT, {"client": client_id})
    return tuple(DecisionLine(*row) for row in ask(connection, OF_CLIENT, {"client": client_id, "limit": limit}))

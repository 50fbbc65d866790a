"""Decisions read back whole, to recompute, explain or export them."""

import json
import zlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.database.schema import DECISION_COLUMNS, PAYLOAD_COLUMNS
from solvent.domain.records import RecordedDecision
from solvent.errors import AlteredLogError, DecisionLogError

_COLUMNS = ", ".join([*DECISION_COLUMNS, *(name for name in PAYLOAD_COLUMNS if name not in DECISION_COLUMNS)])
READ = f"SELECT {_COLUMNS} FROM decisions LEFT JOIN decision_payloads USING (request_id, timestamp)"  # noqa: S608
BY_REQUEST = f"{READ} WHERE request_id = %s"
OPENED = BY_REQUEST.replace("decision_payloads", "opened_payloads")
OPEN_REQUEST = "SELECT set_config('solvent.opened_request', %s, true)"
BY_MODEL = f"{READ} WHERE model_version = %s ORDER BY timestamp, request_id"
BY_CLIENT = f"{READ} WHERE client_id = %s ORDER BY timestamp, request_id"
BATCH = 500


def count_decisions(connection: SyncConnection) -> dict[str, int]:
    """How many decisions each model made, by its version."""
    return dict(connection.execute("SELECT model_version, count(*) FROM decisions GROUP BY 1 ORDER BY 1").fetchall())


def find_decision(connection: SyncConnection, request_id: UUID) -> RecordedDecision | None:
    """Return the decision of a request, if there is one."""
    return next(_read(connection, BY_REQUEST, request_id), None)


def open_decision(connection: SyncConnection, request_id: UUID) -> RecordedDecision | None:
    """Return the decision of a request with the rights of an officer, who sees the payload of that one alone."""
    try:
        connection.execute(OPEN_REQUEST, (str(request_id),))
    except psycopg.Error as error:
        raise DecisionLogError("decisions cannot be read: run `solvent db check`") from error
    return next(_read(connection, OPENED, request_id), None)


def read_decisions(connection: SyncConnection, model_version: str) -> Iterator[RecordedDecision]:
    """Yield the decisions of a model, the oldest first, a few hundred at a time."""
    return _read(connection, BY_MODEL, model_version)


def read_decisions_of(connection: SyncConnection, client_id: int) -> Iterator[RecordedDecision]:
    """Yield the decisions on a client that are not erased, the oldest first."""
    return _read(connection, BY_CLIENT, client_id)


def _read(connection: SyncConnection, query: str, value: object) -> Iterator[RecordedDecision]:
    try:
        with connection.cursor("decisions", row_factory=dict_row, binary=True) as cursor:
            cursor.itersize = BATCH
            cursor.execute(query.encode(), (value,))
            for row in cursor:
                yield _as_decision(row)
    except psycopg.Error as error:
        raise DecisionLogError("decisions cannot be read: run `solvent db check`") from error


def _as_decision(row: dict[str, Any]) -> RecordedDecision:
    compressed = row.pop("input")
    for name in ("warning_flags", "reasons", "top_numbers", "top_categories"):
        row[name] = None if row[name] is None else tuple(row[name])
    return RecordedDecision(application=None if compressed is None else json.loads(inflate(compressed)), **row)


def inflate(compressed: bytes) -> bytes:
    """Unpack a recorded input; raises AlteredLogError if it was altered."""
    try:
        return zlib.decompress(compressed)
    except zlib.error as error:
        raise AlteredLogError("a recorded input was altered: run `solvent ledger verify`") from error

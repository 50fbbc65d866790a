"""Everything that the log holds about a client, as one JSON document."""

from datetime import datetime
from typing import Any

import numpy as np
import orjson
import psycopg
from psycopg.rows import dict_row

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.reading.recorded import read_decisions_of
from solvent.decision_log.registers.models import list_models, read_files
from solvent.domain.records import RecordedDecision
from solvent.errors import DecisionLogError, FeatureError
from solvent.features.program import Program
from solvent.features.request_engine import ReducedHistory

PROGRAM_FILE = "features.json"
HISTORIES = "SELECT program_digest, stored_at, payload FROM client_features WHERE client_id = %s ORDER BY 1"
OUTCOMES = """
SELECT request_id, kind, observed_at, reported_at, defaulted, withdrawn
FROM outcomes WHERE request_id = ANY(%s) ORDER BY id
"""
SHADOW = """
SELECT request_id, model_version, score, probability_default, decision
FROM shadow_scores WHERE request_id = ANY(%s) ORDER BY 1, 2
"""
ANSWERS = """
SELECT claimed_at, key, answer FROM idempotency_claims
WHERE request_id = ANY(%s) OR position(%s::bytea IN answer) > 0 ORDER BY claimed_at
"""

REPEATED = {"features", "stored_history", "model_digest", "commitment", "code_digest", "top_numbers", "top_categories"}
"""Fields that are decoded below, stand in `features` too, or say nothing about the client."""


def export_client(connection: SyncConnection, client_id: int, *, now: datetime) -> bytes:
    """Collect decisions with their input and features, stored histories, outcomes and cached answers: JSON, indented.

    A cached answer to a batch is cut down to the entries of this client.

    Raises:
        DecisionLogError: the log cannot be read.
    """
    try:
        decisions = list(read_decisions_of(connection, client_id))
        requests = [decision.request_id for decision in decisions]
        names = _read_names(connection)
        document = {
            "client_id": client_id,
            "exported_at": now,
            "decisions": [_describe(decision, names.get(decision.model_version, ())) for decision in decisions],
            "outcomes": _fetch(connection, OUTCOMES, (requests,)),
            "shadow_scores": _fetch(connection, SHADOW, (requests,)),
            "stored_histories": [
                {**row, "payload": _describe_history(row["payload"])}
                for row in _fetch(connection, HISTORIES, (client_id,))
            ],
            "cached_answers": [
                {**row, "answer": _cut(row["answer"], client_id)}
                for row in _fetch(connection, ANSWERS, (requests, b'"client_id":%d,' % client_id))
            ],
        }
    except psycopg.Error as error:
        raise DecisionLogError("the log cannot be read: run `solvent db check`") from error
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)


def _fetch(connection: SyncConnection, query: str, parameters: tuple[object, ...]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()


def _read_names(connection: SyncConnection) -> dict[str, tuple[str, ...]]:
    names = {}
    for model in list_models(connection):
        content = read_files(connection, model).get(PROGRAM_FILE)
        if content is not None:
            names[model.model_version] = Program.from_json(content).names
    return names


def _describe(decision: RecordedDecision, names: tuple[str, ...]) -> dict[str, Any]:
    plain = {name: getattr(decision, name) for name in decision.__dataclass_fields__ if name not in REPEATED}
    values = np.frombuffer(decision.features or b"", "<f4").tolist()
    history = decision.stored_history
    return {
        **plain,
        "features": dict(zip(names, values, strict=True)) if len(names) == len(values) else values,
        "stored_history": None if history is None else _describe_history(history),
    }


def _describe_history(payload: bytes) -> object:
    try:
        history = ReducedHistory.from_bytes(payload)
    except FeatureError:
        return payload.hex()
    return {
        "statistics": {str(node): value for node, value in history.aggregates.items()},
        "rows": {str(node): list(rows) for node, rows in history.rows.items()},
    }


def _cut(answer: bytes, client_id: int) -> object:
    document = orjson.loads(answer)
    if "results" not in document:
        return document
    return [entry for entry in document["results"] if entry.get("result", {}).get("client_id") == client_id]

"""Records as rows: the statements that store them, and their values in the order of the columns, in binary form."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from solvent.decision_log.audit.canonical import (
    Value,
    encode_float8,
    encode_int2,
    encode_int8,
    encode_numbers,
    encode_texts,
    encode_time,
    frame,
)
from solvent.decision_log.audit.chain import Chain, commit_to
from solvent.decision_log.database.schema import DECISION_COLUMNS, FAILURE_COLUMNS, PAYLOAD_COLUMNS
from solvent.decision_log.writing.copying import copy_statement
from solvent.domain.policy import Decision
from solvent.domain.records import DecisionRecord, FailureRecord, Submission

Row = list[Value]

_OK = encode_int2(200)
_FASTEST = 1
"""zlib level: 23 microseconds for 5 kB, against 0.6 ms that a JSONB of 25 kB costs the server."""


def _insert(table: str, columns: Iterable[str]) -> bytes:
    names = tuple(columns)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(['%b'] * len(names))})".encode()  # noqa: S608


INSERT_DECISION = _insert("decisions", (*DECISION_COLUMNS, "link"))
INSERT_PAYLOAD = _insert("decision_payloads", (*PAYLOAD_COLUMNS, "commitment_key"))
INSERT_FAILURE = _insert("request_failures", (*FAILURE_COLUMNS, "link"))
COPY_DECISIONS = copy_statement("decisions", (*DECISION_COLUMNS, "link"))
COPY_PAYLOADS = copy_statement("decision_payloads", (*PAYLOAD_COLUMNS, "commitment_key"))


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A submission with the part of its rows that can be made before its turn comes.

    `payloads` and `commitments` stand in the order of the submission's decisions.
    """

    submission: Submission
    payloads: tuple[Row, ...]
    commitments: tuple[bytes, ...]


def prepare(submission: Submission) -> Prepared:
    """Compress the inputs of a submission and commit to them, in the time of the caller instead of the writer's."""
    payloads: list[Row] = []
    commitments: list[bytes] = []
    for record in submission.decisions:
        row = _payload_row(record)
        key, committed = commit_to(row)
        payloads.append([*row, key])
        commitments.append(committed)
    return Prepared(submission, tuple(payloads), tuple(commitments))


def _payload_row(record: DecisionRecord) -> Row:
    return [
        record.request_id.bytes,
        encode_time(record.received_at),
        encode_int8(record.client_id),
        None if record.loan_amount is None else encode_float8(record.loan_amount),
        zlib.compress(record.application, _FASTEST),
        record.stored_history,
        record.features,
        encode_numbers(record.top_numbers),
        encode_texts(record.top_categories),
    ]


def decision_row(record: DecisionRecord, committed: bytes, *, chain: Chain, now: datetime) -> Row:
    """Return the row of a decision that is handed to the database `now`, as the next record of the chain."""
    row = [
        chain.writer_id.bytes,
        encode_int8(chain.sequence + 1),
        record.request_id.bytes,
        encode_time(record.received_at),
        record.model_digest,
        committed,
        record.code_digest,
        encode_time(record.scored_at),
        encode_time(now),
        record.caller.encode(),
        record.endpoint.encode(),
        record.model_version.encode(),
        record.api_version.encode(),
        encode_float8(record.timing.preprocessing_ms),
        encode_float8(record.timing.inference_ms),
        encode_float8(_response_ms(record, now)),
        encode_float8(record.memory_usage_mb),
        encode_float8(record.score),
        encode_float8(record.probability_default),
        encode_int2(record.decision is Decision.REFUSE),
        record.decision.value.encode(),
        record.risk_level.value.encode(),
        _OK,
        encode_float8(record.data_quality_score),
        encode_texts(record.warnings),
        encode_texts(tuple([reason.code for reason in record.reasons])),
        encode_float8(record.threshold),
        record.history_source.encode(),
    ]
    return [*row, chain.append(frame(row))]


def _response_ms(record: DecisionRecord, now: datetime) -> float:
    """Time since arrival; never less than its parts, should the clock have stepped back meanwhile."""
    parts = record.timing.preprocessing_ms + record.timing.inference_ms
    return max((now - record.received_at).total_seconds() * 1000.0, parts)


def failure_row(failure: FailureRecord, *, chain: Chain, now: datetime) -> Row:
    """Return the row of a request that got no decision, as the next record of the chain."""
    row: Row = [
        chain.writer_id.bytes,
        encode_int8(chain.sequence + 1),
        failure.request_id.bytes,
        encode_time(failure.received_at),
        encode_time(now),
        failure.endpoint.encode(),
        failure.model_version.encode(),
        failure.api_version.encode(),
        encode_float8(failure.total_response_ms),
        encode_float8(failure.memory_usage_mb),
        encode_int2(failure.http_status_code),
        failure.error_code.encode(),
    ]
    return [*row, chain.append(frame(row))]

"""The statements of one recording transaction, up to but not including its COMMIT."""

from collections.abc import Collection, Sequence
from datetime import datetime

from solvent.decision_log.audit.chain import Position
from solvent.decision_log.database.connections import Connection, RawDumper
from solvent.decision_log.writing.copying import COPY_FROM, copy_rows
from solvent.decision_log.writing.rows import (
    COPY_DECISIONS,
    COPY_PAYLOADS,
    INSERT_DECISION,
    INSERT_FAILURE,
    INSERT_PAYLOAD,
    Prepared,
    decision_row,
    failure_row,
)
from solvent.domain.records import Claim, FailureRecord, Receipt
from solvent.errors import KeyReusedError, LogUnavailableError

Key = tuple[str, str]
Outcome = Receipt | KeyReusedError | LogUnavailableError

# Sorted, in one statement: in order of arrival, 322 of 600 racing batches deadlocked; sorted, none.
CLAIM = b"""
INSERT INTO idempotency_claims (caller, key, body_digest, request_id, answer)
SELECT * FROM unnest(%b::text[], %b::text[], %b::bytea[], %b::uuid[], %b::bytea[]) ORDER BY 1, 2
ON CONFLICT DO NOTHING RETURNING caller, key
"""

FIND_ANSWERS = b"""
SELECT caller, key, body_digest, answer
FROM idempotency_claims JOIN unnest(%b::text[], %b::text[]) AS wanted (caller, key) USING (caller, key)
"""


# As large as a decision with a history, so that it finds a full disk; rolled back, it leaves nothing to be found.
PROBE = b"""
INSERT INTO decision_payloads (request_id, timestamp, client_id, input, features, top_numbers, top_categories)
VALUES (gen_random_uuid(), now(), 0, %b, '', '{}', '{}')
"""
PROBE_BYTES = 32 * 1024


async def probe(connection: Connection) -> None:
    """Find out whether the log can be written, and leave no trace; raises psycopg.Error if it cannot."""
    await connection.execute(PROBE, (bytes(PROBE_BYTES),))
    await connection.rollback()


async def record_batch(
    connection: Connection,
    batch: Sequence[Prepared],
    failures: list[FailureRecord],
    *,
    position: Position,
    now: datetime,
) -> tuple[list[Outcome], Position]:
    """Put a batch into the open transaction; returns what each submission gets, and the position after a COMMIT.

    Raises:
        psycopg.Error: the transaction has failed; nothing of the batch is recorded.
    """
    firsts = _first_of_each_key(batch)
    won = await _claim(connection, list(firsts.values()))
    earlier = await _find_answers(connection, firsts.keys() - won)
    known = {key: (_claim_of(firsts[key]).body_digest, firsts[key].submission.answer) for key in won} | earlier
    is_new = [one.submission.claim is None or (_key(one) in won and firsts[_key(one)] is one) for one in batch]
    new = [one for one, new in zip(batch, is_new, strict=True) if new]
    in_batches = [failure for one in new for failure in one.submission.failures]
    end = await _insert(connection, new, failures + in_batches, position=position, now=now)
    outcomes = [
        Receipt(one.submission.answer, repeated=False) if new else _repeat(one, known)
        for one, new in zip(batch, is_new, strict=True)
    ]
    return outcomes, end


def _first_of_each_key(batch: Sequence[Prepared]) -> dict[Key, Prepared]:
    firsts: dict[Key, Prepared] = {}
    for one in batch:
        if one.submission.claim is not None:
            firsts.setdefault(_key(one), one)
    return firsts


async def _claim(connection: Connection, claimants: list[Prepared]) -> set[Key]:
    """Claim the keys of all claimants, and return the keys that were free."""
    if not claimants:
        return set()
    claims = [_claim_of(one) for one in claimants]
    requests = [one.submission.decisions[0].request_id if one.submission.decisions else None for one in claimants]
    columns = (
        [claim.caller for claim in claims],
        [claim.key for claim in claims],
        [claim.body_digest for claim in claims],
        requests,
        [one.submission.answer for one in claimants],
    )
    async with connection.pipeline():
        cursor = await connection.execute(CLAIM, columns)
        return {(caller, key) for caller, key in await cursor.fetchall()}


async def _find_answers(connection: Connection, keys: Collection[Key]) -> dict[Key, tuple[bytes, bytes]]:
    """Return body digest and answer of keys that were claimed before."""
    if not keys:
        return {}
    cursor = await connection.execute(FIND_ANSWERS, ([key[0] for key in keys], [key[1] for key in keys]), binary=True)
    return {(caller, key): (digest, answer) for caller, key, digest, answer in await cursor.fetchall()}


async def _insert(
    connection: Connection,
    new: list[Prepared],
    failures: list[FailureRecord],
    *,
    position: Position,
    now: datetime,
) -> Position:
    end = position.copy()
    decisions = [
        decision_row(record, committed, chain=end.chains["decisions"], now=now)
        for one in new
        for record, committed in zip(one.submission.decisions, one.commitments, strict=True)
    ]
    payloads = [row for one in new for row in one.payloads]
    if len(decisions) >= COPY_FROM:
        async with connection.cursor() as cursor:
            await copy_rows(cursor, COPY_DECISIONS, decisions)
            await copy_rows(cursor, COPY_PAYLOADS, payloads)
        decisions = []
    if not decisions and not failures:
        return end
    async with connection.pipeline(), connection.cursor() as cursor:
        cursor.adapters.register_dumper(bytes, RawDumper)
        if decisions:
            await cursor.executemany(INSERT_DECISION, decisions)
            await cursor.executemany(INSERT_PAYLOAD, payloads)
        if failures:
            rows = [failure_row(failure, chain=end.chains["request_failures"], now=now) for failure in failures]
            await cursor.executemany(INSERT_FAILURE, rows)
    return end


def _repeat(one: Prepared, known: dict[Key, tuple[bytes, bytes]]) -> Outcome:
    if _key(one) not in known:
        return LogUnavailableError("the earlier answer to this Idempotency-Key was just removed: try again")
    digest, answer = known[_key(one)]
    if not digest:
        return KeyReusedError("what this Idempotency-Key answered was erased: use a new key for a new request")
    if digest != _claim_of(one).body_digest:
        return KeyReusedError("this Idempotency-Key came before with another body: use a new key for a new request")
    return Receipt(answer, repeated=True)


def _key(one: Prepared) -> Key:
    claim = _claim_of(one)
    return claim.caller, claim.key


def _claim_of(one: Prepared) -> Claim:
    if one.submission.claim is None:
        raise ValueError("the submission has no claim")
    return one.submission.claim

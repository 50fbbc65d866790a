"""Faults for the negative controls: each breaks one rule of the write path, so that the judge must find fault with it.

They are put into a process of the API from outside: the package itself knows nothing of them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import death_points
from solvent import bootstrap
from solvent.decision_log import batching, chain, connections, writer
from solvent.decision_log.connections import SyncConnection
from solvent.decision_log.waiting import Waiting, WaitingLine

EARLY_SECONDS = 0.05
"""How long before its commit a caller is told."""
DEATH_COUNT = 30
"""Answers that are sent before the process dies with the next one in hand."""


def answer_before_commit() -> None:
    """Tell callers of a decision before its transaction is committed."""
    taken: list[Waiting] = []
    take, record = WaitingLine.take, batching.record_batch

    def take_and_remember(line: WaitingLine, limit: int) -> Any:  # noqa: ANN401 - as WaitingLine.take
        batch, failures = take(line, limit)
        taken[:] = batch
        return batch, failures

    async def record_and_tell(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as record_batch
        outcomes, end = await record(*arguments, **options)
        for waiting, outcome in zip(taken, outcomes, strict=True):
            waiting.resolve(outcome)
        await asyncio.sleep(EARLY_SECONDS)
        return outcomes, end

    WaitingLine.take = take_and_remember  # type: ignore[method-assign]
    batching.record_batch = record_and_tell


def commit_without_waiting() -> None:
    """Let COMMIT return before it is on stable storage."""
    connections.SESSION = connections.SESSION.replace("synchronous_commit TO on", "synchronous_commit TO off")
    bootstrap.check_server_settings = lambda _connection: None


def claims_without_index() -> None:
    """Take the unique index from the Idempotency-Keys, and die with an answer that is recorded and not sent."""
    keep_claims_without_index()
    death_points.plant("before_send", DEATH_COUNT)


def keep_claims_without_index() -> None:
    """Take the unique index from the Idempotency-Keys."""

    def drop(connection: SyncConnection) -> None:
        connection.execute("ALTER TABLE idempotency_claims DROP CONSTRAINT IF EXISTS idempotency_claims_pkey")

    bootstrap.check_server_settings = drop


def link_skipped() -> None:
    """Let the tenth record of a chain rest on nothing."""
    link = chain.Chain.append

    def skip(one: chain.Chain, covered: bytes) -> bytes:
        if one.sequence == 9:
            one.link = chain.first_link(one.table, one.writer_id)
        return link(one, covered)

    chain.Chain.append = skip  # type: ignore[method-assign]


def row_doubled() -> None:
    """Record every decision twice, a microsecond apart."""
    prepare = writer.prepare

    def prepare_twice(submission: Any) -> Any:  # noqa: ANN401 - as prepare
        again = [replace(one, received_at=one.received_at + timedelta(microseconds=1)) for one in submission.decisions]
        return prepare(replace(submission, decisions=(*submission.decisions, *again)))

    writer.prepare = prepare_twice


FAULTS: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
    "answer before commit": (answer_before_commit, answer_before_commit),
    "commit without waiting": (commit_without_waiting, commit_without_waiting),
    "claims without index": (claims_without_index, keep_claims_without_index),
    "link skipped": (link_skipped, link_skipped),
    "row doubled": (row_doubled, row_doubled),
}
"""By name: what is planted before the kill, and in the process that is started after it."""

"""Faults for the negative controls: each breaks one rule of the write path, so that the judge must find fault with it.

They are put into a process of the API from outside: the package itself knows nothing of them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import death_points
from death_points import rewrite
from solvent import bootstrap
from solvent.decision_log.audit import chain
from solvent.decision_log.database import connections
from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.writing import batching, writer
from solvent.decision_log.writing.waiting import Waiting, WaitingLine
from solvent.domain.records import Submission

Call = Callable[..., Any]

EARLY_SECONDS = 0.2
"""How long before its commit a caller is told."""
DEATH_COUNT = 30
"""Answers that are sent before the process dies with the next one in hand."""


def answer_before_commit() -> None:
    """Tell callers of a decision before its transaction is committed."""
    taken: list[Waiting] = []

    def remember(take: Call) -> Call:
        def taking(line: WaitingLine, limit: int) -> Any:  # noqa: ANN401 - as WaitingLine.take
            batch, failures = take(line, limit)
            taken[:] = batch
            return batch, failures

        return taking

    def tell(record: Call) -> Call:
        async def recording(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as record_batch
            outcomes, end = await record(*arguments, **options)
            for waiting, outcome in zip(taken, outcomes, strict=True):
                waiting.resolve(outcome)
            await asyncio.sleep(EARLY_SECONDS)
            return outcomes, end

        return recording

    rewrite(WaitingLine, "take", remember)
    rewrite(batching, "record_batch", tell)


def commit_without_waiting() -> None:
    """Let COMMIT return before it is on stable storage."""
    rewrite(connections, "SESSION", lambda text: text.replace("synchronous_commit TO on", "synchronous_commit TO off"))
    rewrite(bootstrap, "check_server_settings", lambda _check: lambda _connection, **_options: None)


def claims_without_index() -> None:
    """Take the unique index from the Idempotency-Keys, and die with an answer that is recorded and not sent."""
    keep_claims_without_index()
    death_points.plant("before_send", DEATH_COUNT)


def keep_claims_without_index() -> None:
    """Take the unique index from the Idempotency-Keys."""

    def drop(connection: SyncConnection, **_options: bool) -> None:
        connection.execute("ALTER TABLE idempotency_claims DROP CONSTRAINT IF EXISTS idempotency_claims_pkey")

    rewrite(bootstrap, "check_server_settings", lambda _check: drop)


def link_skipped() -> None:
    """Let the tenth record of a chain rest on nothing."""

    def skip(append: Call) -> Call:
        def appending(one: chain.Chain, covered: bytes) -> bytes:
            if one.sequence == 9:
                one.link = chain.first_link(one.table, one.writer_id)
            link: bytes = append(one, covered)
            return link

        return appending

    rewrite(chain.Chain, "append", skip)


def row_doubled() -> None:
    """Record every decision twice, a microsecond apart."""

    def double(prepare: Call) -> Call:
        def preparing(submission: Submission) -> Any:  # noqa: ANN401 - as prepare
            once = submission.decisions
            again = [replace(one, received_at=one.received_at + timedelta(microseconds=1)) for one in once]
            return prepare(replace(submission, decisions=(*once, *again)))

        return preparing

    rewrite(writer, "prepare", double)


FAULTS: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
    "answer before commit": (answer_before_commit, answer_before_commit),
    "commit without waiting": (commit_without_waiting, commit_without_waiting),
    "claims without index": (claims_without_index, keep_claims_without_index),
    "link skipped": (link_skipped, link_skipped),
    "row doubled": (row_doubled, row_doubled),
}
"""By name: what is planted before the kill, and in the process that is started after it."""

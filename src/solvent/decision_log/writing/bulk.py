"""Records many decisions at once, in time limits of their own: for logs that are filled, not for answers."""

from collections.abc import Iterable
from itertools import islice

import psycopg

from solvent.decision_log.audit.chain import Position
from solvent.decision_log.database.connections import Connection, connect
from solvent.decision_log.registers.models import register
from solvent.decision_log.writing.rows import prepare
from solvent.decision_log.writing.transaction import record_batch
from solvent.domain.records import DecisionRecord, ServedModel, Submission
from solvent.errors import DecisionLogError

PART = 1_000
"""Decisions of one transaction."""
STATEMENT_SECONDS = 60


async def record_in_bulk(url: str, model: ServedModel, records: Iterable[DecisionRecord]) -> int:
    """Record decisions of a model as a writer with a chain of its own; return how many.

    They count as handed over at the arrival of the last one of their transaction.

    Raises:
        DecisionLogError: the database is away or refuses; whole transactions before that are kept.
    """
    rows, position, count = iter(records), Position(), 0
    try:
        connection = await connect(url, "solvent-bulk", statement_seconds=STATEMENT_SECONDS)
        async with connection:
            await register(connection, model)
            while part := tuple(islice(rows, PART)):
                position = await _record(connection, part, position)
                count += len(part)
    except psycopg.Error as error:
        raise DecisionLogError("decisions cannot be recorded: run `solvent db check`") from error
    return count


async def _record(connection: Connection, part: tuple[DecisionRecord, ...], position: Position) -> Position:
    now = max(record.received_at for record in part)
    async with connection.transaction():
        _, end = await record_batch(connection, [prepare(Submission(part, b""))], [], position=position, now=now)
    return end

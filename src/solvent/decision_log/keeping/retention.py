"""Removes what has been kept long enough: whole months of the tables that grow, and old idempotency claims."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from solvent.decision_log.audit.canonical import microseconds_of
from solvent.decision_log.audit.ledger import Entry, EntryKind, append, lock_ledger
from solvent.decision_log.audit.outside import complete_outside
from solvent.decision_log.audit.signing import Signer
from solvent.decision_log.database.connections import Connection, SyncConnection, connect, connect_sync
from solvent.decision_log.database.roles import ERASER
from solvent.decision_log.database.schema import CHAINED_TABLES
from solvent.errors import DecisionLogError

RETAIN_SECONDS = 600
CLAIMS_AT_ONCE = 1_000
CLAIMS = "idempotency_claims"

PARTITIONS = """
SELECT c.relname, greatest(c.reltuples, 0)::bigint FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE i.inhparent = %s::regclass ORDER BY 1
"""
DECIDED = ("decisions", "decision_payloads")
"""Tables by which an import of outcomes finds a decision."""

REMOVE_OUTCOMES = "DELETE FROM outcomes WHERE timestamp >= %s AND timestamp < %s"
COUNT_CLAIMS = "SELECT count(*) FROM idempotency_claims WHERE claimed_at < %s"
# In small statements, so that no writer waits long for a key.
REMOVE_CLAIMS = """
DELETE FROM idempotency_claims WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency_claims WHERE claimed_at < %s LIMIT %s FOR UPDATE SKIP LOCKED
))
"""
# Numbers without a hole between them have the same distance to their rank.
RUNS = """
SELECT run.writer_id::text, run.first, run.last, encode(p.link, 'hex')
FROM (
    SELECT writer_id, min(sequence) AS first, max(sequence) AS last
    FROM (
        SELECT writer_id, sequence,
               sequence - row_number() OVER (PARTITION BY writer_id ORDER BY sequence) AS distance
        FROM {partition} WHERE link <> ''
    ) numbered GROUP BY writer_id, distance
) run JOIN {partition} p ON p.writer_id = run.writer_id AND p.sequence = run.last
ORDER BY 1, 2
"""

_MONTH = re.compile(r"_(\d{4})_(\d{2})$")


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """How long rows are kept, by table; a month goes when all of it is older."""

    decisions: timedelta
    failures: timedelta
    telemetry: timedelta
    claims: timedelta

    def by_table(self) -> dict[str, timedelta]:
        """The rule of each partitioned table; decisions and their payloads go together."""
        return {
            "decisions": self.decisions,
            "decision_payloads": self.decisions,
            "request_failures": self.failures,
            "shadow_scores": self.telemetry,
        }


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes from one table: the partition of a month with about so many rows, or old claims."""

    table: str
    partition: str | None
    rows: int
    start: datetime | None = None
    end: datetime | None = None


def plan_removals(url: str, rules: RetentionRules, now: datetime) -> list[Removal]:
    """Say what the rules would remove now; removes nothing. Raises DecisionLogError."""
    try:
        with connect_sync(url, application_name="solvent-retention") as connection:
            removals = [
                removal
                for table, kept in rules.by_table().items()
                for removal in _find_months(connection, table, now - kept)
            ]
            row = connection.execute(COUNT_CLAIMS, (now - rules.claims,)).fetchone()
    except psycopg.Error as error:
        raise DecisionLogError("the log cannot be read: run `solvent db check`") from error
    return removals + ([Removal(CLAIMS, None, row[0])] if row and row[0] else [])


def _find_months(connection: SyncConnection, table: str, before: datetime) -> Iterator[Removal]:
    for name, rows in connection.execute(PARTITIONS, (table,)).fetchall():
        found = _MONTH.search(name)
        if found:
            year, month = int(found[1]), int(found[2])
            end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
            if end <= before:
                yield Removal(table, name, rows, datetime(year, month, 1, tzinfo=UTC), end)


async def carry_out(
    url: str, removals: list[Removal], rules: RetentionRules, *, signer: Signer, folder: Path, now: datetime
) -> list[Entry]:
    """Remove what was planned, month by month, each with a signed entry of kind `retired`.

    The entry of a chained table holds the numbers of each dropped run of records and the link of its last one, so that
    `verify` can go on behind it. Outcomes go with their decisions.

    Raises:
        DecisionLogError: a table stayed locked or the database is away; the months before are removed and recorded. Or
            an entry is not kept outside: call again until it is.
    """
    entries: list[Entry] = []
    try:
        async with await connect(url, "solvent-retention", statement_seconds=RETAIN_SECONDS) as connection:
            await complete_outside(connection, folder)
            for removal in removals:
                if removal.table == CLAIMS:
                    rows = await _remove_claims(connection, now - rules.claims)
                    facts: dict[str, Any] = {"table": CLAIMS, "rows": rows, "runs": []}
                    entry = await _record(connection, signer, now=now, facts=facts)
                else:
                    entry = await _drop_month(connection, removal, signer, now=now)
                await complete_outside(connection, folder)
                entries.append(entry)
    except psycopg.Error as error:
        raise DecisionLogError(f"retention stopped ({type(error).__name__}): run it again later") from error
    return entries


async def _record(connection: Connection, signer: Signer, *, now: datetime, facts: dict[str, Any]) -> Entry:
    """Append an entry in a transaction of its own."""
    async with connection.transaction():
        return await append(connection, signer, kind=EntryKind.RETIRED, at=now, facts=facts)


async def _drop_month(connection: Connection, removal: Removal, signer: Signer, *, now: datetime) -> Entry:
    partition = sql.Identifier(removal.partition or "")
    async with connection.transaction():
        await lock_ledger(connection)
        runs: list[Any] = []
        if removal.table in CHAINED_TABLES:
            cursor = await connection.execute(sql.SQL(RUNS).format(partition=partition))
            runs = await cursor.fetchall()
        await connection.execute(sql.SQL("DROP TABLE {}").format(partition))
        facts: dict[str, Any] = {"table": removal.table, "partition": removal.partition, "rows": removal.rows}
        if removal.start is not None and removal.end is not None:
            facts |= {"from": microseconds_of(removal.start), "to": microseconds_of(removal.end)}
            if removal.table in DECIDED:
                # After the drop, which waits for an import that has found these decisions and may still write.
                facts["outcomes"] = (await connection.execute(REMOVE_OUTCOMES, (removal.start, removal.end))).rowcount
        return await append(connection, signer, kind=EntryKind.RETIRED, at=now, facts={**facts, "runs": runs})


async def _remove_claims(connection: Connection, before: datetime) -> int:
    removed = 0
    while (rows := (await connection.execute(REMOVE_CLAIMS, (before, CLAIMS_AT_ONCE))).rowcount) > 0:
        removed += rows
    return removed


async def expire_claims(url: str, before: datetime) -> int:
    """Remove claims that are older, a thousand at a time, and return how many; raises psycopg.Error."""
    async with await connect(url, "solvent-claims", role=ERASER) as connection:
        return await _remove_claims(connection, before)

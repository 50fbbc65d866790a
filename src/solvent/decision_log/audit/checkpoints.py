"""Checkpoints: how far every chain has come, signed."""

from datetime import datetime
from typing import Any

from solvent.decision_log.audit.ledger import Entry, EntryKind, append, lock_ledger
from solvent.decision_log.audit.signing import Signer
from solvent.decision_log.database.connections import Connection
from solvent.decision_log.database.schema import CHAINED_TABLES

# The recursion steps from writer to writer through the index, however many records each has.
NEW_ENDS = """
WITH RECURSIVE writers (writer_id) AS (
    (SELECT writer_id FROM {table} ORDER BY writer_id LIMIT 1)
    UNION ALL
    SELECT (SELECT t.writer_id FROM {table} t WHERE t.writer_id > writers.writer_id ORDER BY t.writer_id LIMIT 1)
    FROM writers WHERE writers.writer_id IS NOT NULL
)
SELECT writer_id, chain_end.sequence, encode(chain_end.link, 'hex'), coalesce(head.sequence, 0)
FROM writers
CROSS JOIN LATERAL (
    SELECT sequence, link FROM {table} t WHERE t.writer_id = writers.writer_id ORDER BY sequence DESC LIMIT 1
) chain_end
LEFT JOIN LATERAL (
    SELECT sequence FROM chain_heads h
    WHERE h.chain = '{table}' AND h.writer_id = writers.writer_id ORDER BY sequence DESC LIMIT 1
) head ON true
WHERE chain_end.link <> '' AND chain_end.sequence > coalesce(head.sequence, 0)
"""
COUNT_UNCHAINED = "SELECT count(*) FROM {table} WHERE link = ''"
KEEP_HEAD = "INSERT INTO chain_heads (chain, writer_id, sequence, number) VALUES (%s, %s, %s, %s)"


async def make_checkpoint(connection: Connection, signer: Signer, *, now: datetime) -> Entry | None:
    """Sign the ends of all chains that grew since the last checkpoint, of this writer and of every other one.

    The entry holds `heads` (table, writer, sequence, link), and by table the `counts` of all records ever chained; the
    digest of the entry before stands for all earlier heads. The first one also counts the records that were made before
    there was a chain.

    Returns:
        the entry, committed; None if no chain grew.
    """
    async with connection.transaction():
        last = await lock_ledger(connection)
        heads: list[list[Any]] = []
        counts: dict[str, int] = {}
        for table in CHAINED_TABLES:
            cursor = await connection.execute(NEW_ENDS.format(table=table).encode())
            ends = await cursor.fetchall()
            heads += [[table, str(writer), sequence, link] for writer, sequence, link, _ in ends]
            counts[table] = sum(sequence - covered for _, sequence, _, covered in ends)
        if not heads:
            return None
        facts = {"heads": heads, "new": counts}
        if last is None:
            facts["unchained"] = {table: await _count_unchained(connection, table) for table in CHAINED_TABLES}
        entry = await append(connection, signer, kind=EntryKind.CHECKPOINT, at=now, facts=facts)
        for table, writer, sequence, _ in heads:
            await connection.execute(KEEP_HEAD, (table, writer, sequence, entry.number))
    return entry


async def _count_unchained(connection: Connection, table: str) -> int:
    cursor = await connection.execute(COUNT_UNCHAINED.format(table=table).encode())
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])

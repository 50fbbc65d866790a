"""How far the chains of the log have come, and how far they are signed for."""

from dataclasses import dataclass
from datetime import datetime

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.figures.questions import Answer, as_text, ask

# Steps from writer to writer through the index, however many records each has.
CHAINS = """
WITH RECURSIVE writers (writer_id) AS (
    (SELECT writer_id FROM decisions ORDER BY writer_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.writer_id FROM decisions d WHERE d.writer_id > w.writer_id ORDER BY d.writer_id LIMIT 1)
    FROM writers w WHERE w.writer_id IS NOT NULL
)
SELECT count(*), coalesce(sum(last.sequence), 0)::bigint
FROM writers w CROSS JOIN LATERAL (
    SELECT sequence FROM decisions d WHERE d.writer_id = w.writer_id ORDER BY sequence DESC LIMIT 1
) last
"""
ENTRIES = """
SELECT kind, count(*), max(number), max((convert_from(content, 'UTF8')::jsonb ->> 'at')::timestamptz),
    coalesce(sum((convert_from(content, 'UTF8')::jsonb #>> '{new,decisions}')::bigint), 0)::bigint
FROM ledger GROUP BY kind ORDER BY kind
"""


@dataclass(frozen=True, slots=True)
class LedgerKind:
    """Entries of one kind: how many, the number and time of the last one, the decisions they cover."""

    kind: str
    count: int
    last_number: int
    last_at: datetime
    covered: int


@dataclass(frozen=True, slots=True)
class ChainState:
    """The chains of decisions: how many writers, how many records, and what the ledger says."""

    writers: int
    records: int
    ledger: tuple[LedgerKind, ...]

    @property
    def checkpoints(self) -> LedgerKind | None:
        """The checkpoints; None before the first one."""
        return next((one for one in self.ledger if one.kind == "checkpoint"), None)

    @property
    def uncovered(self) -> int:
        """Decisions after the last checkpoint."""
        return max(0, self.records - (self.checkpoints.covered if self.checkpoints else 0))


def read_chain_state(connection: SyncConnection) -> Answer[ChainState]:
    """Count chains, records and ledger entries."""
    writers, records = ask(connection, CHAINS, {})[0]
    entries = tuple(LedgerKind(*row) for row in ask(connection, ENTRIES, {}))
    query = f"{as_text(connection, CHAINS, {})};\n{as_text(connection, ENTRIES, {})};"
    return Answer(ChainState(writers, records, entries), query, records)

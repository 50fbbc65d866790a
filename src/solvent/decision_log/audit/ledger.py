"""The ledger: signed statements about the log, each naming the digest of the one before.

Kinds: `checkpoint` (how far each chain has come), `erased` (whose payloads were removed), `retired` (which months were
dropped), `restored` (which entries a restore from a backup has lost). Each stands in the database and in a file
outside; the outside copy is what a superuser cannot rewrite.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from solvent.decision_log.audit.canonical import VERSION
from solvent.decision_log.audit.signing import Signer
from solvent.decision_log.database.connections import Connection, SyncConnection

_LOCK = 7_246_109_332
"""Advisory lock under which entries are appended; an arbitrary number."""


class EntryKind(StrEnum):
    """What an entry states."""

    CHECKPOINT = "checkpoint"
    ERASED = "erased"
    RETIRED = "retired"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `content` is JSON as it was signed."""

    number: int
    kind: str
    content: bytes
    signature: bytes

    @property
    def digest(self) -> str:
        """What the next entry names as `previous`."""
        return hashlib.sha256(self.content).hexdigest()

    def facts(self) -> dict[str, Any]:
        """The content, decoded; raises ValueError if it is no JSON object."""
        facts = json.loads(self.content)
        if not isinstance(facts, dict):
            raise ValueError("the content of a ledger entry must be an object")  # noqa: TRY004 - as its JSON would
        return facts


async def lock_ledger(connection: Connection) -> Entry | None:
    """Keep other appenders away until the open transaction ends, and return the last entry."""
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    cursor = await connection.execute(
        "SELECT number, kind, content, signature FROM ledger ORDER BY number DESC LIMIT 1", binary=True
    )
    row = await cursor.fetchone()
    return None if row is None else Entry(*row)


async def append(
    connection: Connection, signer: Signer, *, kind: EntryKind, at: datetime, facts: dict[str, Any]
) -> Entry:
    """Sign a statement and add it to the ledger, in the open transaction; keep it outside after the COMMIT."""
    last = await lock_ledger(connection)
    document = {
        "version": VERSION,
        "number": 1 if last is None else last.number + 1,
        "kind": kind.value,
        "at": at.astimezone(UTC).isoformat(),
        "previous": "" if last is None else last.digest,
        "key": signer.public_key.fingerprint,
        **facts,
    }
    content = json.dumps(document, separators=(",", ":")).encode()
    entry = Entry(document["number"], kind.value, content, signer.sign(content))
    await connection.execute(
        "INSERT INTO ledger (number, kind, content, signature) VALUES (%s, %s, %s, %s)",
        (entry.number, entry.kind, entry.content, entry.signature),
    )
    return entry


def read_ledger(connection: SyncConnection) -> Iterator[Entry]:
    """Yield every entry of the database, in order, over a cursor of the open transaction."""
    with connection.cursor("ledger", binary=True) as cursor:
        cursor.execute("SELECT number, kind, content, signature FROM ledger ORDER BY number")
        for row in cursor:
            yield Entry(*row)

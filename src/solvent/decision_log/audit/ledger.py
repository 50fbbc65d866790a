"""The ledger: signed statements about the log, each naming the digest of the one before.

Kinds: `checkpoint` (how far each chain has come), `erased` (whose payloads were removed), `retired` (which months were
dropped), `restored` (which entries a restore from a backup has lost). Each stands in the database and in a file
outside; the outside copy is what a superuser cannot rewrite.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from solvent.decision_log.audit.canonical import VERSION
from solvent.decision_log.audit.signing import Signer
from solvent.decision_log.database.connections import Connection, SyncConnection
from solvent.errors import DecisionLogError

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


def keep_outside(folder: Path, entry: Entry) -> None:
    """Append an entry to the file of its day, durably; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"ledger-{entry.facts()['at'][:10]}.jsonl"
    line = json.dumps(
        {
            "number": entry.number,
            "kind": entry.kind,
            "content": entry.content.decode(),
            "signature": entry.signature.hex(),
        }
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(descriptor)


def read_outside(path: Path) -> list[Entry]:
    """Read the entries of one file, or of every file of a folder, in the order of their numbers.

    Raises:
        DecisionLogError: the file cannot be read, or a line is no entry.
    """
    files = sorted(path.glob("ledger-*.jsonl")) if path.is_dir() else [path]
    try:
        entries = [_parse_line(line) for file in files for line in file.read_bytes().splitlines()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DecisionLogError(f"{path} holds no ledger entries: give a file ledger-DATE.jsonl") from error
    return sorted(entries, key=lambda entry: entry.number)


def read_outside_since(folder: Path, number: int) -> list[Entry]:
    """Read the entries of a folder from that number on, the newest days first until one is older throughout.

    Raises:
        DecisionLogError: see `read_outside`.
    """
    found: list[Entry] = []
    for file in sorted(folder.glob("ledger-*.jsonl"), reverse=True):
        entries = read_outside(file)
        found += [entry for entry in entries if entry.number >= number]
        if entries and entries[-1].number < number:
            break
    return sorted(found, key=lambda entry: entry.number)


def _parse_line(line: bytes) -> Entry:
    stored = json.loads(line)
    return Entry(
        int(stored["number"]), str(stored["kind"]), stored["content"].encode(), bytes.fromhex(stored["signature"])
    )

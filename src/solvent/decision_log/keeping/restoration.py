"""After a restore from a backup: what the ledger outside says was erased since is erased again, and the ledger goes on.

A restored database is older than the copies of its ledger outside. Entries that only stand outside are `lost`: their
erasures must be done again before anybody is served, and a `restored` entry names them, so that `verify` knows why they
are missing. How many decisions the lost checkpoints speak of that are gone is stated there too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from solvent.decision_log.audit.ledger import Entry, EntryKind, append, lock_ledger
from solvent.decision_log.audit.outside import complete_outside, read_outside_since
from solvent.decision_log.audit.signing import Signer
from solvent.decision_log.database.connections import Connection, SyncConnection, connect
from solvent.decision_log.database.roles import ERASER
from solvent.decision_log.keeping.erasure import ERASE_SECONDS, Instruction, erase
from solvent.errors import DecisionLogError, UnsafeLogError

KNOWN = "SELECT number, kind, content, signature FROM ledger WHERE number >= %s OR kind = 'restored'"
LAST = "SELECT coalesce(max(number), 0) FROM ledger"
CLIENTS = "SELECT client_id FROM decision_payloads UNION SELECT client_id FROM client_features"
LAST_DECISION = "SELECT coalesce(max(sequence), 0) FROM decisions WHERE writer_id = %s"


@dataclass(frozen=True, slots=True)
class Restoration:
    """What was lost and done again: entries of the ledger, decisions that they speak of, erasures that removed rows."""

    entries: int
    decisions: int
    erasures: int


def check_nothing_is_to_be_erased_again(connection: SyncConnection, folder: Path) -> None:
    """Refuse a database that is older than an erasure.

    Raises:
        UnsafeLogError: the ledger outside says that a client was erased, and the database does not know of it.
    """
    last = connection.execute(LAST).fetchone()
    newer = read_outside_since(folder, int(last[0]) + 1 if last else 1)
    if not newer:
        return
    rows = connection.execute(KNOWN, (newer[0].number,)).fetchall()
    if any(entry.kind == EntryKind.ERASED for entry in _find_lost(newer, rows)):
        raise UnsafeLogError(
            "the database is older than an erasure that the ledger outside knows of, as after a restore: run "
            "`solvent ledger resume`"
        )


async def resume(url: str, instruction: Instruction, *, signer: Signer, folder: Path, now: datetime) -> Restoration:
    """Do the lost erasures again and state what was lost, in one transaction; safe to repeat.

    Args:
        url: of the restored database.
        instruction: who restored it, and why; it may name no client.
        signer: with the key that signed the lost entries.
        folder: where the ledger is kept outside.
        now: date of the entries.

    Raises:
        DecisionLogError: nothing was done; a lost entry is not signed with this key, or the database is away. Or the
            new entries are not kept outside: call again until they are.
    """
    try:
        connection = await connect(url, "solvent-restoration", role=ERASER, statement_seconds=ERASE_SECONDS)
        async with connection:
            await complete_outside(connection, folder)
            async with connection.transaction():
                restoration = await _make_good(connection, instruction, signer=signer, folder=folder, now=now)
            await complete_outside(connection, folder)
    except psycopg.Error as error:
        raise DecisionLogError(f"nothing was resumed ({type(error).__name__}): run `solvent db check`") from error
    return restoration


async def _make_good(
    connection: Connection, instruction: Instruction, *, signer: Signer, folder: Path, now: datetime
) -> Restoration:
    await lock_ledger(connection)
    lost = await _read_lost(connection, folder)
    _check_signatures(lost, signer)
    if not lost:
        return Restoration(0, 0, 0)
    erasures = await _erase_again(connection, lost, instruction, signer=signer, now=now)
    restoration = Restoration(len(lost), await _count_decisions(connection, lost), erasures)
    facts = {
        "superseded": [entry.digest for entry in lost],
        "decisions": restoration.decisions,
        "who": instruction.who,
        "why": instruction.why,
    }
    await append(connection, signer, kind=EntryKind.RESTORED, at=now, facts=facts)
    return restoration


def _find_lost(outside: Sequence[Entry], known: Sequence[tuple[Any, ...]]) -> list[Entry]:
    """Entries of the copies that the database neither holds nor has given up in an earlier restoration."""
    held = [Entry(*row) for row in known]
    digests = {entry.digest for entry in held}
    for entry in held:
        if entry.kind == EntryKind.RESTORED:
            digests.update(entry.facts()["superseded"])
    return [entry for entry in outside if entry.digest not in digests]


async def _read_lost(connection: Connection, folder: Path) -> list[Entry]:
    outside = read_outside_since(folder, 1)
    known = await (await connection.execute(KNOWN, (1,))).fetchall()
    return _find_lost(outside, known)


def _check_signatures(lost: Sequence[Entry], signer: Signer) -> None:
    for entry in lost:
        if not signer.public_key.has_signed(entry.content, entry.signature):
            raise DecisionLogError(
                f"nothing was done: entry {entry.number} outside is not signed with this key; set "
                "SOLVENT_AUDIT_KEY_FILE to the key of that time, or take the file away if it is not of this database"
            )


async def _erase_again(
    connection: Connection, lost: Sequence[Entry], instruction: Instruction, *, signer: Signer, now: datetime
) -> int:
    erased = {entry.facts()["client"] for entry in lost if entry.kind == EntryKind.ERASED}
    clients = [row[0] for row in await (await connection.execute(CLIENTS)).fetchall()] if erased else []
    erasures = 0
    for client_id in clients:
        if signer.pseudonym(client_id) in erased:
            erasure = await erase(connection, client_id, instruction, signer=signer, now=now)
            erasures += erasure.entry is not None
    return erasures


async def _count_decisions(connection: Connection, lost: Sequence[Entry]) -> int:
    """Decisions that lost checkpoints vouch for and that the database does not hold any more."""
    ends: dict[str, int] = {}
    for table, writer, sequence in _heads(lost):
        if table == "decisions":
            ends[writer] = max(sequence, ends.get(writer, 0))
    missing = 0
    for writer, sequence in ends.items():
        row = await (await connection.execute(LAST_DECISION, (writer,))).fetchone()
        missing += max(0, sequence - (int(row[0]) if row else 0))
    return missing


def _heads(lost: Sequence[Entry]) -> Iterator[tuple[str, str, int]]:
    for entry in lost:
        if entry.kind == EntryKind.CHECKPOINT:
            for table, writer, sequence, _ in entry.facts()["heads"]:
                yield table, writer, sequence

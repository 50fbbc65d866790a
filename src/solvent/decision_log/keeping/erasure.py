"""Removes what the log holds about a client; the decisions stay, without anything that tells whose they were."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from solvent.decision_log.audit.ledger import EntryKind, append, lock_ledger
from solvent.decision_log.audit.outside import complete_outside
from solvent.decision_log.audit.signing import Signer
from solvent.decision_log.database.connections import Connection, connect
from solvent.decision_log.database.roles import ERASER
from solvent.errors import DecisionLogError

ERASE_SECONDS = 300

PAYLOADS = "DELETE FROM decision_payloads WHERE client_id = %s RETURNING request_id"
HISTORIES = "DELETE FROM client_features WHERE client_id = %s"
# An answer to a batch names the client somewhere inside it, so the bytes of every answer are searched.
ANSWERS = """
UPDATE idempotency_claims SET answer = '', body_digest = ''
WHERE request_id = ANY(%s) OR position(%s::bytea IN answer) > 0
"""


@dataclass(frozen=True, slots=True)
class Erasure:
    """How much was removed, and the number of the ledger entry that says so; None if there was nothing to remove."""

    payloads: int
    histories: int
    answers: int
    entry: int | None


@dataclass(frozen=True, slots=True)
class Instruction:
    """Who asked for an erasure, and why: both go into the ledger, so neither may name the client."""

    who: str
    why: str


async def erase_client(
    url: str, client_id: int, instruction: Instruction, *, signer: Signer, folder: Path, now: datetime
) -> Erasure:
    """Remove payloads with their keys, stored histories and cached answers, and sign an entry of kind `erased`.

    The entry names the client by its pseudonym and the requests by their ids, so that `verify` knows which payloads may
    be missing. An Idempotency-Key whose answer went with it stays taken.

    Args:
        url: of the database.
        client_id: whose data to remove.
        instruction: who asked, and why.
        signer: of the ledger.
        folder: where the ledger is kept outside.
        now: date of the entry.

    Raises:
        DecisionLogError: nothing was removed; or it was, and the entry is not kept outside: call again until it is.
    """
    try:
        connection = await connect(url, "solvent-erasure", role=ERASER, statement_seconds=ERASE_SECONDS)
        async with connection:
            await complete_outside(connection, folder)
            async with connection.transaction():
                erasure = await erase(connection, client_id, instruction, signer=signer, now=now)
            await complete_outside(connection, folder)
    except psycopg.Error as error:
        raise DecisionLogError(
            f"the erasure failed ({type(error).__name__}): run `solvent db check`, then it again"
        ) from error
    return erasure


async def erase(
    connection: Connection, client_id: int, instruction: Instruction, *, signer: Signer, now: datetime
) -> Erasure:
    """Do as `erase_client` in the open transaction; the entry is to be kept outside after the COMMIT."""
    await lock_ledger(connection)
    requests, histories, answers = await _remove(connection, client_id)
    if not (requests or histories or answers):
        return Erasure(0, 0, 0, None)
    facts = {
        "client": signer.pseudonym(client_id),
        "requests": requests,
        "removed": {"payloads": len(requests), "histories": histories, "answers": answers},
        "who": instruction.who,
        "why": instruction.why,
    }
    entry = await append(connection, signer, kind=EntryKind.ERASED, at=now, facts=facts)
    return Erasure(len(requests), histories, answers, entry.number)


async def _remove(connection: Connection, client_id: int) -> tuple[list[str], int, int]:
    cursor = await connection.execute(PAYLOADS, (client_id,))
    requests = [row[0] for row in await cursor.fetchall()]
    histories = (await connection.execute(HISTORIES, (client_id,))).rowcount
    named = b'"client_id":%d,' % client_id
    answers = (await connection.execute(ANSWERS, (requests, named))).rowcount
    return [str(request) for request in requests], histories, answers

"""A log with two writers, three checkpoints and a real model, to be tampered with."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from log_examples import FAILURE, make_decision

from solvent.decision_log.audit.checkpoints import make_checkpoint
from solvent.decision_log.audit.findings import Verification
from solvent.decision_log.audit.ledger import Entry
from solvent.decision_log.audit.outside import keep_outside, read_outside
from solvent.decision_log.audit.signing import Signer, make_signer
from solvent.decision_log.audit.verification import verify
from solvent.decision_log.database.connections import SyncConnection, connect
from solvent.decision_log.database.roles import API
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.records import Claim, DecisionRecord, ServedModel, Submission

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True)
class SealedLog:
    """Where it is, who signed it, and where the copies of its ledger lie."""

    url: str
    signer: Signer
    folder: Path

    def verify(
        self, connection: SyncConnection, *, with_outside: bool = True, with_payloads: bool = True
    ) -> Verification:
        outside = read_outside(self.folder) if with_outside else []
        return verify(connection, self.signer.public_key, outside=outside, with_payloads=with_payloads)

    def seal(self) -> Entry | None:
        return asyncio.run(seal(self.url, self.signer, self.folder))


async def seal(url: str, signer: Signer, folder: Path) -> Entry | None:
    """Make a checkpoint, as the sealer does."""
    async with await connect(url, "test", role=API) as connection:
        entry = await make_checkpoint(connection, signer, now=NOW)
    if entry is not None:
        keep_outside(folder, entry)
    return entry


def decide(number: int, model: ServedModel, **changes: object) -> DecisionRecord:
    """Decision `number`, on client 100000 + number, by that model."""
    record = make_decision(number, client_id=100_000 + number, **changes)
    return replace(record, model_version=model.model_version, model_digest=model.digest)


async def fill(url: str, model: ServedModel, signer: Signer, folder: Path) -> None:
    """Writer A: 1 to 6, a checkpoint, 7 to 9, two failures, 13, a checkpoint. Writer B: 10 to 12, another."""
    for writes in ((range(1, 7), range(7, 10)), (range(10, 13),)):
        async with PostgresDecisionLog(url) as log:
            await log.register_model(model)
            for numbers in writes:
                for number in numbers:
                    claim = Claim("local", f"key {number}", b"digest")
                    answer = b'{"client_id":%d,"decision":"refuse"}' % (100_000 + number)
                    await log.record(Submission((decide(number, model),), answer, claim))
                if 9 in numbers:
                    await log.record_failure(replace(FAILURE, request_id=UUID(int=1)))
                    await log.record_failure(replace(FAILURE, request_id=UUID(int=2)))
                    await log.record(Submission((decide(13, model, loan_amount=None, stored_history=b"h"),), b"{}"))
                await seal(url, signer, folder)


@contextmanager
def sealed_log(server_url: str, template: str, model: ServedModel, folder: Path) -> Iterator[SealedLog]:
    """Make the log in a database of its own."""
    name = f"sealed_{uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        url = server_url.replace("/postgres?", f"/{name}?")
        signer = make_signer(folder / "signing.key")
        asyncio.run(fill(url, model, signer, folder))
        yield SealedLog(url, signer, folder)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

"""A restored database erases again what was erased since its backup, and its ledger goes on in the open."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from sealed_logs import NOW, SealedLog, decide, sealed_log

from solvent.decision_log.audit.outside import read_outside
from solvent.decision_log.audit.signing import make_signer
from solvent.decision_log.database.connections import connect_sync
from solvent.decision_log.database.embedded import EmbeddedServer
from solvent.decision_log.keeping.erasure import Instruction, erase_client
from solvent.decision_log.keeping.restoration import Restoration, check_nothing_is_to_be_erased_again, resume
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.records import Submission
from solvent.errors import DecisionLogError, UnsafeLogError

if TYPE_CHECKING:
    from pathlib import Path

    from solvent.scoring.model import Model

pytestmark = pytest.mark.postgres

WHY = Instruction("operator", "disk lost")


@pytest.fixture
def log(
    embedded_server: EmbeddedServer, migrated_template: str, model: "Model", tmp_path: "Path"
) -> Iterator[SealedLog]:
    with sealed_log(embedded_server.url, migrated_template, model.describe(), tmp_path) as made:
        yield made


@pytest.fixture
def restored(embedded_server: EmbeddedServer, log: SealedLog, model: "Model") -> Iterator[SealedLog]:
    """The log as it was before a client was erased and two decisions were made; the ledger outside knows of both."""
    backup, source = f"backup_{uuid4().hex}", log.url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(embedded_server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {backup} TEMPLATE {source}".encode())
        _erase(log, 100_003)
        asyncio.run(_decide(log.url, model, 20, 21))
        log.seal()
        yield replace(log, url=log.url.replace(source, backup))
        connection.execute(f"DROP DATABASE {backup} WITH (FORCE)".encode())


def _erase(log: SealedLog, client_id: int) -> None:
    asyncio.run(erase_client(log.url, client_id, WHY, signer=log.signer, folder=log.folder, now=NOW))


async def _decide(url: str, model: "Model", *numbers: int) -> None:
    async with PostgresDecisionLog(url) as opened:
        for number in numbers:
            await opened.record(Submission((decide(number, model.describe()),), b"{}"))


def _resume(log: SealedLog) -> Restoration:
    return asyncio.run(resume(log.url, WHY, signer=log.signer, folder=log.folder, now=NOW))


def _find(log: SealedLog) -> list[str]:
    with connect_sync(log.url, application_name="test") as connection:
        return [str(finding) for finding in log.verify(connection).findings]


def _count_payloads(log: SealedLog, client_id: int) -> int:
    with psycopg.connect(log.url) as connection:
        row = connection.execute("SELECT count(*) FROM decision_payloads WHERE client_id = %s", (client_id,)).fetchone()
    return int(row[0]) if row else -1


def test_a_database_that_is_older_than_an_erasure_is_refused_until_it_is_erased_again(restored: SealedLog) -> None:
    assert _count_payloads(restored, 100_003) == 1
    with connect_sync(restored.url, application_name="test") as connection:
        with pytest.raises(UnsafeLogError, match="solvent ledger resume"):
            check_nothing_is_to_be_erased_again(connection, restored.folder)
        assert _resume(restored) == Restoration(entries=2, decisions=2, erasures=1)
        check_nothing_is_to_be_erased_again(connection, restored.folder)
    assert _count_payloads(restored, 100_003) == 0
    assert _count_payloads(restored, 100_004) == 1


def test_verify_takes_the_restore_for_one_and_the_ledger_goes_on(restored: SealedLog, model: "Model") -> None:
    assert len(_find(restored)) == 2
    _resume(restored)
    assert _find(restored) == []
    asyncio.run(_decide(restored.url, model, 30))
    restored.seal()
    assert _find(restored) == []
    assert _resume(restored) == Restoration(0, 0, 0)


def test_a_ledger_cut_after_the_restore_is_still_found(restored: SealedLog) -> None:
    _resume(restored)
    with psycopg.connect(restored.url) as connection:
        connection.execute("DELETE FROM ledger WHERE kind = 'restored'")
    assert any("entry is missing" in finding for finding in _find(restored))


def test_nothing_is_done_on_the_word_of_another_key(restored: SealedLog, tmp_path: "Path") -> None:
    other = make_signer(tmp_path / "other.key")
    with pytest.raises(DecisionLogError, match="not signed with this key"):
        asyncio.run(resume(restored.url, WHY, signer=other, folder=restored.folder, now=NOW))
    assert _count_payloads(restored, 100_003) == 1


def test_a_log_that_lost_nothing_is_left_alone(log: SealedLog) -> None:
    entries = read_outside(log.folder)
    assert _resume(log) == Restoration(0, 0, 0)
    with connect_sync(log.url, application_name="test") as connection:
        check_nothing_is_to_be_erased_again(connection, log.folder)
    assert read_outside(log.folder) == entries

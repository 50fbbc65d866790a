import asyncio
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest
from log_examples import make_submission
from sealed_logs import NOW, SealedLog, decide, sealed_log

from solvent.decision_log.audit.outside import read_outside
from solvent.decision_log.audit.verification import open_snapshot, verify
from solvent.decision_log.database.connections import connect, connect_sync
from solvent.decision_log.database.embedded import EmbeddedServer
from solvent.decision_log.database.roles import ERASER
from solvent.decision_log.keeping.erasure import Erasure, Instruction, erase_client
from solvent.decision_log.keeping.erasure import erase as erase_within
from solvent.decision_log.reading.client_export import export_client
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.records import Claim, StoredHistory, Submission
from solvent.errors import DecisionLogError, KeyReusedError
from solvent.features.request_engine import ReducedHistory

if TYPE_CHECKING:
    from pathlib import Path

    from solvent.scoring.model import Model

pytestmark = pytest.mark.postgres

HISTORY = ReducedHistory({4: 2.5}, {}).to_bytes()


@pytest.fixture
def log(
    embedded_server: EmbeddedServer, migrated_template: str, model: "Model", tmp_path: "Path"
) -> Iterator[SealedLog]:
    with sealed_log(embedded_server.url, migrated_template, model.describe(), tmp_path) as made:
        yield made


def erase(log: SealedLog, client_id: int) -> Erasure:
    instruction = Instruction("officer", "request of November")
    return asyncio.run(erase_client(log.url, client_id, instruction, signer=log.signer, folder=log.folder, now=NOW))


def find(log: SealedLog, tampering: str = "SELECT 1") -> list[str]:
    with psycopg.connect(log.url) as connection:
        connection.execute(tampering.encode())
        found = [str(finding) for finding in log.verify(connection).findings]
        connection.rollback()
    return found


def count(log: SealedLog, query: str) -> int:
    with psycopg.connect(log.url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def store_history(log: SealedLog, client_id: int) -> None:
    async def store() -> None:
        async with PostgresDecisionLog(log.url) as opened:
            await opened.store_histories([StoredHistory(client_id, "p" * 64, HISTORY)])

    asyncio.run(store())


def test_erasing_removes_payload_history_and_cached_answer_and_the_chain_still_verifies(log: SealedLog) -> None:
    store_history(log, 100_003)
    assert erase(log, 100_003) == Erasure(payloads=1, histories=1, answers=1, entry=4)
    assert count(log, "SELECT count(*) FROM decision_payloads WHERE client_id = 100003") == 0
    assert count(log, "SELECT count(*) FROM client_features") == 0
    assert count(log, "SELECT count(*) FROM idempotency_claims WHERE position('100003'::bytea IN answer) > 0") == 0
    assert count(log, "SELECT count(*) FROM decisions") == 13
    assert find(log) == []


def test_an_erasure_that_is_not_kept_outside_is_no_success_until_it_is(log: SealedLog) -> None:
    (file,) = log.folder.glob("ledger-*.jsonl")
    kept = file.read_bytes()
    file.unlink()
    file.mkdir()  # the COMMIT succeeds, and the file cannot be written
    for _ in range(2):
        with pytest.raises(DecisionLogError):
            erase(log, 100_003)
    file.rmdir()
    file.write_bytes(kept)
    assert erase(log, 100_004).entry == 4


def test_an_erasure_between_its_commit_and_its_file_is_kept_by_the_next_one(log: SealedLog) -> None:
    async def erase_and_die() -> None:
        async with await connect(log.url, "test", role=ERASER) as connection, connection.transaction():
            await erase_within(connection, 100_003, Instruction("officer", "why"), signer=log.signer, now=NOW)

    asyncio.run(erase_and_die())
    assert [entry.number for entry in read_outside(log.folder)] == [1, 2, 3]
    assert erase(log, 999_999).entry is None
    assert [(entry.number, entry.kind) for entry in read_outside(log.folder)][3:] == [(4, "erased")]
    assert find(log) == []


def test_many_erasures_raise_no_false_alarm(log: SealedLog) -> None:
    for number in (1, 5, 9, 12):
        assert erase(log, 100_000 + number).payloads == 1
    assert log.seal() is None
    assert find(log) == []


def test_an_erasure_during_a_verification_raises_no_false_alarm(log: SealedLog) -> None:
    with open_snapshot(log.url) as connection:
        connection.execute("SELECT 1 FROM ledger")
        erase(log, 100_003)
        outside = [entry for entry in read_outside(log.folder) if entry.number <= 3]
        assert verify(connection, log.signer.public_key, outside=outside).findings == []


def test_the_ledger_dates_the_erasure_and_names_nobody(log: SealedLog) -> None:
    erase(log, 100_003)
    facts = read_outside(log.folder)[-1].facts()
    assert {name: facts[name] for name in ("kind", "at", "requests", "removed", "who", "why")} == {
        "kind": "erased",
        "at": "2026-11-23T12:00:00+00:00",
        "requests": ["018f0000-0000-7000-8000-000000000003"],
        "removed": {"payloads": 1, "histories": 0, "answers": 1},
        "who": "officer",
        "why": "request of November",
    }
    assert facts["client"] == log.signer.pseudonym(100_003) != log.signer.pseudonym(100_004)
    assert "100003" not in json.dumps(facts)


def test_a_payload_that_comes_back_is_found(log: SealedLog) -> None:
    with psycopg.connect(log.url) as connection:
        connection.execute("CREATE TABLE backup AS SELECT * FROM decision_payloads WHERE client_id = 100003")
    erase(log, 100_003)
    assert find(log, "INSERT INTO decision_payloads SELECT * FROM backup") == [
        (
            "decision_payloads, request 018f0000-0000-7000-8000-000000000003: the payload is here, and the ledger says "
            "that it was erased"
        )
    ]


def test_an_erasure_taken_out_of_the_ledger_is_found(log: SealedLog) -> None:
    erase(log, 100_003)
    assert find(log, "DELETE FROM ledger WHERE number = 4") == [
        "ledger: entry 4: the entry is missing: the ledger was cut or taken back to an older state",
        (
            "decision_payloads, request 018f0000-0000-7000-8000-000000000003: the payload is missing, and the ledger "
            "speaks of no erasure"
        ),
    ]


def test_erasing_a_client_of_whom_nothing_is_held_writes_nothing(log: SealedLog) -> None:
    assert erase(log, 999_999) == Erasure(0, 0, 0, None)
    assert len(read_outside(log.folder)) == 3


def test_a_key_whose_answer_was_erased_decides_nothing_again(log: SealedLog, model: "Model") -> None:
    erase(log, 100_003)

    async def retry() -> None:
        async with PostgresDecisionLog(log.url) as opened:
            again = decide(33, model.describe())
            with pytest.raises(KeyReusedError, match="what this Idempotency-Key answered was erased"):
                await opened.record(Submission((again,), b"{}", Claim("local", "key 3", b"digest")))

    asyncio.run(retry())


def test_the_answer_to_a_batch_goes_with_any_of_its_clients(log: SealedLog) -> None:
    batch = b'{"results":[{"result":{"client_id":1000031,"x":0}},{"result":{"client_id":100003,"x":0}}]}'

    async def record() -> None:
        async with PostgresDecisionLog(log.url) as opened:
            await opened.record(make_submission(77, key="batch", answer=batch))
            await opened.record(make_submission(78, key="other", answer=batch.replace(b"100003,", b"100099,")))

    asyncio.run(record())
    assert erase(log, 100_003).answers == 2
    assert count(log, "SELECT count(*) FROM idempotency_claims WHERE answer = ''") == 2


def test_exports_everything_held_about_a_client(log: SealedLog, model: "Model") -> None:
    store_history(log, 100_003)
    with connect_sync(log.url, application_name="test") as connection:
        document = json.loads(export_client(connection, 100_003, now=NOW))
    assert document["client_id"] == 100_003
    assert document["exported_at"] == "2026-11-23T12:00:00Z"
    (decision,) = document["decisions"]
    assert decision["request_id"] == "018f0000-0000-7000-8000-000000000003"
    assert decision["application"] == {"SK_ID_CURR": 100001}
    assert (decision["decision"], decision["reasons"], decision["score"]) == ("refuse", ["EXTERNAL_SCORE"], 2.5)
    assert document["stored_histories"][0]["payload"] == {"statistics": {"4": 2.5}, "rows": {}}
    assert document["cached_answers"][0]["answer"] == {"client_id": 100_003, "decision": "refuse"}
    assert document["outcomes"] == document["shadow_scores"] == []


def test_an_export_after_the_erasure_is_empty(log: SealedLog) -> None:
    erase(log, 100_003)
    with connect_sync(log.url, application_name="test") as connection:
        document = json.loads(export_client(connection, 100_003, now=NOW))
    lists = ("decisions", "outcomes", "shadow_scores", "stored_histories", "cached_answers")
    assert [document[name] for name in lists] == [[], [], [], [], []]

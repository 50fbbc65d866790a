"""The commands of the audit, each on a log that the service wrote."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from solvent.bootstrap import build_service, open_log
from solvent.cli.main import main
from solvent.domain.records import Claim
from solvent.scoring.process import new_request_id
from solvent.scoring.service import RequestContext
from solvent.settings import read_settings
from tiny_model import RISKY, SAFE

if TYPE_CHECKING:
    from solvent.scoring.model import Model

pytestmark = pytest.mark.postgres


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, on the database of the test and a home folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOLVENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOLVENT_DATABASE_URL", database_url)

    def run_command(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return Ran(code, written.out, written.err)

    return run_command


@pytest.fixture
def decided(run: Run, database_url: str, model: "Model") -> tuple[UUID, UUID]:
    """Request ids of an approval of client 100001 and a refusal of client 100002."""
    ids = (new_request_id(), new_request_id())

    async def decide() -> None:
        log = open_log(database_url, read_settings())
        async with log:
            service = build_service(model, log)
            await service.start()
            for request_id, request in zip(ids, (SAFE, RISKY), strict=True):
                claim = Claim("local", str(request_id), b"digest")
                context = RequestContext(request_id, datetime.now(UTC), time.perf_counter_ns(), "/predict", claim)
                await service.decide(request, context)

    asyncio.run(decide())
    return ids


def test_verifies_a_log_and_names_what_was_changed(run: Run, decided: tuple[UUID, UUID], database_url: str) -> None:
    ran = run("ledger", "verify")
    assert ran.code == 0
    # One checkpoint or two: that of the start may come after the first decision.
    entries = r"nothing was changed; ledger up to entry ([12]); 2 decisions, \1 entries, 2 payloads, "
    assert re.fullmatch(entries + r"0 request_failures, 0 uncovered\n", ran.out)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE decisions SET prediction_proba = 0.01 WHERE sequence = 2")
    ran = run("ledger", "verify")
    assert ran.code == 1
    assert f"record 2, request {decided[1]}: a column, or the link itself, is not what was recorded\n" in ran.out
    assert re.search(r"1 findings; ledger up to entry [12]", ran.out)


def test_verifies_against_copies_kept_elsewhere(run: Run, decided: tuple[UUID, UUID], tmp_path: Path) -> None:
    audit = tmp_path / "home" / "audit"
    (file,) = audit.glob("ledger-*.jsonl")
    copy = file.rename(tmp_path / "copy.jsonl")
    key = (audit / "signing.pub").rename(tmp_path / "key.pub")
    assert run("ledger", "verify", "--checkpoint", copy, "--public-key", key).code == 0
    assert run("ledger", "verify", "--chains-only", "--checkpoint", copy, "--public-key", key).code == 0
    ran = run("ledger", "verify", "--checkpoint", tmp_path / "absent.jsonl", "--public-key", key)
    assert (ran.code, "holds no ledger entries" in ran.err) == (1, True)
    ran = run("ledger", "verify")
    assert (ran.code, "holds no public key" in ran.err) == (78, True)


def test_makes_the_signing_key_once(run: Run, tmp_path: Path) -> None:
    first, second = run("ledger", "key"), run("ledger", "key")
    assert first.code == 0
    assert first.out == second.out
    assert first.out.endswith("-----END PUBLIC KEY-----\n")
    assert (tmp_path / "home" / "audit" / "signing.key").stat().st_mode & 0o777 == 0o600


def test_replays_one_decision_or_all(run: Run, decided: tuple[UUID, UUID], database_url: str) -> None:
    assert run("replay", "--all").out.endswith("2 decisions recomputed, 0 differ, 0 erased\n")
    assert run("replay", decided[0]).out == "1 decisions recomputed, 0 differ, 0 erased\n"
    assert run("replay").code == run("replay", decided[0], "--all").code == 2
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE decisions SET score = score + 1e-12 WHERE sequence = 2")
    ran = run("replay", "--all")
    assert ran.code == 1
    assert f"{decided[1]}: score\n" in ran.out
    ran = run("replay", UUID(int=1))
    assert (ran.code, "no decision has the ID" in ran.err) == (1, True)


def test_explains_a_refusal_to_people_and_to_programs(run: Run, decided: tuple[UUID, UUID]) -> None:
    ran = run("explain", decided[1])
    assert ran.code == 0
    assert "decision   refuse: probability of default 0." in ran.out
    assert "EXTERNAL_SCORE, given as a reason\n         External credit scores are low or missing.\n" in ran.out
    assert "external = 0.1 (number: external)\n           from application.EXT_SOURCE_2 = 0.1\n" in ran.out
    assert ran.out.endswith("recomputed from the log: comes out bit for bit\n")
    document = json.loads(run("explain", decided[1], "--json").out)
    assert document["decision"]["client_id"] == 100002
    assert document["reasons"][0]["code"] == "EXTERNAL_SCORE"
    assert document["reasons"][0]["features"][0]["sources"] == {"application.EXT_SOURCE_2": 0.1}
    assert document["differences"] == []


def test_exports_and_erases_a_client(run: Run, decided: tuple[UUID, UUID], tmp_path: Path) -> None:
    assert run("client", "export", 100002, "--out", "client.json").code == 0
    assert (tmp_path / "client.json").stat().st_mode & 0o777 == 0o600
    document = json.loads((tmp_path / "client.json").read_bytes())
    assert document["decisions"][0]["application"]["AMT_CREDIT"] == 1800000.0
    assert document["decisions"][0]["features"]["external"] == pytest.approx(0.1)
    assert document["cached_answers"][0]["answer"]["decision"] == "refuse"
    ran = run("client", "erase", 100002, "--why", "asked to", "--who", "officer", "--yes")
    assert (ran.code, ran.out) == (0, "erased 1 inputs, 0 histories and 1 cached answers; ledger entry 2\n")
    assert json.loads(run("client", "export", 100002).out)["decisions"] == []
    assert run("client", "erase", 100002, "--why", "again", "--yes").out == "nothing is held about this client\n"
    assert run("ledger", "verify").code == 0
    assert run("replay", "--all").out.endswith("1 decisions recomputed, 0 differ, 1 erased\n")
    assert "erased     input and features were removed" in run("explain", decided[1]).out


def test_retention_is_shown_before_it_is_done(run: Run, decided: tuple[UUID, UUID], database_url: str) -> None:
    assert run("db", "retain", "--dry-run").out == "nothing is old enough\n"
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE idempotency_claims SET claimed_at = now() - interval '73 hours'")
    ran = run("db", "retain", "--dry-run")
    assert (ran.code, ran.out) == (0, "idempotency_claims: about 2 rows\n")
    assert run("db", "retain", "--dry-run").out == ran.out
    ran = run("db", "retain", "--yes")
    assert (ran.code, ran.out) == (0, "idempotency_claims: about 2 rows\nremoved; ledger entries 2 to 2\n")
    assert run("db", "retain", "--yes").out == "nothing is old enough\n"
    assert run("ledger", "verify").code == 0

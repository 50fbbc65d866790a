import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from log_examples import ReadRows, make_submission
from sealed_logs import NOW

from solvent.decision_log.audit import sealing
from solvent.decision_log.audit.outside import read_outside
from solvent.decision_log.audit.sealing import Sealer
from solvent.decision_log.audit.signing import (
    Signer,
    make_signer,
    public_key_path,
    read_public_key,
    read_signer,
)
from solvent.decision_log.keeping.housekeeping import Housekeeper
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.errors import UnsafeLogError

pytestmark = pytest.mark.anyio


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return make_signer(tmp_path / "keys" / "signing.key")


def make_sealer(url: str, signer: Signer, folder: Path) -> Sealer:
    return Sealer(url, signer=signer, folder=folder, clock=lambda: NOW)


def heads(folder: Path) -> list[list[tuple[str, int]]]:
    return [[(head[0], head[2]) for head in entry.facts()["heads"]] for entry in read_outside(folder)]


async def wait_for(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.postgres
async def test_closing_signs_for_the_last_decision(database_url: str, signer: Signer, tmp_path: Path) -> None:
    async with PostgresDecisionLog(database_url, companions=(make_sealer(database_url, signer, tmp_path),)) as log:
        await log.record(make_submission(1, 2, 3))
    assert heads(tmp_path) == [[("decisions", 3)]]


@pytest.mark.postgres
async def test_a_start_signs_for_what_a_killed_process_left(
    database_url: str, signer: Signer, tmp_path: Path, rows: ReadRows
) -> None:
    async with PostgresDecisionLog(database_url) as killed:
        await killed.record(make_submission(1))
    async with PostgresDecisionLog(database_url, companions=(make_sealer(database_url, signer, tmp_path),)):
        await wait_for(lambda: rows("SELECT count(*) FROM ledger") == [(1,)])
    assert heads(tmp_path) == [[("decisions", 1)]]


@pytest.mark.postgres
async def test_many_records_bring_a_checkpoint_before_its_time(
    database_url: str, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "EVERY_RECORDS", 3)
    async with PostgresDecisionLog(database_url, companions=(make_sealer(database_url, signer, tmp_path),)) as log:
        await asyncio.sleep(0.2)
        await log.record(make_submission(1, 2))
        await asyncio.sleep(0.2)
        assert list(tmp_path.glob("ledger-*")) == []
        await log.record(make_submission(3))
        await wait_for(lambda: heads(tmp_path) == [[("decisions", 3)]])


@pytest.mark.postgres
async def test_a_checkpoint_that_was_not_kept_outside_is_kept_by_the_next_process(
    database_url: str, signer: Signer, tmp_path: Path
) -> None:
    folder = tmp_path / "outside"
    folder.touch()  # a file where the folder should be: every write outside fails
    async with PostgresDecisionLog(database_url, companions=(make_sealer(database_url, signer, folder),)) as log:
        await log.record(make_submission(1))
    folder.unlink()
    async with PostgresDecisionLog(database_url, companions=(make_sealer(database_url, signer, folder),)):
        pass
    assert heads(folder) == [[("decisions", 1)]]


async def test_records_that_no_checkpoint_covers_are_shown_and_become_overdue(
    signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer = make_sealer(f"postgresql://postgres@/postgres?host={tmp_path}", signer, tmp_path)
    assert sealer.figures == {"uncovered_records": 0, "uncovered_seconds": 0.0, "checkpoints_overdue": 0.0}
    sealer.count(20_000)
    await sealer._seal()
    assert sealer.figures["uncovered_records"] == 20_000
    assert sealer.figures["uncovered_seconds"] > 0.0
    assert sealer.figures["checkpoints_overdue"] == 0.0
    sealer.count(1)
    assert sealer.figures["checkpoints_overdue"] == 1.0
    monkeypatch.setattr(sealing, "MAX_UNCOVERED", 30_000)
    monkeypatch.setattr(sealing, "MAX_UNCOVERED_SECONDS", 0.0)
    assert sealer.figures["checkpoints_overdue"] == 1.0


@pytest.mark.postgres
async def test_nothing_new_makes_no_checkpoint(database_url: str, signer: Signer, tmp_path: Path) -> None:
    for _ in range(2):
        async with PostgresDecisionLog(database_url, companions=(make_sealer(database_url, signer, tmp_path),)):
            pass
    assert list(tmp_path.glob("ledger-*")) == []


async def test_a_database_that_is_away_holds_up_no_shutdown(signer: Signer, tmp_path: Path) -> None:
    url = f"postgresql://postgres@/postgres?host={tmp_path}"
    async with asyncio.timeout(3):
        log = PostgresDecisionLog(url, companions=(make_sealer(url, signer, tmp_path),))
        await log.open()
        await log.close()
    assert list(tmp_path.glob("ledger-*")) == []


@pytest.mark.postgres
async def test_the_files_outside_are_for_their_owner_alone(database_url: str, signer: Signer, tmp_path: Path) -> None:
    folder = tmp_path / "outside"
    async with PostgresDecisionLog(database_url, companions=(make_sealer(database_url, signer, folder),)) as log:
        await log.record(make_submission(1))
    (file,) = folder.iterdir()
    assert file.name == "ledger-2026-11-23.jsonl"
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    line = json.loads(file.read_bytes())
    public = read_public_key(public_key_path(tmp_path / "keys" / "signing.key"))
    assert public.has_signed(line["content"].encode(), bytes.fromhex(line["signature"]))
    assert not public.has_signed(line["content"].encode() + b" ", bytes.fromhex(line["signature"]))


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit" / "signing.key"
    first = make_signer(path)
    assert make_signer(path).public_key.fingerprint == first.public_key.fingerprint
    assert read_signer(path).public_key.fingerprint == first.public_key.fingerprint
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["signing.key", "signing.pub"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o400, 0o700])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "signing.key"
    make_signer(path)
    path.chmod(mode)
    with pytest.raises(UnsafeLogError, match="must be readable by its owner alone: chmod 600"):
        read_signer(path)


def test_a_missing_or_wrong_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsafeLogError, match="cannot be read"):
        read_signer(tmp_path / "absent.key")
    wrong = tmp_path / "wrong.key"
    wrong.touch(mode=0o600)
    with pytest.raises(UnsafeLogError, match="holds no Ed25519 key"):
        read_signer(wrong)
    with pytest.raises(UnsafeLogError, match="holds no public key"):
        read_public_key(wrong)


@pytest.mark.postgres
async def test_tidying_makes_partitions_and_removes_old_claims(database_url: str, rows: ReadRows) -> None:
    async with PostgresDecisionLog(database_url) as log:
        await log.record(make_submission(1, key="k1"))
    young = Housekeeper(database_url, claims_kept=timedelta(hours=24), clock=lambda: NOW - timedelta(days=300))
    await young.tidy()
    assert rows("SELECT count(*) FROM idempotency_claims") == [(1,)]
    assert rows("SELECT to_regclass('decisions_2026_02') IS NOT NULL") == [(True,)]
    await Housekeeper(database_url, claims_kept=timedelta(hours=24), clock=lambda: NOW + timedelta(days=9000)).tidy()
    assert rows("SELECT count(*) FROM idempotency_claims") == [(0,)]

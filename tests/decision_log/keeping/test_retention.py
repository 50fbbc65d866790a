import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from log_examples import FAILURE
from sealed_logs import SealedLog, decide, seal

from solvent.decision_log.audit.outside import read_outside
from solvent.decision_log.audit.signing import make_signer
from solvent.decision_log.keeping.partitions import ensure_partitions
from solvent.decision_log.keeping.retention import Removal, RetentionRules, carry_out, expire_claims, plan_removals
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.records import Claim, Submission

if TYPE_CHECKING:
    from solvent.scoring.model import Model

pytestmark = pytest.mark.postgres

OCTOBER, NOVEMBER = datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
RULES = RetentionRules(
    decisions=timedelta(days=183), failures=timedelta(days=30), telemetry=timedelta(days=30), claims=timedelta(hours=72)
)
JUNE = datetime(2027, 6, 1, tzinfo=UTC)
"""More than 183 days after October, less than that after November."""


@pytest.fixture
def log(database_url: str, model: "Model", tmp_path: Path) -> SealedLog:
    """Decisions of October and November in turn, since records at the edge of a month come in any order."""
    ensure_partitions(database_url, OCTOBER, months_ahead=1)
    served, signer = model.describe(), make_signer(tmp_path / "signing.key")

    async def fill() -> None:
        async with PostgresDecisionLog(database_url) as opened:
            await opened.register_model(served)
            for number, time in enumerate((OCTOBER, OCTOBER, NOVEMBER, OCTOBER, NOVEMBER, OCTOBER), 1):
                claim = Claim("local", f"key {number}", b"digest")
                await opened.record(Submission((decide(number, served, received_at=time),), b"{}", claim))
            await opened.record_failure(FAILURE)
            await seal(database_url, signer, tmp_path)
            await opened.record(Submission((decide(7, served, received_at=NOVEMBER),), b"{}"))
        await seal(database_url, signer, tmp_path)

    asyncio.run(fill())
    return SealedLog(database_url, signer, tmp_path)


def retain(log: SealedLog, now: datetime) -> list[str]:
    removals = plan_removals(log.url, RULES, now)
    asyncio.run(carry_out(log.url, removals, RULES, signer=log.signer, folder=log.folder, now=now))
    return [removal.partition or removal.table for removal in removals]


def find(log: SealedLog, tampering: str = "SELECT 1") -> list[str]:
    with psycopg.connect(log.url) as connection:
        connection.execute(tampering.encode())
        found = [str(finding) for finding in log.verify(connection).findings]
        connection.rollback()
    return found


def test_plans_only_months_that_are_old_as_a_whole(log: SealedLog) -> None:
    with psycopg.connect(log.url) as connection:
        connection.execute("UPDATE idempotency_claims SET claimed_at = %s", (NOVEMBER,))  # by the server's clock before
    assert plan_removals(log.url, RULES, datetime(2026, 11, 30, tzinfo=UTC)) == [Removal("idempotency_claims", None, 6)]
    november = plan_removals(log.url, RULES, datetime(2026, 12, 1, tzinfo=UTC))
    assert [removal.partition for removal in november] == [
        "request_failures_2026_10", "shadow_scores_2026_10", None
    ]  # fmt: skip
    june = plan_removals(log.url, RULES, JUNE)
    assert [removal.partition for removal in june] == [
        "decisions_2026_10", "decision_payloads_2026_10", "request_failures_2026_10", "request_failures_2026_11",
        "shadow_scores_2026_10", "shadow_scores_2026_11", None,
    ]  # fmt: skip


def test_a_plan_removes_nothing(log: SealedLog) -> None:
    plan_removals(log.url, RULES, JUNE)
    with psycopg.connect(log.url) as connection:
        assert connection.execute("SELECT count(*) FROM decisions").fetchone() == (7,)


def test_dropping_a_month_leaves_a_chain_that_verifies(log: SealedLog) -> None:
    retain(log, JUNE)
    with psycopg.connect(log.url) as connection:
        assert connection.execute("SELECT sequence FROM decisions ORDER BY 1").fetchall() == [(3,), (5,), (7,)]
        assert connection.execute("SELECT count(*) FROM idempotency_claims").fetchone() == (0,)
    assert find(log) == []
    facts = {entry.facts()["table"]: entry.facts() for entry in read_outside(log.folder) if entry.kind == "retired"}
    assert [run[1:3] for run in facts["decisions"]["runs"]] == [[1, 2], [4, 4], [6, 6]]
    assert facts["idempotency_claims"]["rows"] == 6


def test_outcomes_go_with_their_decisions(log: SealedLog) -> None:
    with psycopg.connect(log.url) as connection:
        connection.execute(
            "INSERT INTO outcomes (request_id, timestamp, kind, observed_at, reported_at, defaulted) "
            "SELECT request_id, timestamp, 'matured', '2027-05-01', '2027-05-01', false FROM decisions"
        )
    retain(log, JUNE)
    with psycopg.connect(log.url) as connection:
        kept = connection.execute("SELECT DISTINCT timestamp FROM outcomes").fetchall()
        assert connection.execute("SELECT count(*) FROM outcomes").fetchone() == (3,)
    assert kept == [(NOVEMBER,)]
    facts = {entry.facts()["table"]: entry.facts() for entry in read_outside(log.folder) if entry.kind == "retired"}
    assert facts["decisions"]["outcomes"] == 4
    assert find(log) == []


@pytest.mark.parametrize(
    ("tampering", "expected"),
    [
        ("UPDATE decisions SET score = 9 WHERE sequence = 3", "record 3, "),
        (
            "DELETE FROM decisions WHERE sequence = 3",
            "record 5, request 018f0000-0000-7000-8000-000000000005: records 3 to 4",
        ),
        ("DELETE FROM decisions WHERE sequence = 7", "records 7 to 7 are missing at the end"),
        ("DELETE FROM decision_payloads", "the payload is missing"),
        ("DELETE FROM ledger WHERE kind = 'retired'", "records 1 to 2 before it are missing"),
    ],
)
def test_tampering_is_found_behind_a_dropped_month(log: SealedLog, tampering: str, expected: str) -> None:
    retain(log, JUNE)
    assert any(expected in finding for finding in find(log, tampering))


def test_a_log_that_was_dropped_whole_verifies(log: SealedLog) -> None:
    retain(log, datetime(2030, 1, 1, tzinfo=UTC))
    assert find(log) == []


def test_old_claims_expire_and_young_ones_stay(log: SealedLog) -> None:
    now = datetime.now(UTC)
    assert asyncio.run(expire_claims(log.url, now - timedelta(hours=1))) == 0
    assert asyncio.run(expire_claims(log.url, now + timedelta(hours=1))) == 6

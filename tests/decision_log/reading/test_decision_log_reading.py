from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from log_examples import FAILURE, make_decision, make_submission

from solvent.decision_log.database.self_check import check_server_settings
from solvent.decision_log.reading.reader import LogSummary, read_summary
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.policy import Decision
from solvent.errors import DecisionLogError

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def test_sums_up_the_window(database_url: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    clock = iter(now + timedelta(milliseconds=ms) for ms in (10, 30, 50)).__next__
    async with PostgresDecisionLog(database_url, clock=clock) as log:
        approved = make_decision(1, received_at=now, decision=Decision.APPROVE)
        submission = make_submission(1)
        await log.record(replace(submission, decisions=(approved,)))
        await log.record(make_submission(2, received_at=now))
        await log.record_failure(replace(FAILURE, received_at=now))
        await log.record_failure(replace(FAILURE, request_id=UUID(int=1), received_at=now))
        await log.record(make_submission(3, received_at=now - timedelta(days=2)))
    assert read_summary(database_url) == LogSummary(
        decisions=2, approval_rate=0.5, mean_response_ms=20.0, error_rate=0.5, last_decision_at=now
    )
    assert read_summary(database_url, window=timedelta(days=3)).decisions == 3


async def test_an_empty_log_has_no_rates(database_url: str) -> None:
    assert read_summary(database_url) == LogSummary(0, None, None, None, None)


async def test_a_log_without_tables_or_server_is_an_error(unmigrated_url: str, tmp_path: Path) -> None:
    with pytest.raises(DecisionLogError, match="run `solvent db check`"):
        read_summary(unmigrated_url)
    with pytest.raises(DecisionLogError, match="cannot be reached"):
        read_summary(f"postgresql://postgres@/postgres?host={tmp_path}")


async def test_accepts_a_server_that_keeps_what_it_acknowledges(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        check_server_settings(connection)


async def test_refuses_a_database_that_is_not_migrated(unmigrated_url: str) -> None:
    with (
        psycopg.connect(unmigrated_url) as connection,
        pytest.raises(DecisionLogError, match="no tables of Solvent yet: run `solvent db upgrade`"),
    ):
        check_server_settings(connection)


async def test_refuses_a_database_at_another_revision(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        with pytest.raises(DecisionLogError, match=r"not at revision \d{4}: run `solvent db upgrade`"):
            check_server_settings(connection)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_refuses_a_server_that_can_lose_acknowledged_decisions(database_url: str, setting: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        _set(connection, f"ALTER SYSTEM SET {setting} = off", setting, "off")
        try:
            with pytest.raises(DecisionLogError, match=f"^{setting} is off.*set {setting} = on in postgresql.conf"):
                check_server_settings(connection)
        finally:
            _set(connection, f"ALTER SYSTEM RESET {setting}", setting, "on")
        check_server_settings(connection)


def _set(connection: psycopg.Connection, command: str, setting: str, expected: str) -> None:
    connection.execute(command.encode())
    connection.execute("SELECT pg_reload_conf()")
    while connection.execute("SELECT current_setting(%s)", (setting,)).fetchone() != (expected,):
        pass

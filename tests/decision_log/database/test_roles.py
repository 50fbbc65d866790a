"""Who may do what in the database, and that the API refuses to start where it could do more (P-39, T-04)."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from log_examples import ReadRows, make_submission

from solvent.decision_log.database.connections import SyncConnection, connect, connect_sync
from solvent.decision_log.database.embedded import EmbeddedServer
from solvent.decision_log.database.roles import API, ERASER, MONITOR, READER
from solvent.decision_log.database.self_check import check_server_settings
from solvent.decision_log.keeping.partitions import ensure_partitions
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.clock import utc_now
from solvent.errors import DecisionLogError, UnsafeLogError

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

LOG_TABLES = ("decisions", "decision_payloads", "request_failures", "models", "model_files", "ledger", "chain_heads")


@pytest.fixture
def owner(database_url: str) -> Iterator[SyncConnection]:
    """The login that made the tables."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("table", [*LOG_TABLES, "idempotency_claims"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}", "ALTER TABLE {} ADD x int"])
async def test_the_api_can_remove_nothing(database_url: str, table: str, statement: str) -> None:
    async with await connect(database_url, "test", role=API) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(statement.format(table).encode())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE decisions SET score = 0",
        "UPDATE decisions_default SET score = 0",
        "UPDATE decision_payloads SET client_id = 0",
        "UPDATE request_failures SET http_status_code = 200",
        "UPDATE idempotency_claims SET answer = ''",
        "UPDATE models SET threshold = 0",
        "UPDATE ledger SET signature = ''",
        "UPDATE client_features SET payload = ''",
        "INSERT INTO api_keys DEFAULT VALUES",
        "ALTER SYSTEM SET fsync = off",
    ],
)
async def test_the_api_can_change_nothing(database_url: str, statement: str) -> None:
    async with await connect(database_url, "test", role=API) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(statement.encode())


@pytest.mark.parametrize(
    "table",
    ["decision_payloads", "client_features", "idempotency_claims", "api_keys", "predictions", "feature_values"],
)
async def test_the_reader_sees_no_table_with_personal_data(database_url: str, table: str) -> None:
    async with await connect(database_url, "test", role=READER) as connection:
        await connection.execute("SELECT * FROM decisions")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(f"SELECT * FROM {table}".encode())


@pytest.mark.parametrize(
    "columns", ["loan_amount FROM decision_payloads", "* FROM predictions", "* FROM feature_values"]
)
async def test_a_monitor_sees_of_payloads_the_vectors_alone(database_url: str, columns: str) -> None:
    async with await connect(database_url, "test", role=MONITOR) as connection:
        await connection.execute("SELECT features FROM decision_payloads")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(f"SELECT {columns}".encode())


@pytest.mark.parametrize("table", ["decisions", "request_failures", "models", "ledger", "chain_heads"])
async def test_the_eraser_can_remove_no_decision(database_url: str, table: str) -> None:
    async with await connect(database_url, "test", role=ERASER) as connection:
        await connection.execute("DELETE FROM decision_payloads")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(f"DELETE FROM {table}".encode())


async def test_the_writer_acts_as_the_api(postgres_log: PostgresDecisionLog, rows: ReadRows) -> None:
    await postgres_log.record(make_submission(1))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await postgres_log._writer._connection.execute("DELETE FROM decisions")  # type: ignore[union-attr]


async def test_a_database_as_we_make_it_passes(database_url: str) -> None:
    ensure_partitions(database_url, utc_now())
    with connect_sync(database_url, application_name="test") as connection:
        check_server_settings(connection)
        assert connection.execute("SELECT current_user").fetchone() == ("postgres",)


@pytest.mark.parametrize("value", ["off", "local"])
async def test_refuses_a_default_that_loses_acknowledged_decisions(
    database_url: str, owner: SyncConnection, value: str
) -> None:
    owner.execute(f"ALTER DATABASE {owner.info.dbname} SET synchronous_commit = {value}".encode())
    with (
        connect_sync(database_url, application_name="test") as connection,
        pytest.raises(UnsafeLogError, match="synchronous_commit is not on by default"),
    ):
        check_server_settings(connection)


@pytest.mark.parametrize(
    ("grant", "table"),
    [
        ("GRANT UPDATE ON decisions TO solvent_api", "decisions"),
        ("GRANT DELETE ON decision_payloads TO PUBLIC", "decision_payloads"),
        ("GRANT TRUNCATE ON ledger TO solvent_api", "ledger"),
        ("GRANT UPDATE (score) ON decisions TO solvent_api", "decisions"),
        ("GRANT UPDATE ON decisions_default TO solvent_api", "decisions_default"),
    ],
)
async def test_refuses_a_role_that_could_change_decisions(
    database_url: str, owner: SyncConnection, grant: str, table: str
) -> None:
    owner.execute(grant.encode())
    with (
        connect_sync(database_url, application_name="test") as connection,
        pytest.raises(UnsafeLogError, match=f"solvent_api could change or remove rows of {table}: revoke"),
    ):
        check_server_settings(connection)


async def test_refuses_a_missing_primary_key(database_url: str, owner: SyncConnection) -> None:
    owner.execute("ALTER TABLE idempotency_claims DROP CONSTRAINT idempotency_claims_pkey")
    with (
        connect_sync(database_url, application_name="test") as connection,
        pytest.raises(UnsafeLogError, match="a primary key of decisions or idempotency_claims is missing"),
    ):
        check_server_settings(connection)


async def test_production_refuses_a_login_that_could_change_decisions(database_url: str) -> None:
    with (
        connect_sync(database_url, application_name="test") as connection,
        pytest.raises(UnsafeLogError, match="the login of the API could change or remove rows of"),
    ):
        check_server_settings(connection, with_login=True)


@pytest.fixture
def login(owner: SyncConnection, database_url: str) -> Iterator[tuple[str, str]]:
    """A login of its own, with nothing granted: its name, and the URL that it connects with."""
    name = f"login_{uuid4().hex[:12]}"
    owner.execute(f"CREATE ROLE {name} LOGIN".encode())
    yield name, database_url.replace("postgres@", f"{name}@")
    owner.execute(f"DROP ROLE {name}".encode())


async def test_production_accepts_a_login_that_is_a_member_of_the_api_role(
    owner: SyncConnection, login: tuple[str, str], rows: ReadRows
) -> None:
    name, url = login
    owner.execute(f"GRANT solvent_api TO {name}".encode())
    with connect_sync(url, application_name="test") as connection:
        check_server_settings(connection, with_login=True)
    async with PostgresDecisionLog(url) as log:
        await log.record(make_submission(1))
    assert rows("SELECT count(*) FROM decisions") == [(1,)]


async def test_refuses_a_login_that_may_not_act_as_the_api(owner: SyncConnection, login: tuple[str, str]) -> None:
    name, url = login
    owner.execute(f"GRANT SELECT ON alembic_version TO {name}".encode())
    with (
        connect_sync(url, application_name="test") as connection,
        pytest.raises(UnsafeLogError, match="the login may not act as solvent_api"),
    ):
        check_server_settings(connection, with_login=True)
    owner.execute(f"REVOKE ALL ON alembic_version FROM {name}".encode())


async def test_the_log_of_the_server_shows_no_value(
    embedded_server: EmbeddedServer, postgres_log: PostgresDecisionLog
) -> None:
    canary = f"canary{uuid4().hex}"
    with pytest.raises(DecisionLogError, match="CheckViolation"):
        await postgres_log.record(make_submission(1, probability_default=7.0, endpoint=canary))
    text = Path(embedded_server._server.log).read_text()
    assert "violates check constraint" in text
    assert canary not in text

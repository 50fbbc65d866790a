"""What a database must be before a decision may rest on it; checked at every start."""

import psycopg

from solvent.decision_log.database.connections import SESSION, SyncConnection
from solvent.decision_log.database.revisions import newest_revision
from solvent.decision_log.database.roles import API
from solvent.decision_log.database.schema import CHAINED_TABLES
from solvent.errors import DecisionLogError, UnsafeLogError

REQUIRED_SETTINGS = ("fsync", "full_page_writes", "data_checksums")
"""Without these, a power cut or a failing disk loses or alters decisions that were acknowledged."""

MIN_SERVER_VERSION = 160_000

REMEDIES = {
    "data_checksums": "stop the server and run pg_checksums --enable",
    "fsync": "set fsync = on in postgresql.conf and restart the server",
    "full_page_writes": "set full_page_writes = on in postgresql.conf and restart the server",
}

DURABLE = ("on", "remote_apply")
"""Values of synchronous_commit under which a COMMIT is on stable storage before it returns."""

TIMEOUTS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")

# Every table of the log and every partition: a right given on one partition alone would do too.
CHANGEABLE = """
SELECT c.oid::regclass::text
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE coalesce(i.inhparent, c.oid) = ANY(%(tables)s::text[]::regclass[]) AND (
    has_table_privilege({who}, c.oid, 'UPDATE, DELETE, TRUNCATE')
    OR has_any_column_privilege({who}, c.oid, 'UPDATE')
)
ORDER BY 1 LIMIT 1
"""
KEPT_TABLES = (*CHAINED_TABLES, "decision_payloads", "models", "model_files", "ledger", "chain_heads")
"""Tables that the role of the API may only add to."""

UNIQUE = """
SELECT count(*) FROM pg_index
WHERE indrelid = ANY(ARRAY['decisions', 'idempotency_claims']::regclass[])
  AND indisprimary AND indisunique AND indisvalid AND indisready
"""


def check_server_settings(connection: SyncConnection, *, with_login: bool = False) -> None:
    """Return if the server keeps what it acknowledges, the tables fit this version, and the API can only add to them.

    Looks at the session as the API has it, with its settings and its role; the connection gets them for the moment.

    Args:
        connection: a fresh one of the login that the API uses.
        with_login: also refuse a login that could change decisions by itself, as production must.

    Raises:
        DecisionLogError: the database is not at this version's revision.
        UnsafeLogError: naming what is wrong, and what to do.
    """
    if connection.info.server_version < MIN_SERVER_VERSION:
        raise UnsafeLogError("server_version is below 16: move the database to PostgreSQL 16 or newer")
    for setting in REQUIRED_SETTINGS:
        if _show(connection, setting) != "on":
            raise UnsafeLogError(f"{setting} is off, so acknowledged decisions could be lost: {REMEDIES[setting]}")
    _check_revision(connection)
    _check_default_durability(connection)
    with connection.transaction(force_rollback=True):
        _take_role(connection)
        _check_session(connection)
        _check_rights(connection, "current_user")
        if with_login:
            _check_rights(connection, "session_user")


def _show(connection: SyncConnection, setting: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
    return "" if row is None else str(row[0])


def _check_revision(connection: SyncConnection) -> None:
    if connection.execute("SELECT to_regclass('alembic_version') IS NULL").fetchone() == (True,):
        raise DecisionLogError("the database has no tables of Solvent yet: run `solvent db upgrade`")
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row != (newest_revision(),):
        raise DecisionLogError(f"the database is not at revision {newest_revision()}: run `solvent db upgrade`")


def _check_default_durability(connection: SyncConnection) -> None:
    """Our sessions set it themselves; a pooler that forgets what a session set would bring the default back."""
    row = connection.execute("SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'").fetchone()
    if row is None or row[0] not in DURABLE:
        raise UnsafeLogError(
            "synchronous_commit is not on by default, so acknowledged decisions could be lost: "
            "reset it for the server, the database and the login (ALTER ... RESET synchronous_commit)"
        )


def _take_role(connection: SyncConnection) -> None:
    try:
        connection.execute(
            SESSION.format(statement_seconds=3, lock_milliseconds=2000, role=API).encode(), prepare=False
        )
    except psycopg.Error as error:
        raise UnsafeLogError(f"the login may not act as {API}: run `GRANT {API} TO` it as the owner") from error


def _check_session(connection: SyncConnection) -> None:
    if _show(connection, "synchronous_commit") not in DURABLE:
        raise UnsafeLogError("synchronous_commit stays off in our sessions: connect without the pooler that resets it")
    if _show(connection, "timezone") != "UTC":
        raise UnsafeLogError("the time zone of our sessions is not UTC: connect without the pooler that resets it")
    for setting in TIMEOUTS:
        if _show(connection, setting) == "0":
            raise UnsafeLogError(f"{setting} is off in our sessions: connect without the pooler that resets it")
    if connection.execute(UNIQUE).fetchone() != (2,):
        raise UnsafeLogError("a primary key of decisions or idempotency_claims is missing or not valid: restore it")


def _check_rights(connection: SyncConnection, who: str) -> None:
    query = CHANGEABLE.format(who=who).encode()
    row = connection.execute(query, {"tables": list(KEPT_TABLES)}).fetchone()
    if row is not None:
        role = API if who == "current_user" else "the login of the API"
        raise UnsafeLogError(f"{role} could change or remove rows of {row[0]}: revoke UPDATE, DELETE and TRUNCATE")

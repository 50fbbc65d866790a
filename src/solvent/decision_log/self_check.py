"""What a database must be before a decision may rest on it; checked at every start."""

from solvent.decision_log.connections import SyncConnection
from solvent.decision_log.revisions import newest_revision
from solvent.errors import DecisionLogError

REQUIRED_SETTINGS = ("fsync", "full_page_writes", "data_checksums")
"""Without these, a power cut or a failing disk loses or alters decisions that were acknowledged."""

MIN_SERVER_VERSION = 160_000

REMEDIES = {
    "data_checksums": "stop the server and run pg_checksums --enable",
    "fsync": "set fsync = on in postgresql.conf and restart the server",
    "full_page_writes": "set full_page_writes = on in postgresql.conf and restart the server",
}


def check_server_settings(connection: SyncConnection) -> None:
    """Return if the server keeps what it acknowledges and the tables fit this version of the code.

    Raises:
        DecisionLogError: naming the setting and what to do.
    """
    if connection.info.server_version < MIN_SERVER_VERSION:
        raise DecisionLogError("server_version is below 16: move the database to PostgreSQL 16 or newer")
    for setting in REQUIRED_SETTINGS:
        row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
        if row != ("on",):
            raise DecisionLogError(f"{setting} is off, so acknowledged decisions could be lost: {REMEDIES[setting]}")
    _check_revision(connection)


def _check_revision(connection: SyncConnection) -> None:
    if connection.execute("SELECT to_regclass('alembic_version') IS NULL").fetchone() == (True,):
        raise DecisionLogError("the database has no tables of Solvent yet: run `solvent db upgrade`")
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row != (newest_revision(),):
        raise DecisionLogError(f"the database is not at revision {newest_revision()}: run `solvent db upgrade`")

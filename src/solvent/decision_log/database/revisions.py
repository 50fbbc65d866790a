"""Brings a database to a revision of the decision log, and tells which one it has."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from solvent.errors import DecisionLogError

LOCK_TIMEOUT_MS = 1000
"""A migration that waits longer than this for a table would hold up the service: it lets go and tries again."""

MAX_ATTEMPTS = 10

_UPGRADE_LOCK = 7_246_109_331
"""Advisory lock that lets one process migrate at a time; an arbitrary number."""

_LOCK_NOT_AVAILABLE = "55P03"


def upgrade(url: str, revision: str = "head", *, attempts: int = MAX_ATTEMPTS) -> None:
    """Bring the database up to `revision`; a database that is there already stays as it is.

    Raises:
        DecisionLogError: the database is away, or a table stayed locked through every attempt.
    """
    _migrate(url, lambda config: command.upgrade(config, revision), attempts)


def downgrade(url: str, revision: str, *, attempts: int = MAX_ATTEMPTS) -> None:
    """Take the database back to `revision`; "base" removes every table with its rows. Raises like `upgrade`."""
    _migrate(url, lambda config: command.downgrade(config, revision), attempts)


def find_revision(url: str) -> str | None:
    """Return the database's revision, None if it has never been migrated; raises DecisionLogError if it is away."""
    with _connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """Return the revision that this version of the code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or "base"


def check_revision(url: str) -> None:
    """Return if the database is at the newest revision; raises DecisionLogError with the remedy if not."""
    found = find_revision(url)
    if found != newest_revision():
        raise DecisionLogError(
            f"the database is at revision {found}, this version needs {newest_revision()}: run `solvent db upgrade`"
        )


def _migrate(url: str, act: Callable[[Config], None], attempts: int) -> None:
    for attempt in range(1, attempts + 1):
        try:
            with _connected(url) as connection:
                connection.execute(text(f"SELECT pg_advisory_lock({_UPGRADE_LOCK})"))
                connection.commit()
                act(_config(connection))
        except _LockedError as error:
            if attempt == attempts:
                raise DecisionLogError("tables stayed locked: stop long queries on the database and retry") from error
            time.sleep(0.1 * attempt)
        else:
            return


class _LockedError(DecisionLogError):
    """Somebody else holds a lock that a migration needs."""


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    settings = f"-c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC"
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        connect_args={"options": settings, "connect_timeout": 5, "application_name": "solvent-migration"},
    )
    try:
        with engine.connect() as connection:
            yield connection
            connection.commit()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise _LockedError("a table is locked") from error
        cause = getattr(error.orig, "sqlstate", None) or type(error.orig).__name__
        raise DecisionLogError(f"the database cannot be used ({cause}): is it running, and is its URL right?") from None


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config

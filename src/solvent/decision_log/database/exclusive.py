"""One change at a time among all processes of one PostgreSQL: a named lock that the server lets go with a session."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from solvent.decision_log.database.connections import connect_sync
from solvent.errors import DecisionLogError

WAIT_SECONDS = 60
_TAKE = "SELECT pg_advisory_lock(hashtextextended(%s, 0))"


@contextmanager
def hold_named(url: str, name: str, *, wait_seconds: int = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock of this name; raises DecisionLogError if another session holds it all the time."""
    with connect_sync(url, application_name=f"solvent-{name}") as connection:
        connection.autocommit = True
        try:
            connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{wait_seconds * 1000}ms",))
            connection.execute("SELECT set_config('statement_timeout', '0', false)")
            connection.execute(_TAKE, (name,))
        except psycopg.Error as error:
            raise DecisionLogError(f"another command holds the lock of {name}: wait for it, then try again") from error
        yield

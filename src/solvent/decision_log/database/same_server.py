"""Notices that a connection leads to another server than the one before, or to one that was started anew."""

import asyncio
from collections.abc import Callable

from solvent.decision_log.database.connections import Connection, Row

IDENTITY = "SELECT pg_postmaster_start_time(), oid FROM pg_database WHERE datname = current_database()"


def _trust() -> None:
    """Look at nothing."""


class SameServer:
    """Has a server looked at before the first use, and again after each change: it may have been restored or replaced.

    Args:
        examine: looks at what a start looks at; raises DecisionLogError if nothing may be written there. It may block.
    """

    def __init__(self, examine: Callable[[], None] = _trust) -> None:
        self._examine = examine
        self._known: Row | None = None

    async def check(self, connection: Connection) -> None:
        """Return if this server was found to be safe.

        Raises:
            DecisionLogError: it is not: a setting, a right, or a database that is older than an erasure.
            psycopg.Error: the server does not answer.
        """
        found = await (await connection.execute(IDENTITY)).fetchone()
        if found != self._known:
            await asyncio.to_thread(self._examine)
            self._known = found

"""Connections to the decision log: their session settings, and waits that always end."""

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

from solvent.decision_log.database.roles import API
from solvent.errors import DecisionLogError, LogUnavailableError

Row = tuple[Any, ...]
Connection = psycopg.AsyncConnection[Row]
SyncConnection = psycopg.Connection[Row]

CONNECT_SECONDS = 2
READ_SECONDS = 1.0
FETCH_SECONDS = 2.0
"""Bound of a read with all that it may take: the turn, a statement that gets no answer, another connection."""

RETRY_SECONDS = 0.5
"""After a failed connect, readers are refused at once for this long instead of queueing for the next attempt."""

SESSION = """
SET synchronous_commit TO on;
SET default_transaction_isolation TO 'read committed';
SET timezone TO 'UTC';
SET lock_timeout TO '{lock_milliseconds}ms';
SET statement_timeout TO '{statement_seconds}s';
SET idle_in_transaction_session_timeout TO '10s';
SET log_parameter_max_length_on_error TO 0;
SET ROLE {role}
"""


class RawDumper(Dumper):
    """Hands bytes over as they are, as the binary form of whatever type the column has; see `canonical`."""

    oid = 0
    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        """Change nothing."""
        return obj


async def connect(
    url: str, application_name: str, *, role: str = "none", statement_seconds: int = 3, lock_milliseconds: int = 2000
) -> Connection:
    """Open a connection to a server that accepts writes, with every session setting that a promise rests on.

    Args:
        url: of the database.
        application_name: as others see us in `pg_stat_activity`.
        role: one of `roles`, whose rights the session then has; "none" keeps those of the login.
        statement_seconds: longest time of one statement.
        lock_milliseconds: longest wait for a lock.

    Raises:
        psycopg.Error: the server cannot be reached or refuses us.
    """
    # In its warnings psycopg quotes what the server says of a row, values included; our own events do not.
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)
    connection = await psycopg.AsyncConnection.connect(
        driver_url(url),
        autocommit=True,
        prepare_threshold=0,
        application_name=application_name,
        connect_timeout=CONNECT_SECONDS,
        target_session_attrs="read-write",
    )
    try:
        with bounded(connection, CONNECT_SECONDS):
            settings = SESSION.format(
                statement_seconds=statement_seconds, lock_milliseconds=lock_milliseconds, role=role
            )
            await connection.execute(settings, prepare=False)
    except BaseException:
        await connection.close()
        raise
    return connection


def connect_sync(url: str, *, application_name: str) -> SyncConnection:
    """Open a connection for commands and pages, in UTC; raises DecisionLogError if the database is away.

    A statement may take its time; a host that is gone is noticed within half a minute.
    """
    try:
        return psycopg.connect(
            driver_url(url),
            application_name=application_name,
            connect_timeout=5,
            options="-c timezone=UTC",
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=25_000,
        )
    except psycopg.Error as error:
        raise DecisionLogError("the database cannot be reached: is it running, and is its URL right?") from error


def begin_session(connection: SyncConnection, statements: str) -> None:
    """Run what a session of `roles` begins with, so that it outlasts every transaction; raises DecisionLogError."""
    try:
        connection.execute(statements.encode())
        connection.commit()
    except psycopg.Error as error:
        raise DecisionLogError(
            f"the login cannot act as it must ({type(error).__name__}): give it the roles of docs/decisions/0012"
        ) from error


@contextmanager
def connected_for(url: str, seconds: float | None, *, application_name: str) -> Iterator[SyncConnection]:
    """Open a connection that is cut after so many seconds, COMMIT included, so that a silent server holds up nobody.

    Args:
        url: of the database.
        seconds: None for no bound; those of connecting, at most 5, come before.
        application_name: as others see us in `pg_stat_activity`.

    Raises:
        DecisionLogError: the database is away, or did not confirm the COMMIT.
    """
    connection = connect_sync(url, application_name=application_name)
    timer = threading.Timer(seconds or 0.0, _cut, (connection,))
    timer.daemon = True
    if seconds is not None:
        timer.start()
    try:
        with connection:
            yield connection
    except psycopg.Error as error:
        raise DecisionLogError(f"the database did not answer ({type(error).__name__}): try again") from error
    finally:
        timer.cancel()


def driver_url(url: str) -> str:
    """Return the URL as libpq reads it, without SQLAlchemy's name of the driver."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}{separator}{rest}"


@contextmanager
def bounded(connection: Connection, seconds: float) -> Iterator[None]:
    """Cut the connection if the block takes longer, so that what waits on it fails instead of hanging.

    Cancelling would not do: psycopg then waits for the server to confirm, which a silent server never does.
    """
    timer = asyncio.get_running_loop().call_later(seconds, _cut, connection)
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: Connection | SyncConnection) -> None:
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as twin:
        twin.shutdown(socket.SHUT_RDWR)


def is_lost(connection: Connection, error: psycopg.Error) -> bool:
    """Tell whether the connection is gone: no answer at all, or the server said that it hangs up (08..., 57P...)."""
    return connection.closed or error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))


class SharedConnection:
    """One connection for short statements of many callers, opened when first needed and again after a loss."""

    def __init__(self, url: str, application_name: str) -> None:
        self._url = url
        self._application_name = application_name
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None
        self._retry_at = 0.0

    async def fetch(self, query: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return its rows; raises LogUnavailableError if that cannot be done soon."""
        try:
            async with asyncio.timeout(FETCH_SECONDS), self._lock:
                return await self._fetch_again_if_lost(query, parameters)
        except (psycopg.Error, TimeoutError) as error:
            raise LogUnavailableError(f"the decision log cannot be read now ({type(error).__name__})") from error

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _fetch_again_if_lost(self, query: str, parameters: Sequence[object]) -> list[Row]:
        if self._connection is not None:
            # It may have died while nobody used it: that is no reason to refuse.
            with suppress(psycopg.Error):
                return await self._fetch(self._connection, query, parameters)
            await self.close()
        return await self._fetch(await self._open(), query, parameters)

    async def _fetch(self, connection: Connection, query: str, parameters: Sequence[object]) -> list[Row]:
        with bounded(connection, READ_SECONDS):
            cursor = await connection.execute(query.encode(), parameters, binary=True)
            return await cursor.fetchall() if cursor.description else []

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        if loop.time() < self._retry_at:
            raise psycopg.OperationalError("the last connect failed a moment ago")
        try:
            self._connection = await connect(self._url, self._application_name, role=API)
        finally:
            self._retry_at = 0.0 if self._connection is not None else loop.time() + RETRY_SECONDS
        return self._connection

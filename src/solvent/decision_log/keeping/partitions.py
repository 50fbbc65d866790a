"""Monthly partitions, made ahead of time so that whole months can be dropped when their time is over."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import psycopg
from psycopg import sql

from solvent.decision_log.database.connections import SyncConnection, connect_sync
from solvent.decision_log.database.schema import PARTITIONED_TABLES
from solvent.errors import DecisionLogError


def ensure_partitions(url: str, now: datetime, *, months_ahead: int = 3) -> tuple[str, ...]:
    """Make the partitions of this month and of the next ones that are missing, and return the names of the new ones.

    Rows of such a month that lie in the default partition move into theirs. Until a month has its partition, its rows
    go to the default one. The tables are locked while rows move, so run it before a month begins, or at a start.

    Raises:
        DecisionLogError: the database is away, not migrated, or too busy; nothing is half done, try again later.
    """
    with connect_sync(url, application_name="solvent-partitions") as connection:
        connection.autocommit = True
        connection.execute("SET lock_timeout = '1s'")
        months = list(_months(now.astimezone(UTC), months_ahead))
        try:
            return tuple(
                name
                for table in PARTITIONED_TABLES
                for start, end in months
                if (name := _ensure_partition(connection, table, start, end)) is not None
            )
        except psycopg.Error as error:
            raise DecisionLogError("partitions could not be made: run `solvent db upgrade`, then try again") from error


def _months(now: datetime, ahead: int) -> Iterator[tuple[datetime, datetime]]:
    first = now.year * 12 + now.month - 1
    starts = [datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(first, first + ahead + 2)]
    yield from pairwise(starts)


def _ensure_partition(connection: SyncConnection, table: str, start: datetime, end: datetime) -> str | None:
    name = f"{table}_{start:%Y_%m}"
    if _exists(connection, name):
        return None
    names = {"new": sql.Identifier(name), "table": sql.Identifier(table), "rest": sql.Identifier(f"{table}_default")}
    bounds = {"start": sql.Literal(start), "end": sql.Literal(end)}
    steps = (
        "LOCK TABLE {rest} IN ACCESS EXCLUSIVE MODE",
        "CREATE TABLE {new} (LIKE {table} INCLUDING ALL)",
        "INSERT INTO {new} SELECT * FROM {rest} WHERE timestamp >= {start} AND timestamp < {end}",
        "DELETE FROM {rest} WHERE timestamp >= {start} AND timestamp < {end}",
        "ALTER TABLE {table} ATTACH PARTITION {new} FOR VALUES FROM ({start}) TO ({end})",
    )
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('solvent partitions'))")
        if _exists(connection, name):
            return None
        for step in steps:
            connection.execute(sql.SQL(step).format(**names, **bounds))
    return name


def _exists(connection: SyncConnection, name: str) -> bool:
    return connection.execute("SELECT to_regclass(%s) IS NOT NULL", (name,)).fetchone() == (True,)

"""Keeps the hourly figures up with the log (docs/decisions/0028 and 0051)."""

from datetime import datetime

import psycopg

from solvent.decision_log.database.connections import SyncConnection, connect_sync
from solvent.decision_log.database.roles import READER
from solvent.domain.progress import Progress, silent
from solvent.errors import DecisionLogError

STEP = 50_000
"""Rows counted by one statement; about a second."""

ROLL_UPS = {"decisions": "SELECT roll_up_decisions(%s)", "outcomes": "SELECT roll_up_outcomes(%s)"}
SPAN = "SELECT min(timestamp), max(timestamp) FROM decisions"


def roll_up(url: str, *, progress: Progress = silent) -> int:
    """Count what is not counted yet, decisions and reports of outcomes, and return how many decisions that were.

    Raises:
        DecisionLogError: the database is away or not migrated.
    """
    with connect_sync(url, application_name="solvent-roll-up") as connection:
        connection.autocommit = True
        try:
            connection.execute(f"SET ROLE {READER}; SET statement_timeout TO '60s'".encode())
            counted = {what: _count(connection, what, progress) for what in ROLL_UPS}
        except psycopg.Error as error:
            raise DecisionLogError(
                f"the decisions cannot be counted ({type(error).__name__}): run `solvent db upgrade`"
            ) from error
    return counted["decisions"]


def _count(connection: SyncConnection, what: str, progress: Progress) -> int:
    counted = 0
    while step := _step(connection, ROLL_UPS[what]):
        counted += step
        if step < STEP:
            break
        progress(what, 0.0)
    return counted


def _step(connection: SyncConnection, statement: str) -> int:
    row = connection.execute(statement.encode(), (STEP,)).fetchone()
    return 0 if row is None else int(str(row[0]))


def find_span(connection: SyncConnection) -> tuple[datetime, datetime] | None:
    """When the first and the last decision of the log arrived; None if it holds none."""
    row = connection.execute(SPAN).fetchone()
    if row is None or not isinstance(row[0], datetime) or not isinstance(row[1], datetime):
        return None
    return row[0], row[1]

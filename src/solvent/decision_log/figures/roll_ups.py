"""Keeps the hourly figures up with the log (docs/decisions/0028)."""

from datetime import datetime

import psycopg

from solvent.decision_log.database.connections import connect_sync
from solvent.decision_log.database.roles import READER
from solvent.domain.progress import Progress, silent
from solvent.errors import DecisionLogError

STEP = 50_000
"""Decisions counted by one statement; about a second."""

SPAN = "SELECT min(timestamp), max(timestamp) FROM decisions"


def roll_up(url: str, *, progress: Progress = silent) -> int:
    """Count every decision that is not counted yet, and return how many that were; raises DecisionLogError."""
    with connect_sync(url, application_name="solvent-roll-up") as connection:
        connection.autocommit = True
        counted = 0
        try:
            connection.execute(f"SET ROLE {READER}; SET statement_timeout TO '60s'".encode())
            while step := _step(connection):
                counted += step
                if step < STEP:
                    break
                progress("decisions", 0.0)
        except psycopg.Error as error:
            raise DecisionLogError(
                f"the decisions cannot be counted ({type(error).__name__}): run `solvent db upgrade`"
            ) from error
    return counted


def _step(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    row = connection.execute("SELECT roll_up_decisions(%s)", (STEP,)).fetchone()
    return 0 if row is None else int(str(row[0]))


def find_span(connection: psycopg.Connection[tuple[object, ...]]) -> tuple[datetime, datetime] | None:
    """When the first and the last decision of the log arrived; None if it holds none."""
    row = connection.execute(SPAN).fetchone()
    if row is None or not isinstance(row[0], datetime) or not isinstance(row[1], datetime):
        return None
    return row[0], row[1]

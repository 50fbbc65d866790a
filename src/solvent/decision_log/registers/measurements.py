"""What the monitors saw, kept: one row per metric, subject and window, the newest figure of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import psycopg

from solvent.decision_log.database.connections import SyncConnection, connect_sync
from solvent.decision_log.database.roles import AS_MONITOR
from solvent.domain.measurements import Measurement, Window
from solvent.errors import DecisionLogError

# Staged first, so that two runs that write the same rows meet in one sorted statement and cannot wait for each other.
STAGE = """
CREATE TEMP TABLE measured (LIKE measurements) ON COMMIT DROP
"""
COPY_STAGE = "COPY measured FROM STDIN (FORMAT BINARY)"
TYPES = ("text", "text", "timestamptz", "timestamptz", "timestamptz", "int8", "float8", "float8", "float8")
KEEP = """
INSERT INTO measurements
SELECT DISTINCT ON (metric, subject, window_start, window_end) * FROM measured
ORDER BY metric, subject, window_start, window_end, measured_at DESC
ON CONFLICT (metric, subject, window_start, window_end) DO UPDATE SET
    measured_at = excluded.measured_at, count = excluded.count, value = excluded.value, low = excluded.low,
    high = excluded.high
WHERE measurements.measured_at <= excluded.measured_at
"""
# Runs within one day speak of windows that end on it: the last one is enough.
THIN_OUT = """
DELETE FROM measurements old USING measured new
WHERE (old.metric, old.subject) = (new.metric, new.subject) AND old.window_end < new.window_end
    AND old.window_end - old.window_start = new.window_end - new.window_start
    AND date_trunc('day', old.window_end) = date_trunc('day', new.window_end)
"""
FORGET = "DELETE FROM measurements WHERE subject <> '' AND window_end < %s"
KEPT_OF_SUBJECTS = timedelta(days=92)
"""Figures of single features, columns and causes are kept this long; those of the whole stay."""

ONE_ROUND = "SELECT set_config('lock_timeout', '600s', true), pg_advisory_lock(hashtext('solvent monitors'))"
READ = """
SELECT metric, window_start, window_end, count, value, subject, low, high FROM measurements
WHERE metric = ANY(%s) AND window_end > %s ORDER BY metric, subject, window_start, window_end
"""


def keep_measurements(url: str, measurements: Iterable[Measurement], *, measured_at: datetime) -> None:
    """Keep figures, all or none; one of the same metric, subject and window takes the place of the older one.

    Of windows of one length that end on one day the last is kept, of figures with a subject those of three months.

    Raises:
        DecisionLogError: the database cannot be used.
    """
    with connect_sync(url, application_name="solvent-measurements") as connection:
        try:
            connection.execute(AS_MONITOR)
            connection.execute(STAGE)
            with connection.cursor().copy(COPY_STAGE) as copy:
                copy.set_types(TYPES)
                for one in measurements:
                    window = (one.window.start, one.window.end, measured_at)
                    copy.write_row((one.metric, one.subject, *window, one.count, one.value, one.low, one.high))
            connection.execute(KEEP)
            connection.execute(THIN_OUT)
            connection.execute(FORGET, (measured_at - KEPT_OF_SUBJECTS,))
        except psycopg.Error as error:
            raise DecisionLogError("the measurements cannot be kept: run `solvent db upgrade`") from error


def list_measurements(
    connection: SyncConnection, metrics: Sequence[str], *, since: datetime
) -> tuple[Measurement, ...]:
    """Return the kept figures of these metrics whose window ends after `since`, by metric, subject and window.

    Raises:
        psycopg.Error: the database cannot be used.
    """
    found = connection.execute(READ, (list(metrics), since)).fetchall()
    return tuple(Measurement(row[0], Window(row[1], row[2]), *row[3:]) for row in found)


def wait_for_turn(connection: SyncConnection) -> None:
    """Return when no other round of monitors is under way; the turn ends with the connection.

    Raises:
        DecisionLogError: another round has not ended within ten minutes, or the database cannot be used.
    """
    try:
        connection.execute(ONE_ROUND)
    except psycopg.errors.LockNotAvailable as error:
        raise DecisionLogError("another run of the monitors has not ended: look for it, or try again") from error
    except psycopg.Error as error:
        raise DecisionLogError("the monitors cannot use the database: run `solvent db check`") from error

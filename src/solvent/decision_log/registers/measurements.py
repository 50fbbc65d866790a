"""What the monitors saw, kept: one row per metric, subject and window, the newest figure of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import psycopg

from solvent.decision_log.database.connections import connect_sync
from solvent.decision_log.database.roles import AS_MONITOR, AS_READER
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
READ = """
SELECT metric, window_start, window_end, count, value, subject, low, high FROM measurements
WHERE metric = ANY(%s) AND window_end > %s ORDER BY metric, subject, window_start, window_end
"""


def keep_measurements(url: str, measurements: Iterable[Measurement], *, measured_at: datetime) -> None:
    """Keep figures, all or none; one of the same metric, subject and window takes the place of the older one.

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
        except psycopg.Error as error:
            raise DecisionLogError("the measurements cannot be kept: run `solvent db upgrade`") from error


def read_measurements(url: str, metrics: Sequence[str], *, since: datetime) -> tuple[Measurement, ...]:
    """Return the kept figures of these metrics whose window ends after `since`, by metric, subject and window.

    Raises:
        DecisionLogError: the database cannot be used.
    """
    with connect_sync(url, application_name="solvent-measurements") as connection:
        try:
            connection.execute(AS_READER)
            found = connection.execute(READ, (list(metrics), since)).fetchall()
        except psycopg.Error as error:
            raise DecisionLogError("the measurements cannot be read: run `solvent db upgrade`") from error
    return tuple(Measurement(row[0], Window(row[1], row[2]), *row[3:]) for row in found)

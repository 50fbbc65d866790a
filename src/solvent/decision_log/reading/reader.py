"""Figures for people, computed by the database: never whole tables pulled into Python."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from solvent.decision_log.database.connections import connect_sync
from solvent.decision_log.database.roles import AS_READER
from solvent.errors import DecisionLogError

SUMMARY = """
WITH requests AS (
    SELECT decision, total_response_time_ms, http_status_code FROM decisions WHERE timestamp >= now() - %(window)s
    UNION ALL
    SELECT NULL, NULL, http_status_code FROM request_failures WHERE timestamp >= now() - %(window)s
)
SELECT count(decision), avg((decision = 'approve')::int), avg(total_response_time_ms),
    avg((http_status_code >= 400)::int), (SELECT max(timestamp) FROM decisions)
FROM requests
"""


@dataclass(frozen=True, slots=True)
class LogSummary:
    """What happened in the window before now; a rate or mean over no requests is None.

    `mean_response_ms` is over decisions, from arrival until the hand-over to the database. `error_rate` is over all
    requests. `last_decision_at` looks at the whole log.
    """

    decisions: int
    approval_rate: float | None
    mean_response_ms: float | None
    error_rate: float | None
    last_decision_at: datetime | None


def read_summary(url: str, *, window: timedelta = timedelta(hours=24)) -> LogSummary:
    """Sum up the last `window`; raises DecisionLogError if the database is away or not migrated."""
    with connect_sync(url, application_name="solvent-summary") as connection:
        try:
            connection.execute(AS_READER)
            row = connection.execute(SUMMARY, {"window": window}).fetchone()
        except psycopg.Error as error:
            raise DecisionLogError("the decision log cannot be read: run `solvent db check`") from error
    count, approval_rate, mean_response_ms, error_rate, last_decision_at = row or (0, None, None, None, None)
    return LogSummary(count, _as_float(approval_rate), mean_response_ms, _as_float(error_rate), last_decision_at)


def _as_float(value: object) -> float | None:
    return None if value is None else float(str(value))

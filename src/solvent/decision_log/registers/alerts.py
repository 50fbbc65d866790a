"""Alerts in the table anomalies: at most one open row per cause, acknowledged and resolved by somebody with a note."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import psycopg

from solvent.decision_log.database.connections import Row, SyncConnection, connect_sync
from solvent.decision_log.database.roles import AS_MONITOR, AS_READER
from solvent.domain.alerts import Alert, Breach, Delivery, News, Severity, Told, find_news
from solvent.domain.measurements import Window
from solvent.errors import DecisionLogError

COLUMNS = """
id, detected_at, last_seen_at, anomaly_type, subject, severity, description, what_to_do, metric_value, threshold_value,
measured_count, window_start, window_end, affected_features, acknowledged_at, acknowledged_by, resolved_at, resolved_by,
resolution_notes
"""
# After a resolution a cause is silent for its cool-down, and on windows that hold what was resolved: those that reach
# over the moment of it and, of those that lie before it (the months), all up to the one that the alert saw last.
OPEN_OR_RENEW = f"""
INSERT INTO anomalies (
    anomaly_type, subject, severity, description, what_to_do, metric_value, threshold_value, measured_count,
    window_start, window_end, affected_features, detected_at, last_seen_at
)
SELECT %(rule)s, %(subject)s, %(severity)s, %(description)s, %(what_to_do)s, %(value)s, %(limit)s, %(count)s,
    %(start)s, %(end)s, %(affected)s, %(now)s, %(now)s
WHERE NOT EXISTS (
    SELECT FROM anomalies
    WHERE (anomaly_type, subject) = (%(rule)s, %(subject)s) AND is_resolved AND (
        resolved_at > %(now)s - %(cool_down)s
        OR %(start)s < resolved_at AND (%(end)s > resolved_at OR %(start)s < window_end)
    )
)
ON CONFLICT (anomaly_type, subject) WHERE NOT is_resolved DO UPDATE SET
    severity = excluded.severity, description = excluded.description, what_to_do = excluded.what_to_do,
    metric_value = excluded.metric_value, threshold_value = excluded.threshold_value,
    measured_count = excluded.measured_count, window_start = excluded.window_start, window_end = excluded.window_end,
    affected_features = excluded.affected_features,
    last_seen_at = greatest(anomalies.last_seen_at, excluded.last_seen_at)
RETURNING {COLUMNS}, xmax = 0
"""  # noqa: S608 - constants only
LIST = f"""
SELECT {COLUMNS} FROM anomalies WHERE NOT is_resolved OR %s
ORDER BY is_resolved, array_position(ARRAY['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], severity), detected_at DESC, id DESC
LIMIT %s
"""  # noqa: S608
ACKNOWLEDGE = f"""
UPDATE anomalies SET acknowledged_at = coalesce(acknowledged_at, %s), acknowledged_by = coalesce(acknowledged_by, %s)
WHERE id = %s AND NOT is_resolved RETURNING {COLUMNS}
"""  # noqa: S608
RESOLVE = f"""
UPDATE anomalies SET is_resolved = true, resolved_at = %s, resolved_by = %s, resolution_notes = %s
WHERE id = %s AND NOT is_resolved RETURNING {COLUMNS}
"""  # noqa: S608
FIND_STATE = "SELECT is_resolved FROM anomalies WHERE id = %s"
OPEN_AND_TOLD = f"""
SELECT {COLUMNS}, told.* FROM anomalies LEFT JOIN LATERAL (
    SELECT message, told_severity, told_value, told_affected FROM alert_deliveries
    WHERE anomaly_id = anomalies.id AND is_delivered ORDER BY message DESC LIMIT 1
) told ON true
WHERE NOT is_resolved ORDER BY id
"""  # noqa: S608
NOTE = """
INSERT INTO alert_deliveries (
    anomaly_id, attempted_at, attempts, status_code, message, told_severity, told_value, told_affected, is_delivered
)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
ONE_SENDER = "SELECT pg_try_advisory_lock(hashtext('solvent alert deliveries'))"
LIMIT = 1_000
"""Alerts that a list shows at most."""


def list_alerts(connection: SyncConnection, *, with_resolved: bool, limit: int) -> tuple[Alert, ...]:
    """Return the open alerts, the gravest and newest first, then, if wanted, resolved ones; raises psycopg.Error."""
    return tuple(_to_alert(row) for row in connection.execute(LIST.encode(), (with_resolved, limit)))


class AlertStore:
    """The alerts of one database; every call is one transaction, safe to repeat and to run beside another process.

    `session` says with whose rights alerts are changed: a monitor does it all, an officer acknowledges and resolves.
    """

    def __init__(self, url: str, *, session: str = AS_MONITOR) -> None:
        self._url = url
        self._session = session

    def record(self, breaches: Iterable[Breach], now: datetime) -> tuple[Alert, ...]:
        """Open an alert for each cause that has none open, renew the open ones, and return the newly opened ones.

        A cause stays silent for its cool-down after its last alert was resolved, and after that on windows that begin
        before the resolution; of windows that lie before it as a whole, months of outcomes say, a later one than the
        alert saw rings. All or none are written.

        Raises:
            DecisionLogError: the database cannot be used.
        """
        ordered = sorted(breaches, key=lambda breach: (breach.rule, breach.subject))
        with self._connected() as connection:
            written = [connection.execute(OPEN_OR_RENEW, _parameters(one, now)).fetchone() for one in ordered]
        return tuple(_to_alert(row[:-1]) for row in written if row is not None and row[-1])

    def list(self, *, with_resolved: bool = False, limit: int = LIMIT) -> tuple[Alert, ...]:
        """Return the open alerts, the gravest and newest first, then, if wanted, the resolved ones.

        Raises:
            DecisionLogError: the database cannot be used.
        """
        with self._connected(AS_READER) as connection:
            return list_alerts(connection, with_resolved=with_resolved, limit=limit)

    def acknowledge(self, alert_id: int, *, who: str, now: datetime) -> Alert:
        """Note that somebody has taken the alert on; the first one stays. Returns the alert.

        Raises:
            DecisionLogError: there is no such open alert, or the database cannot be used.
        """
        return self._change(ACKNOWLEDGE, (now, who, alert_id))

    def resolve(self, alert_id: int, *, note: str, who: str, now: datetime) -> Alert:
        """Close the alert with what was found and done. Returns the alert.

        Raises:
            DecisionLogError: the note is empty, there is no such open alert, or the database cannot be used.
        """
        if not note.strip():
            raise DecisionLogError("an alert is resolved with a note: say what was found and done")
        return self._change(RESOLVE, (now, who, note.strip(), alert_id))

    @contextmanager
    def undelivered(self) -> Iterator[Sequence[News]]:
        """Give what a webhook must be told, to one process at a time: to a second one, nothing.

        That is of each open alert that none has taken yet, or that has grown since (`find_news`).

        Raises:
            DecisionLogError: the database cannot be used.
        """
        with self._connected() as connection:
            is_alone = connection.execute(ONE_SENDER).fetchone() == (True,)
            waiting = connection.execute(OPEN_AND_TOLD.encode()).fetchall() if is_alone else []
            connection.commit()
            news = (find_news(_to_alert(row[:-4]), _to_told(row[-4:])) for row in waiting)
            yield tuple(one for one in news if one is not None)

    def note_delivery(self, delivery: Delivery) -> None:
        """Keep what became of a delivery; raises DecisionLogError if the database cannot be used."""
        told = delivery.told
        said = (told.message, told.severity.value, told.value, told.affected)
        tried = (delivery.alert_id, delivery.attempted_at, delivery.attempts, delivery.status_code)
        with self._connected() as connection:
            connection.execute(NOTE, (*tried, *said, delivery.is_delivered))

    def _change(self, statement: str, parameters: tuple[object, ...]) -> Alert:
        with self._connected() as connection:
            row = connection.execute(statement.encode(), parameters).fetchone()
            if row is None:
                found = connection.execute(FIND_STATE, (parameters[-1],)).fetchone()
                state = "is resolved already" if found else "does not exist"
                raise DecisionLogError(f"alert {parameters[-1]} {state}: `solvent alerts list` shows the open ones")
        return _to_alert(row)

    @contextmanager
    def _connected(self, session: str | None = None) -> Iterator[SyncConnection]:
        with connect_sync(self._url, application_name="solvent-alerts") as connection:
            try:
                connection.execute((session or self._session).encode())
                yield connection
            except psycopg.Error as error:
                raise DecisionLogError("the alerts cannot be used: run `solvent db upgrade`, then try again") from error


def _parameters(breach: Breach, now: datetime) -> dict[str, object]:
    return {
        "rule": breach.rule,
        "subject": breach.subject,
        "severity": breach.severity.value,
        "description": breach.description,
        "what_to_do": breach.what_to_do,
        "value": breach.value,
        "limit": breach.limit,
        "count": breach.count,
        "start": breach.window.start,
        "end": breach.window.end,
        "affected": list(breach.affected),
        "cool_down": breach.cool_down,
        "now": now,
    }


def _to_alert(row: Row) -> Alert:
    start, end = row[11:13]
    window = None if start is None or end is None else Window(start, end)
    fields = [*row[:5], Severity(row[5]), *row[6:11], window, tuple(row[13]), *row[14:]]
    return Alert(*fields)


def _to_told(row: Row) -> Told | None:
    message, severity, value, affected = row
    return None if message is None else Told(message, Severity(severity), value, affected)

"""The table `drift_reports`: what each comparison found."""

from datetime import datetime

import psycopg
from psycopg.types.json import Jsonb

from solvent.decision_log.database.connections import SyncConnection
from solvent.domain.observations import DriftRecord
from solvent.errors import DecisionLogError

_KEEP = """
INSERT INTO drift_reports (generated_at, period_start, period_end, reference_dataset, reference_size, current_size,
    drift_detected, drift_score, n_features_drifted, drifted_features, report_html_path, report_json_path, metadata)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
"""
_HAS = """
SELECT EXISTS (
    SELECT FROM drift_reports WHERE (period_start, period_end, reference_dataset) = (%s, %s, %s)
)
"""
LIST = """
SELECT generated_at, period_start, period_end, reference_dataset, reference_size, current_size, drift_detected,
    drift_score, drifted_features, report_html_path, report_json_path, metadata
FROM drift_reports ORDER BY generated_at DESC, id DESC LIMIT %s
"""


def keep_report(connection: SyncConnection, report: DriftRecord) -> int:
    """Store a report and commit; returns the number of its row. Raises DecisionLogError."""
    values = (
        report.generated_at, report.period_start, report.period_end, report.reference_dataset, report.reference_size,
        report.current_size, report.drift_detected, report.drift_score, len(report.drifted_features),
        list(report.drifted_features), report.report_html_path, report.report_json_path, Jsonb(dict(report.metadata)),
    )  # fmt: skip
    try:
        with connection.transaction():
            row = connection.execute(_KEEP, values).fetchone()
    except psycopg.Error as error:
        raise DecisionLogError("the report cannot be kept: run `solvent db check`") from error
    return int(row[0]) if row else 0


def has_report(connection: SyncConnection, start: datetime, end: datetime, reference: str) -> bool:
    """Whether a report of that period against that reference is kept; raises DecisionLogError."""
    try:
        return connection.execute(_HAS, (start, end, reference)).fetchone() == (True,)
    except psycopg.Error as error:
        raise DecisionLogError("the reports cannot be read: run `solvent db check`") from error


def list_reports(connection: SyncConnection, *, limit: int = 100) -> tuple[DriftRecord, ...]:
    """Return the latest reports, the newest first; raises DecisionLogError."""
    try:
        rows = connection.execute(LIST, (limit,)).fetchall()
    except psycopg.Error as error:
        raise DecisionLogError("the reports cannot be read: run `solvent db check`") from error
    return tuple(
        DriftRecord(start, since, until, name, reference, current, found, score, tuple(features), html, as_json, more)
        for start, since, until, name, reference, current, found, score, features, html, as_json, more in rows
    )

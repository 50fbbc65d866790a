"""Alerts with their cause, their handling and their deliveries; measurements of the monitors; a role that watches."""

from alembic import op

from solvent.decision_log.migrations.versions.r0004_audit import MAKE_ROLE

revision = "0005"
down_revision = "0004"

ROLE = "solvent_monitor"

TABLES = (
    """
    ALTER TABLE anomalies
        ADD subject text NOT NULL DEFAULT '',
        ADD last_seen_at timestamptz NOT NULL DEFAULT now(),
        ADD what_to_do text NOT NULL DEFAULT '',
        ADD measured_count bigint,
        ADD window_start timestamptz,
        ADD window_end timestamptz,
        ADD acknowledged_at timestamptz,
        ADD acknowledged_by text,
        ADD resolved_by text,
        ADD CONSTRAINT anomalies_acknowledged CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL)),
        ADD CONSTRAINT anomalies_explained CHECK (NOT is_resolved OR resolution_notes <> '')
    """,
    "CREATE UNIQUE INDEX anomalies_open_cause ON anomalies (anomaly_type, subject) WHERE NOT is_resolved",
    """
    CREATE TABLE alert_deliveries (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        anomaly_id bigint NOT NULL REFERENCES anomalies ON DELETE CASCADE,
        attempted_at timestamptz NOT NULL,
        attempts integer NOT NULL CHECK (attempts > 0),
        status_code integer,
        is_delivered boolean NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX alert_deliveries_once ON alert_deliveries (anomaly_id) WHERE is_delivered",
    """
    CREATE TABLE measurements (
        metric text,
        subject text,
        window_start timestamptz,
        window_end timestamptz,
        measured_at timestamptz NOT NULL,
        count bigint NOT NULL,
        value double precision,
        low double precision,
        high double precision,
        PRIMARY KEY (metric, subject, window_start, window_end)
    )
    """,
)

COMMENTS = {
    "COLUMN anomalies.anomaly_type": "name of the rule; with subject the cause, of which one row at most is open",
    "COLUMN anomalies.what_to_do": "the line of the run-book",
    "COLUMN anomalies.last_seen_at": "when the cause was found last; metric_value is of that time",
    "TABLE alert_deliveries": "what was tried to tell the webhook of an alert; attempts of one run are one row",
    "TABLE measurements": "what the monitors saw: the newest figure of each metric, subject and window",
    "COLUMN measurements.value": "NULL where there was not enough data",
    "COLUMN measurements.low": "lower end of the 95 % interval, with high; NULL where there is none",
}

GRANTS = (
    f"GRANT SELECT ON predictions, feature_values, decisions, request_failures, models TO {ROLE}",
    f"GRANT SELECT ON outcomes, current_outcomes, model_switches, shadow_scores, alembic_version TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE ON anomalies, measurements TO {ROLE}",
    f"GRANT SELECT, INSERT ON alert_deliveries, drift_reports TO {ROLE}",
    "GRANT SELECT ON alert_deliveries, measurements TO solvent_reader",
)


def upgrade() -> None:
    """Add what an alert needs, and the role."""
    comments = (f"COMMENT ON {target} IS '{text}'" for target, text in COMMENTS.items())
    for statement in (*TABLES, *comments, MAKE_ROLE.format(role=ROLE), *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Remove it, with the deliveries and measurements; the role stays without rights."""
    op.execute(f"DROP OWNED BY {ROLE}")
    op.execute("DROP TABLE measurements, alert_deliveries")
    op.execute("DROP INDEX anomalies_open_cause")
    op.execute("""
        ALTER TABLE anomalies
            DROP subject, DROP last_seen_at, DROP what_to_do, DROP measured_count, DROP window_start,
            DROP window_end, DROP acknowledged_at, DROP acknowledged_by, DROP resolved_by,
            DROP CONSTRAINT anomalies_explained
    """)
    op.execute("COMMENT ON COLUMN anomalies.anomaly_type IS NULL")

"""What the webhook was told of an alert, so that it hears again when the alert has grown."""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = (
    """
    ALTER TABLE alert_deliveries
        ADD message integer NOT NULL DEFAULT 1 CHECK (message > 0),
        ADD told_severity text NOT NULL DEFAULT 'LOW',
        ADD told_value double precision,
        ADD told_affected integer NOT NULL DEFAULT 0
    """,
    """
    UPDATE alert_deliveries SET told_severity = a.severity, told_value = a.metric_value,
        told_affected = cardinality(a.affected_features)
    FROM anomalies a WHERE a.id = anomaly_id
    """,
    """
    ALTER TABLE alert_deliveries
        ALTER message DROP DEFAULT, ALTER told_severity DROP DEFAULT, ALTER told_affected DROP DEFAULT
    """,
    "DROP INDEX alert_deliveries_once",
    "CREATE UNIQUE INDEX alert_deliveries_once ON alert_deliveries (anomaly_id, message) WHERE is_delivered",
)
COMMENTS = {
    "COLUMN alert_deliveries.message": "1 says that the alert opened, each later one that it has grown",
    "COLUMN alert_deliveries.told_value": "figure, severity and number of subjects that the message named",
}


def upgrade() -> None:
    """Keep what each delivery said; those from before are taken to have said what is so now."""
    comments = (f"COMMENT ON {target} IS '{text}'" for target, text in COMMENTS.items())
    for statement in (*STATEMENTS, *comments):
        op.execute(statement)


def downgrade() -> None:
    """Forget it, and the messages after the first."""
    op.execute("DELETE FROM alert_deliveries WHERE message > 1")
    op.execute("DROP INDEX alert_deliveries_once")
    op.execute("""
        ALTER TABLE alert_deliveries DROP message, DROP told_severity, DROP told_value, DROP told_affected
    """)
    op.execute("CREATE UNIQUE INDEX alert_deliveries_once ON alert_deliveries (anomaly_id) WHERE is_delivered")

"""The views that join payloads are closed to readers and monitors; an officer handles alerts (docs/decisions/0052)."""

from alembic import op

revision = "0014"
down_revision = "0013"

VIEWS = "SELECT ON predictions, feature_values"
OPENED_TO = "solvent_reader, solvent_monitor"
HANDLING = "acknowledged_at, acknowledged_by, is_resolved, resolved_at, resolved_by, resolution_notes"
ALERTS = f"SELECT, UPDATE ({HANDLING}) ON anomalies"
"""So that a login of the dashboard need not be a monitor, who reads the vectors and the numbers of clients."""
OFFICER = "solvent_officer"


def upgrade() -> None:
    """Close the views, and let the officer take alerts on."""
    op.execute(f"REVOKE {VIEWS} FROM {OPENED_TO}")
    op.execute(f"GRANT {ALERTS} TO {OFFICER}")


def downgrade() -> None:
    """Open the views again."""
    op.execute(f"REVOKE {ALERTS} FROM {OFFICER}")
    op.execute(f"GRANT {VIEWS} TO {OPENED_TO}")

"""An officer sees the payloads of what is opened, row by row, and no others (docs/decisions/0052)."""

from alembic import op

revision = "0013"
down_revision = "0012"

ROLE = "solvent_officer"
VIEW = """
CREATE VIEW opened_payloads WITH (security_barrier) AS
SELECT * FROM decision_payloads
WHERE request_id = nullif(current_setting('solvent.opened_request', true), '')::uuid
    OR client_id = nullif(current_setting('solvent.opened_client', true), '')::bigint
"""
COMMENT = (
    "payloads of the request or of the client that the transaction names by set_config('solvent.opened_request' or "
    "'solvent.opened_client', value, true); none without"
)
WHOLE = "SELECT ON decision_payloads, predictions, feature_values"
PEERS = "SELECT (request_id, timestamp, top_numbers) ON decision_payloads"


def upgrade() -> None:
    """Make the view, and leave the officer that and the numbers that clients are compared by."""
    op.execute(VIEW)
    op.execute(f"COMMENT ON VIEW opened_payloads IS $${COMMENT}$$")
    op.execute(f"REVOKE {WHOLE} FROM {ROLE}")
    op.execute(f"GRANT {PEERS} TO {ROLE}")
    op.execute(f"GRANT SELECT ON opened_payloads TO {ROLE}")


def downgrade() -> None:
    """Give the whole tables back."""
    op.execute("DROP VIEW opened_payloads")
    op.execute(f"REVOKE {PEERS} FROM {ROLE}")
    op.execute(f"GRANT {WHOLE} TO {ROLE}")

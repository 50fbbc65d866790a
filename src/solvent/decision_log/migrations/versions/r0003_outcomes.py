"""What happened later to the clients."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    """
    CREATE TABLE outcomes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        request_id uuid NOT NULL,
        timestamp timestamptz NOT NULL,
        kind text NOT NULL CHECK (kind IN ('first_payment_missed', 'late_30_days', 'default', 'matured')),
        observed_at timestamptz NOT NULL,
        reported_at timestamptz NOT NULL,
        defaulted boolean,
        withdrawn boolean NOT NULL DEFAULT false,
        imported_at timestamptz NOT NULL DEFAULT now(),
        CHECK ((defaulted IS NULL) = (kind IN ('first_payment_missed', 'late_30_days'))),
        CHECK (defaulted OR kind <> 'default'),
        UNIQUE NULLS NOT DISTINCT (request_id, kind, observed_at, reported_at, defaulted, withdrawn)
    )
    """,
    "CREATE INDEX outcomes_decision ON outcomes (timestamp, request_id)",
    """
    CREATE VIEW current_outcomes AS
    WITH latest AS NOT MATERIALIZED (
        SELECT DISTINCT ON (request_id, kind) * FROM outcomes ORDER BY request_id, kind, reported_at DESC, id DESC
    )
    SELECT request_id, timestamp, kind, observed_at, reported_at, defaulted, imported_at FROM latest
    WHERE NOT withdrawn AND NOT EXISTS (
        SELECT FROM latest other
        WHERE other.request_id = latest.request_id AND NOT other.withdrawn AND other.defaulted <> latest.defaulted
            AND (other.reported_at, other.kind = 'matured') > (latest.reported_at, latest.kind = 'matured')
    )
    """,
)

COMMENTS = {
    "TABLE outcomes": "every report of what happened later to a decision's client; a correction is one more row",
    "COLUMN outcomes.request_id": "the decision, with its timestamp; the client stands in decision_payloads alone",
    "COLUMN outcomes.reported_at": "when the source said so; of several reports the latest counts",
    "COLUMN outcomes.defaulted": "NULL for early signs",
    "COLUMN outcomes.withdrawn": "true: there was no such outcome",
    "VIEW current_outcomes": "the report that counts, for each decision and kind; none where it is withdrawn. Where "
    "default and matured contradict each other, the one reported last, of the same moment matured",
}


def upgrade() -> None:
    """Make the table and its view."""
    for statement in STATEMENTS:
        op.execute(statement)
    for target, text in COMMENTS.items():
        op.execute(f"COMMENT ON {target} IS $${text}$$")


def downgrade() -> None:
    """Remove both, with the rows."""
    op.execute("DROP VIEW current_outcomes")
    op.execute("DROP TABLE outcomes")

"""The keys of the callers, the models that were switched to, and the scores of shadow models."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = (
    """
    CREATE TABLE api_keys (
        key_id text PRIMARY KEY CHECK (key_id ~ '^[0-9a-f]{12}$'),
        digest bytea NOT NULL CHECK (length(digest) = 32),
        name text NOT NULL,
        scopes text[] NOT NULL CHECK (scopes <@ ARRAY['score', 'read', 'admin', 'erase'] AND cardinality(scopes) > 0),
        created_at timestamptz NOT NULL DEFAULT now(),
        created_by text NOT NULL,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        revoked_by text
    )
    """,
    """
    CREATE TABLE model_switches (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        switched_at timestamptz NOT NULL DEFAULT now(),
        kind text NOT NULL CHECK (kind IN ('start', 'reload', 'rollback')),
        requested_by text NOT NULL,
        previous_version text,
        model_version text,
        bundle_digest text,
        refusal text,
        CHECK ((refusal IS NULL) = (model_version IS NOT NULL))
    )
    """,
    """
    CREATE TABLE shadow_scores (
        request_id uuid NOT NULL,
        timestamp timestamptz NOT NULL,
        scored_at timestamptz NOT NULL DEFAULT now(),
        model_version text NOT NULL,
        bundle_digest text NOT NULL,
        score double precision NOT NULL,
        probability_default double precision NOT NULL,
        decision text NOT NULL CHECK (decision IN ('approve', 'refuse')),
        PRIMARY KEY (request_id, timestamp, model_version)
    ) PARTITION BY RANGE (timestamp)
    """,
    "CREATE TABLE shadow_scores_default PARTITION OF shadow_scores DEFAULT",
    "CREATE INDEX shadow_scores_time ON shadow_scores (timestamp)",
)

COMMENTS = {
    "TABLE api_keys": "who may call; the key itself is shown once and kept nowhere",
    "COLUMN api_keys.digest": "SHA-256 of the whole key",
    "TABLE model_switches": "which model came into force on an instance, when, and who asked; refused bundles too",
    "COLUMN model_switches.refusal": "why the bundle was refused; the model before it stayed in force",
    "TABLE shadow_scores": "what a shadow model said of a decided application; it changed no answer",
    "COLUMN shadow_scores.timestamp": "decisions.timestamp of the same request",
}


def upgrade() -> None:
    """Make the tables."""
    comments = (f"COMMENT ON {target} IS '{text}'" for target, text in COMMENTS.items())
    for statement in (*TABLES, *comments):
        op.execute(statement)


def downgrade() -> None:
    """Remove the tables with their rows."""
    op.execute("DROP TABLE shadow_scores, model_switches, api_keys")

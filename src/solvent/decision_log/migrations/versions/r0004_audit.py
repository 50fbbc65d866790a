"""Chain, ledger, the files that replay a model, and the roles."""

from alembic import op

revision = "0004"
down_revision = "0003"

ROLES = ("solvent_api", "solvent_reader", "solvent_eraser")

TABLES = (
    """
    ALTER TABLE decisions
        ADD caller text NOT NULL DEFAULT 'local',
        ADD model_digest bytea NOT NULL DEFAULT '',
        ADD code_digest bytea NOT NULL DEFAULT '',
        ADD commitment bytea NOT NULL DEFAULT '',
        ADD link bytea NOT NULL DEFAULT ''
    """,
    "CREATE INDEX decisions_chain ON decisions (writer_id, sequence)",
    "ALTER TABLE decision_payloads ADD commitment_key bytea NOT NULL DEFAULT ''",
    """
    ALTER TABLE request_failures
        ADD writer_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
        ADD sequence bigint NOT NULL DEFAULT 0,
        ADD link bytea NOT NULL DEFAULT ''
    """,
    "CREATE INDEX request_failures_chain ON request_failures (writer_id, sequence)",
    "ALTER TABLE models ADD policy_digest text NOT NULL DEFAULT ''",
    "UPDATE models SET policy_digest = coalesce(convert_from(manifest, 'UTF8')::jsonb #>> '{files,policy.json}', '')",
    """
    CREATE TABLE model_files (
        digest text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
        content bytea NOT NULL
    )
    """,
    "ALTER TABLE model_files ALTER content SET STORAGE EXTERNAL",
    """
    CREATE TABLE ledger (
        number bigint PRIMARY KEY CHECK (number > 0),
        kind text NOT NULL CHECK (kind IN ('checkpoint', 'erased', 'retired')),
        content bytea NOT NULL,
        signature bytea NOT NULL
    )
    """,
    """
    CREATE TABLE chain_heads (
        chain text,
        writer_id uuid,
        sequence bigint,
        number bigint NOT NULL REFERENCES ledger,
        PRIMARY KEY (chain, writer_id, sequence)
    )
    """,
    "CREATE INDEX idempotency_claims_age ON idempotency_claims USING brin (claimed_at)",
)

COMMENTS = {
    "COLUMN decisions.recorded_at": "clock of the writer, inside the recording transaction",
    "COLUMN decisions.caller": "id of the API key, or local",
    "COLUMN decisions.model_digest": "SHA-256 over the names and digests of the model; models holds them",
    "COLUMN decisions.code_digest": "SHA-256 of the code that decided",
    "COLUMN decisions.commitment": "HMAC-SHA256 of the payload under its commitment_key",
    "COLUMN decisions.link": "SHA-256 over the link before and every other column; docs/decisions/0011",
    "COLUMN decision_payloads.commitment_key": "drawn for this row; with it goes every trace of the payload",
    "COLUMN request_failures.link": "as in decisions; failures of a writer are a chain of their own",
    "TABLE model_files": "the files of a bundle that decide, by SHA-256 of their content: zlib",
    "TABLE ledger": "signed statements about the log, each naming the digest of the one before; also in files outside",
    "COLUMN ledger.content": "JSON, as it was signed",
    "COLUMN ledger.signature": "Ed25519 of content",
    "TABLE chain_heads": "up to which record of a chain the ledger speaks; only to find what is new",
}

MAKE_ROLE = """
DO $$ BEGIN
    CREATE ROLE {role} NOLOGIN;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        GRANT {role} TO CURRENT_USER;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- roles belong to the server, not to one database
END $$
"""

GRANTS = {
    "solvent_api": (
        "INSERT, SELECT ON decisions, decision_payloads, request_failures, idempotency_claims, models, model_files",
        "INSERT, SELECT ON ledger, chain_heads, model_switches, shadow_scores",
        "SELECT ON client_features, api_keys, alembic_version, predictions, feature_values",
    ),
    "solvent_reader": (
        "SELECT ON predictions, feature_values, decisions, request_failures, models, anomalies, drift_reports",
        "SELECT ON outcomes, current_outcomes, ledger, model_switches, shadow_scores, alembic_version",
    ),
    "solvent_eraser": (
        "SELECT ON decisions, models, ledger, chain_heads, alembic_version",
        "INSERT ON ledger",
        "SELECT, DELETE ON decision_payloads, client_features, idempotency_claims",
        "UPDATE (answer, body_digest) ON idempotency_claims",
    ),
}


def upgrade() -> None:
    """Add the chain, make the tables and the roles."""
    comments = (f"COMMENT ON {target} IS '{text}'" for target, text in COMMENTS.items())
    roles = (MAKE_ROLE.format(role=role) for role in ROLES)
    grants = (f"GRANT {rights} TO {role}" for role, granted in GRANTS.items() for rights in granted)
    for statement in (*TABLES, *comments, *roles, *grants):
        op.execute(statement)


def downgrade() -> None:
    """Remove chain and ledger; the roles stay without rights, since other databases of the server may use them."""
    for role in ROLES:
        op.execute(f"DROP OWNED BY {role}")
    op.execute("DROP TABLE chain_heads, ledger, model_files")
    op.execute("DROP INDEX idempotency_claims_age, decisions_chain, request_failures_chain")
    op.execute("ALTER TABLE models DROP policy_digest")
    op.execute("ALTER TABLE decision_payloads DROP commitment_key")
    op.execute("ALTER TABLE request_failures DROP writer_id, DROP sequence, DROP link")
    op.execute("ALTER TABLE decisions DROP caller, DROP model_digest, DROP code_digest, DROP commitment, DROP link")
    op.execute("COMMENT ON COLUMN decisions.recorded_at IS 'clock of the server inside the recording transaction'")

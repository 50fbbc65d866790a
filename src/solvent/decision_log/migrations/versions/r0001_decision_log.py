"""The decision log's first tables and the views that people know."""

from alembic import op

revision = "0001"
down_revision: str | None = None

PARTITIONED = ("decisions", "decision_payloads", "request_failures")

TABLES = (
    """
    CREATE TABLE models (
        model_version text PRIMARY KEY,
        bundle_digest text NOT NULL,
        program_digest text NOT NULL,
        threshold double precision NOT NULL,
        top_features text[] NOT NULL,
        manifest bytea NOT NULL,
        registered_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE decisions (
        request_id uuid NOT NULL,
        timestamp timestamptz NOT NULL,
        scored_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        writer_id uuid NOT NULL,
        sequence bigint NOT NULL,
        endpoint text NOT NULL,
        model_version text NOT NULL,
        api_version text NOT NULL,
        preprocessing_time_ms double precision NOT NULL,
        inference_time_ms double precision NOT NULL,
        total_response_time_ms double precision NOT NULL,
        memory_usage_mb double precision NOT NULL,
        score double precision NOT NULL,
        prediction_proba double precision NOT NULL CHECK (prediction_proba BETWEEN 0 AND 1),
        prediction_class smallint NOT NULL,
        decision text NOT NULL CHECK (decision IN ('approve', 'refuse')),
        confidence_level text NOT NULL,
        http_status_code smallint NOT NULL,
        data_quality_score double precision NOT NULL,
        warning_flags text[] NOT NULL,
        reasons text[] NOT NULL,
        decision_threshold double precision NOT NULL,
        history_source text NOT NULL,
        PRIMARY KEY (request_id, timestamp),
        CHECK ((prediction_class = 1) = (decision = 'refuse'))
    ) PARTITION BY RANGE (timestamp)
    """,
    "CREATE INDEX decisions_time ON decisions (timestamp)",
    "CREATE INDEX decisions_model_time ON decisions (model_version, timestamp)",
    """
    CREATE TABLE decision_payloads (
        request_id uuid NOT NULL,
        timestamp timestamptz NOT NULL,
        client_id bigint NOT NULL,
        loan_amount double precision,
        input bytea NOT NULL,
        stored_history bytea,
        features bytea NOT NULL,
        top_numbers double precision[] NOT NULL,
        top_categories text[] NOT NULL,
        PRIMARY KEY (request_id, timestamp)
    ) PARTITION BY RANGE (timestamp)
    """,
    "ALTER TABLE decision_payloads ALTER input SET STORAGE EXTERNAL, ALTER features SET STORAGE EXTERNAL",
    "CREATE INDEX decision_payloads_client ON decision_payloads (client_id, timestamp)",
    """
    CREATE TABLE request_failures (
        request_id uuid NOT NULL,
        timestamp timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        endpoint text NOT NULL,
        model_version text NOT NULL,
        api_version text NOT NULL,
        total_response_time_ms double precision NOT NULL,
        memory_usage_mb double precision NOT NULL,
        http_status_code smallint NOT NULL,
        error_message text NOT NULL,
        PRIMARY KEY (request_id, timestamp)
    ) PARTITION BY RANGE (timestamp)
    """,
    "CREATE INDEX request_failures_time ON request_failures (timestamp)",
    *(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT" for table in PARTITIONED),
    """
    CREATE TABLE idempotency_claims (
        caller text,
        key text,
        body_digest bytea NOT NULL,
        request_id uuid,
        answer bytea NOT NULL,
        claimed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (caller, key)
    )
    """,
    """
    CREATE TABLE client_features (
        client_id bigint,
        program_digest text,
        payload bytea NOT NULL,
        stored_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (client_id, program_digest)
    )
    """,
    """
    CREATE TABLE anomalies (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        detected_at timestamptz NOT NULL,
        anomaly_type text NOT NULL,
        severity text NOT NULL CHECK (severity IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
        description text NOT NULL,
        affected_features text[] NOT NULL DEFAULT '{}',
        metric_value double precision,
        threshold_value double precision,
        is_resolved boolean NOT NULL DEFAULT false,
        resolved_at timestamptz,
        resolution_notes text,
        CHECK (is_resolved = (resolved_at IS NOT NULL))
    )
    """,
    """
    CREATE TABLE drift_reports (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        generated_at timestamptz NOT NULL,
        period_start timestamptz NOT NULL,
        period_end timestamptz NOT NULL,
        reference_dataset text NOT NULL,
        reference_size bigint NOT NULL,
        current_size bigint NOT NULL,
        drift_detected boolean NOT NULL,
        drift_score double precision,
        n_features_drifted integer NOT NULL,
        drifted_features text[] NOT NULL,
        report_html_path text,
        report_json_path text,
        metadata jsonb NOT NULL DEFAULT '{}',
        CHECK (period_start <= period_end)
    )
    """,
)

VIEWS = (
    """
    CREATE VIEW predictions AS
    SELECT request_id, timestamp, d.endpoint, d.model_version, d.api_version, d.preprocessing_time_ms,
           d.inference_time_ms, d.total_response_time_ms, d.memory_usage_mb, d.prediction_proba, d.prediction_class,
           d.decision, d.confidence_level, d.http_status_code, NULL::text AS error_message, d.data_quality_score,
           d.warning_flags, p.client_id, p.loan_amount, d.decision_threshold, d.score, d.reasons, d.scored_at,
           d.recorded_at
    FROM decisions d LEFT JOIN decision_payloads p USING (request_id, timestamp)
    UNION ALL
    SELECT request_id, timestamp, endpoint, model_version, api_version, NULL, NULL, total_response_time_ms,
           memory_usage_mb, NULL, NULL, NULL, NULL, http_status_code, error_message, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, recorded_at
    FROM request_failures
    """,
    """
    CREATE VIEW feature_values AS
    SELECT request_id, timestamp, model_version, value.rank, value.feature_name, value.number, value.category
    FROM decision_payloads p
    JOIN decisions d USING (request_id, timestamp)
    JOIN models m USING (model_version)
    CROSS JOIN LATERAL unnest(m.top_features, p.top_numbers, p.top_categories)
        WITH ORDINALITY AS value (feature_name, number, category, rank)
    WHERE value.feature_name IS NOT NULL
    """,
)

COMMENTS = {
    "TABLE decisions": "one row per decision, without personal data, so that it outlives an erasure",
    "COLUMN decisions.timestamp": "arrival of the request",
    "COLUMN decisions.recorded_at": "clock of the server inside the recording transaction",
    "COLUMN decisions.writer_id": "one chain of sequence numbers; a writer whose commit got no answer starts another",
    "COLUMN decisions.sequence": "1, 2, 3, ... for each writer_id, without holes",
    "COLUMN decisions.total_response_time_ms": "from arrival until the row is handed to the database: no COMMIT",
    "COLUMN decisions.memory_usage_mb": "resident memory of the serving process",
    "COLUMN decisions.score": "raw output of the model, log-odds",
    "COLUMN decisions.prediction_proba": "calibrated probability of default",
    "COLUMN decisions.prediction_class": "1 if refused",
    "COLUMN decisions.confidence_level": "risk level: LOW, MEDIUM or HIGH, by the bands of the policy",
    "COLUMN decisions.reasons": "codes of the reasons of a refusal, the heaviest first",
    "COLUMN decisions.history_source": "where the history of the client came from",
    "TABLE decision_payloads": "the personal part of each decision; erasing it leaves the decision standing",
    "COLUMN decision_payloads.input": "the accepted application: JSON, zlib",
    "COLUMN decision_payloads.features": "the feature vector: float32, little endian, in catalogue order",
    "COLUMN decision_payloads.top_numbers": "values of models.top_features, by rank; NULL where category or missing",
    "COLUMN decision_payloads.top_categories": "values of models.top_features, by rank; NULL where number or missing",
    "TABLE request_failures": "requests that got no decision; nothing of their input is kept",
    "COLUMN request_failures.error_message": "code of the problem: a fixed text that holds nothing of the input",
    "TABLE idempotency_claims": "which keys came before, and what was answered",
    "COLUMN idempotency_claims.request_id": "the first decision of the request; NULL if it had none",
    "TABLE client_features": "histories of known clients, already reduced by one feature program",
    "VIEW predictions": "every request: decisions, and failures with their status code",
    "VIEW feature_values": "the most important features of each decision; number or category, both NULL if missing",
}


def upgrade() -> None:
    """Make every table and view."""
    comments = (f"COMMENT ON {target} IS '{text}'" for target, text in COMMENTS.items())
    for statement in (*TABLES, *VIEWS, *comments):
        op.execute(statement)


def downgrade() -> None:
    """Remove everything, with its rows."""
    op.execute("DROP VIEW feature_values, predictions")
    op.execute(
        "DROP TABLE drift_reports, anomalies, client_features, idempotency_claims, request_failures, "
        "decision_payloads, decisions, models"
    )

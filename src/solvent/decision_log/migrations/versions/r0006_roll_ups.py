"""Counts and histograms by hour, so that pages need not scan decisions; the role that opens single decisions."""

from alembic import op

from solvent.decision_log.migrations.versions.r0004_audit import MAKE_ROLE

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    """
    CREATE TABLE hourly_figures (
        figure text NOT NULL CHECK (figure IN ('decisions', 'probability', 'response_time', 'loan_amount')),
        hour timestamptz NOT NULL,
        model_version text NOT NULL,
        endpoint text NOT NULL,
        decision text NOT NULL,
        risk_level text NOT NULL,
        bin integer NOT NULL,
        count bigint NOT NULL,
        total double precision NOT NULL,
        PRIMARY KEY (figure, hour, model_version, endpoint, decision, risk_level, bin)
    )
    """,
    "CREATE TABLE rolled_up (writer_id uuid PRIMARY KEY, sequence bigint NOT NULL)",
    """
    CREATE FUNCTION roll_up_decisions(most bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
    DECLARE
        rows_added bigint;
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('solvent roll-ups'));
        WITH RECURSIVE writers (writer_id) AS (
            (SELECT writer_id FROM decisions ORDER BY writer_id LIMIT 1)
            UNION ALL
            SELECT (SELECT d.writer_id FROM decisions d WHERE d.writer_id > w.writer_id ORDER BY d.writer_id LIMIT 1)
            FROM writers w WHERE w.writer_id IS NOT NULL
        ), next_records AS (
            SELECT w.writer_id, d.sequence, row_number() OVER () AS place
            FROM writers w LEFT JOIN rolled_up r USING (writer_id)
            CROSS JOIN LATERAL (
                SELECT sequence FROM decisions d
                WHERE d.writer_id = w.writer_id AND d.sequence > coalesce(r.sequence, 0)
                ORDER BY sequence LIMIT most
            ) d
        ), ranges AS (
            SELECT writer_id, min(sequence) AS first, max(sequence) AS last FROM next_records
            WHERE place <= most GROUP BY 1
        ), fresh AS MATERIALIZED (
            SELECT date_trunc('hour', d.timestamp) AS hour, d.model_version, d.endpoint, d.decision,
                d.confidence_level AS risk_level, d.prediction_proba, d.total_response_time_ms, p.loan_amount
            FROM ranges r
            JOIN decisions d ON d.writer_id = r.writer_id AND d.sequence BETWEEN r.first AND r.last
            LEFT JOIN decision_payloads p USING (request_id, timestamp)
        ), added AS (
            INSERT INTO hourly_figures AS h
            SELECT 'decisions', hour, model_version, endpoint, decision, risk_level, 0, count(*),
                sum(total_response_time_ms)
            FROM fresh GROUP BY 2, 3, 4, 5, 6
            UNION ALL
            SELECT 'probability', hour, model_version, '', decision, '', least(floor(prediction_proba * 200), 199),
                count(*), sum(prediction_proba)
            FROM fresh GROUP BY 2, 3, 5, 7
            UNION ALL
            SELECT 'response_time', hour, model_version, endpoint, '', '',
                floor(ln(greatest(total_response_time_ms, 0.001)) / ln(1.05)), count(*), sum(total_response_time_ms)
            FROM fresh GROUP BY 2, 3, 4, 7
            UNION ALL
            SELECT 'loan_amount', hour, model_version, '', decision, '', least(floor(loan_amount / 25000), 199),
                count(*), sum(loan_amount)
            FROM fresh WHERE loan_amount IS NOT NULL GROUP BY 2, 3, 5, 7
            ON CONFLICT (figure, hour, model_version, endpoint, decision, risk_level, bin)
            DO UPDATE SET count = h.count + excluded.count, total = h.total + excluded.total
        ), moved AS (
            INSERT INTO rolled_up AS u SELECT writer_id, last FROM ranges
            ON CONFLICT (writer_id) DO UPDATE SET sequence = excluded.sequence
        )
        SELECT count(*) INTO rows_added FROM fresh;
        RETURN rows_added;
    END $$
    """,
    "REVOKE ALL ON FUNCTION roll_up_decisions FROM PUBLIC",
)

COMMENTS = {
    "TABLE hourly_figures": "counts of decisions by hour of arrival; '' and 0 where a column does not tell them apart",
    "COLUMN hourly_figures.bin": "probability: 0.005 wide; response_time: from 1.05^bin ms, 5 % wide; loan_amount: "
    "25,000 wide; the last of probability and loan_amount holds all above",
    "COLUMN hourly_figures.total": "sum of what is binned; for decisions of the response times in ms",
    "TABLE rolled_up": "the last record of each writer that hourly_figures counts",
    "FUNCTION roll_up_decisions": "counts at most so many decisions that are not counted yet, and returns how many",
}

GRANTS = (
    "SELECT ON hourly_figures, rolled_up, model_files TO solvent_reader",
    "EXECUTE ON FUNCTION roll_up_decisions TO solvent_reader",
    "SELECT ON decisions, decision_payloads, predictions, feature_values, models, model_files TO solvent_officer",
)


def upgrade() -> None:
    """Make the table, the function that fills it, and the role."""
    for statement in (*STATEMENTS, MAKE_ROLE.format(role="solvent_officer"), *(f"GRANT {grant}" for grant in GRANTS)):
        op.execute(statement)
    for target, text in COMMENTS.items():
        op.execute(f"COMMENT ON {target} IS $text${text}$text$")


def downgrade() -> None:
    """Remove them; the role stays without rights."""
    op.execute("DROP OWNED BY solvent_officer")
    op.execute("REVOKE SELECT ON model_files FROM solvent_reader")
    op.execute("DROP FUNCTION roll_up_decisions")
    op.execute("DROP TABLE rolled_up, hourly_figures")

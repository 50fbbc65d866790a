"""Outcomes by hour of the decision, so that pages need not join them; one function says which report counts."""

from alembic import op

from solvent.decision_log.migrations.versions.r0003_outcomes import STATEMENTS as OUTCOMES_OF_0003

revision = "0010"
down_revision = "0009"

# `standing` is partitioned by request, so that a caller's condition on request_id reaches the scan of the table.
STATEMENTS = (
    """
    CREATE FUNCTION counted_outcomes(
        first timestamptz, before timestamptz, as_of timestamptz DEFAULT 'infinity',
        last_id bigint DEFAULT 9223372036854775807
    ) RETURNS TABLE (
        request_id uuid, "timestamp" timestamptz, kind text, observed_at timestamptz, reported_at timestamptz,
        defaulted boolean, imported_at timestamptz
    ) LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT request_id, timestamp, kind, observed_at, reported_at, defaulted, imported_at
        FROM (
            SELECT *, first_value(defaulted) OVER (
                PARTITION BY request_id ORDER BY defaulted IS NULL, reported_at DESC, (kind = 'matured') DESC
            ) AS last_word
            FROM (
                SELECT DISTINCT ON (request_id, kind) * FROM outcomes o
                WHERE o.timestamp >= first AND o.timestamp < before AND o.reported_at <= as_of AND o.id <= last_id
                ORDER BY request_id, kind, reported_at DESC, id DESC
            ) latest
            WHERE NOT withdrawn
        ) standing
        WHERE defaulted IS NULL OR defaulted = last_word;
    END
    """,
    "CREATE OR REPLACE VIEW current_outcomes AS SELECT * FROM counted_outcomes('-infinity', 'infinity')",
    "ALTER TABLE hourly_figures DROP CONSTRAINT hourly_figures_figure_check",
    """
    ALTER TABLE hourly_figures ADD CONSTRAINT hourly_figures_figure_check
    CHECK (figure IN ('decisions', 'probability', 'response_time', 'loan_amount', 'outcome'))
    """,
    "CREATE TABLE outcomes_rolled_up (last_id bigint NOT NULL)",
    "CREATE UNIQUE INDEX outcomes_rolled_up_once ON outcomes_rolled_up ((true))",
    "INSERT INTO outcomes_rolled_up VALUES (0)",
    """
    CREATE FUNCTION roll_up_outcomes(most bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
    DECLARE
        counted bigint;
        newest bigint;
        reports bigint;
        touched uuid[];
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('solvent roll-ups'));
        SELECT last_id INTO counted FROM outcomes_rolled_up;
        SELECT max(id), count(*), array_agg(DISTINCT request_id) INTO newest, reports, touched
        FROM (SELECT id, request_id FROM outcomes WHERE id > counted ORDER BY id LIMIT most) fresh;
        IF reports > 0 THEN
            INSERT INTO hourly_figures AS h
            SELECT 'outcome', date_trunc('hour', d.timestamp), d.model_version, '', d.decision, '',
                least(floor(d.prediction_proba * 200), 199), sum(side), sum(side * o.defaulted::int)
            FROM (
                SELECT 1 AS side, * FROM counted_outcomes('-infinity', 'infinity', 'infinity', newest)
                WHERE request_id = ANY(touched)
                UNION ALL
                SELECT -1, * FROM counted_outcomes('-infinity', 'infinity', 'infinity', counted)
                WHERE request_id = ANY(touched)
            ) o JOIN decisions d USING (request_id, timestamp)
            WHERE o.kind = 'matured'
            GROUP BY 2, 3, 5, 7 HAVING sum(side) <> 0 OR sum(side * o.defaulted::int) <> 0
            ON CONFLICT (figure, hour, model_version, endpoint, decision, risk_level, bin)
            DO UPDATE SET count = h.count + excluded.count, total = h.total + excluded.total;
            UPDATE outcomes_rolled_up SET last_id = newest;
        END IF;
        RETURN reports;
    END $$
    """,
    "REVOKE ALL ON FUNCTION roll_up_outcomes FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION roll_up_outcomes TO solvent_reader",
    "GRANT SELECT ON outcomes_rolled_up TO solvent_reader",
)

COMMENTS = {
    "FUNCTION counted_outcomes": "of decisions from first on and before before, the report that counts for each kind, "
    "of those that the source had said by as_of and that have an id up to last_id; none where it is withdrawn. Where "
    "default and matured contradict each other, the one reported last, of the same moment matured",
    "COLUMN hourly_figures.bin": "probability and outcome: 0.005 wide; response_time: from 1.05^bin ms, 5 % wide; "
    "loan_amount: 25,000 wide; the last of probability, outcome and loan_amount holds all above",
    "COLUMN hourly_figures.total": "sum of what is binned; for decisions of the response times in ms, for outcomes "
    "(matured ones, by hour of the decision) how many defaulted",
    "TABLE outcomes_rolled_up": "the last report that hourly_figures counts",
    "FUNCTION roll_up_outcomes": "counts at most so many reports that are not counted yet, and returns how many",
}
_VIEW_OF_0003 = next(one for one in OUTCOMES_OF_0003 if "CREATE VIEW" in one)


def upgrade() -> None:
    """Make the functions and the place that remembers what is counted."""
    for statement in STATEMENTS:
        op.execute(statement)
    for target, text in COMMENTS.items():
        op.execute(f"COMMENT ON {target} IS $text${text}$text$")


def downgrade() -> None:
    """Remove them, with the counts."""
    op.execute(_VIEW_OF_0003.replace("CREATE VIEW", "CREATE OR REPLACE VIEW"))
    op.execute("DROP FUNCTION roll_up_outcomes, counted_outcomes")
    op.execute("DROP TABLE outcomes_rolled_up")
    op.execute("DELETE FROM hourly_figures WHERE figure = 'outcome'")
    op.execute("ALTER TABLE hourly_figures DROP CONSTRAINT hourly_figures_figure_check")
    op.execute("""
        ALTER TABLE hourly_figures ADD CONSTRAINT hourly_figures_figure_check
        CHECK (figure IN ('decisions', 'probability', 'response_time', 'loan_amount'))
    """)

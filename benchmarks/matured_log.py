"""How long does `solvent performance report` take on a large log?

    python benchmarks/matured_log.py --decisions 1000000

Fills an embedded PostgreSQL of its own with decisions of twelve months and their outcomes (rows made by the database:
nothing is scored), then reads and judges them as the command does. Prints seconds, CPU seconds of this process and its
peak memory, before and after.
"""

import argparse
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from solvent.decision_log.database.connections import connect_sync
from solvent.decision_log.database.embedded import start_embedded
from solvent.decision_log.database.revisions import upgrade
from solvent.decision_log.reading.decided_outcomes import read_decided_outcomes
from solvent.domain.policy import Policy
from solvent.monitoring.performance import assess_performance

START, END, AS_OF = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
POLICY = Policy(threshold=0.1, medium_from=0.05, high_from=0.1)
FILL = """
WITH drawn AS (
    SELECT gen_random_uuid() AS request_id,
        timestamptz '2024-01-01 00:00Z' + random() * interval '366 days' AS timestamp,
        0.3 * random() ^ 2 AS probability, random() AS luck
    FROM generate_series(1, %s)
), decided AS (
    INSERT INTO decisions (
        writer_id, sequence, request_id, timestamp, scored_at, recorded_at, endpoint, model_version, api_version,
        preprocessing_time_ms, inference_time_ms, total_response_time_ms, memory_usage_mb, score, prediction_proba,
        prediction_class, decision, confidence_level, http_status_code, data_quality_score, warning_flags, reasons,
        decision_threshold, history_source
    )
    SELECT gen_random_uuid(), 1, request_id, timestamp, timestamp, timestamp, '/predict', 'one', '1', 1, 1, 1, 1, 0,
        probability, (probability >= 0.1)::int, CASE WHEN probability < 0.1 THEN 'approve' ELSE 'refuse' END, 'LOW',
        200, 1, '{}', '{}', 0.1, 'none'
    FROM drawn
)
INSERT INTO outcomes (request_id, timestamp, kind, observed_at, reported_at, defaulted)
SELECT request_id, timestamp, kind, timestamp + after, timestamp + after,
    CASE WHEN kind = 'matured' THEN luck < probability WHEN kind = 'default' THEN true END
FROM drawn, (VALUES ('matured', interval '365 days 6 hours'), ('default', interval '200 days'),
    ('late_30_days', interval '91 days')) outcome (kind, after)
WHERE kind = 'matured' OR luck < probability
"""


def peak_mb() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Fill, read, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=1_000_000)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="solvent-") as folder, start_embedded(Path(folder)) as server:
        upgrade(server.url)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(FILL.encode(), (arguments.decisions,))
            connection.execute("VACUUM ANALYZE decisions, outcomes")
            (outcomes,) = connection.execute("SELECT count(*) FROM outcomes").fetchone() or (0,)
        print(f"{arguments.decisions:,} decisions, {outcomes:,} outcomes; peak memory before: {peak_mb():.0f} MB")
        begun = time.perf_counter(), time.process_time()
        with connect_sync(server.url, application_name="benchmark") as log:
            read = read_decided_outcomes(log, START, END, as_of=AS_OF, definition=POLICY.default_definition)
        took = time.perf_counter() - begun[0], time.process_time() - begun[1]
        print(f"read: {took[0]:.1f} s, {took[1]:.1f} s of CPU here")
        report = assess_performance(read, POLICY, as_of=AS_OF)
        took = time.perf_counter() - begun[0], time.process_time() - begun[1]
        print(f"read and judged: {took[0]:.1f} s, {took[1]:.1f} s of CPU here; peak memory after: {peak_mb():.0f} MB")
        print(f"{len(report.months)} months, {sum(month.rows for month in report.months):,} rows")


if __name__ == "__main__":
    main()

"""What monitors read: vectors as a stream, everything else summed up by the database."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice

import psycopg
from psycopg import sql

from solvent.decision_log.database.connections import Row, SyncConnection
from solvent.decision_log.database.schema import CHAINED_TABLES
from solvent.decision_log.registers.drift_reports import keep_report
from solvent.domain.observations import (
    DecisionScope,
    DriftRecord,
    OperationCounts,
    QualityCounts,
    StageTimes,
    UncoveredRecords,
    VectorBatch,
)
from solvent.errors import DecisionLogError

BATCH_ROWS = 10_000
"""20 MB of vectors at 500 features: enough that numpy's loops outweigh Python's."""

WEEKS_BACK = 8
"""How many earlier weeks the volume is compared with: fewer follow a season more closely, more are steadier."""

_WITHIN = "d.timestamp >= {start} AND d.timestamp < {end} AND d.model_version = {model}"
_VECTORS = (
    "COPY (SELECT d.score, d.prediction_proba, p.features FROM decisions d JOIN decision_payloads p "
    "ON p.request_id = d.request_id AND p.timestamp = d.timestamp AND p.timestamp >= {start} AND p.timestamp < {end} "
    "WHERE {within}) TO STDOUT (FORMAT BINARY)"
)
_TOTALS = "SELECT count(*), avg(data_quality_score) FROM decisions d WHERE {within}"
_WARNINGS = (
    "SELECT warning, count(*) FROM decisions d, unnest(warning_flags) warning WHERE {within} GROUP BY 1 ORDER BY 1"
)
_SOURCES = "SELECT history_source, count(*) FROM decisions d WHERE {within} GROUP BY 1 ORDER BY 1"
# The store keeps the last history alone: if it came after the decision, its age then is not known, and it is not stale.
_STALE = (
    "SELECT count(*) FROM decisions d JOIN decision_payloads p USING (request_id, timestamp) "
    "JOIN models m USING (model_version) "
    "JOIN client_features f ON f.client_id = p.client_id AND f.program_digest = m.program_digest "
    "WHERE {within} AND d.history_source = 'stored' AND f.stored_at < d.timestamp - {age}"
)
_MODELS = """
SELECT model_version, count(*) FROM decisions WHERE timestamp >= %s AND timestamp < %s GROUP BY 1 ORDER BY 2 DESC, 1
"""
_BOUNDS = "SELECT min(timestamp), max(timestamp) FROM decisions"
_STAGES = """
SELECT stage.name, count(*), avg(stage.ms), percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY stage.ms)
FROM decisions d, LATERAL (VALUES (1, 'preprocessing', preprocessing_time_ms), (2, 'inference', inference_time_ms),
    (3, 'total', total_response_time_ms)) stage (place, name, ms)
WHERE timestamp >= %s AND timestamp < %s GROUP BY stage.place, stage.name ORDER BY stage.place
"""
_ERRORS = """
SELECT error_message, count(*) FROM request_failures WHERE timestamp >= %s AND timestamp < %s
GROUP BY 1 ORDER BY 2 DESC, 1
"""
_VOLUME = """
SELECT (SELECT count(*) FROM decisions WHERE timestamp >= %(start)s AND timestamp < %(end)s)
     + (SELECT count(*) FROM request_failures WHERE timestamp >= %(start)s AND timestamp < %(end)s)
"""
# The first record of each chain after the last head that a checkpoint holds.
_UNCOVERED = """
WITH RECURSIVE writers (writer_id) AS (
    (SELECT writer_id FROM {table} ORDER BY writer_id LIMIT 1)
    UNION ALL
    SELECT (SELECT t.writer_id FROM {table} t WHERE t.writer_id > writers.writer_id ORDER BY t.writer_id LIMIT 1)
    FROM writers WHERE writers.writer_id IS NOT NULL
)
SELECT coalesce(sum(last.sequence - oldest.sequence + 1), 0)::bigint, min(oldest.recorded_at)
FROM writers
LEFT JOIN LATERAL (
    SELECT max(sequence) AS sequence FROM chain_heads h WHERE h.chain = {name} AND h.writer_id = writers.writer_id
) head ON true
CROSS JOIN LATERAL (
    SELECT sequence, recorded_at FROM {table} t
    WHERE t.writer_id = writers.writer_id AND t.sequence > coalesce(head.sequence, 0) AND t.link <> ''
    ORDER BY sequence LIMIT 1
) oldest
CROSS JOIN LATERAL (
    SELECT sequence FROM {table} t WHERE t.writer_id = writers.writer_id ORDER BY sequence DESC LIMIT 1
) last
"""


class ObservedDecisions:
    """The log as monitors read it (port `ObservedLog`), over an open connection."""

    def __init__(self, connection: SyncConnection) -> None:
        self._connection = connection

    def count_by_model(self, start: datetime, end: datetime) -> dict[str, int]:
        """How many decisions of a period each model version made, the busiest first."""
        with _translated():
            return dict(self._connection.execute(_MODELS, (start, end)).fetchall())

    def find_bounds(self) -> tuple[datetime, datetime] | None:
        """When the first and the last decision arrived, None if there is none."""
        with _translated():
            first, last = self._connection.execute(_BOUNDS).fetchone() or (None, None)
        return None if first is None or last is None else (first, last)

    def read_vectors(self, scope: DecisionScope) -> Iterator[VectorBatch]:
        """Yield what the model saw and said, `BATCH_ROWS` decisions at a time; erased ones are left out."""
        with _translated(), self._connection.transaction():
            # Else the join writes a million rows to disk first.
            self._connection.execute("SET LOCAL work_mem TO '128MB'")
            with self._connection.cursor().copy(_fill(_VECTORS, scope)) as copy:
                copy.set_types(("float8", "float8", "bytea"))
                rows = copy.rows()
                while part := list(islice(rows, BATCH_ROWS)):
                    yield _pack(part)

    def read_quality(self, scope: DecisionScope, *, stale_after: timedelta) -> QualityCounts:
        """Sum up how good the inputs were."""
        with _translated():
            decisions, mean_score = self._one(_fill(_TOTALS, scope))
            return QualityCounts(
                decisions=decisions,
                mean_quality_score=mean_score,
                warnings=dict(self._connection.execute(_fill(_WARNINGS, scope)).fetchall()),
                history_sources=dict(self._connection.execute(_fill(_SOURCES, scope)).fetchall()),
                stale_histories=self._one(_fill(_STALE, scope, age=stale_after))[0],
            )

    def read_operations(self, start: datetime, end: datetime) -> OperationCounts:
        """Sum up how the service did, whichever model decided."""
        bounds = self.find_bounds()
        weeks = [timedelta(weeks=back) for back in range(1, WEEKS_BACK + 1)]
        known = [week for week in weeks if bounds is not None and start - week >= bounds[0]]
        with _translated():
            stages = self._connection.execute(_STAGES, (start, end)).fetchall()
            return OperationCounts(
                requests=self._count_requests(start, end),
                errors=dict(self._connection.execute(_ERRORS, (start, end)).fetchall()),
                stages=tuple(StageTimes(name, count, mean, *shares) for name, count, mean, shares in stages),
                earlier_volumes=tuple(self._count_requests(start - week, end - week) for week in known),
            )

    def read_uncovered(self) -> UncoveredRecords:
        """What no checkpoint of the ledger covers yet, found by the index however long the chains are."""
        with _translated():
            found = [
                self._one(sql.SQL(_UNCOVERED).format(table=sql.Identifier(table), name=sql.Literal(table)))
                for table in CHAINED_TABLES
            ]
        oldest = min((at for _, at in found if at is not None), default=None)
        return UncoveredRecords(sum(count for count, _ in found), oldest)

    def keep_drift_report(self, report: DriftRecord) -> int:
        """Store a report; returns the number of its row."""
        return keep_report(self._connection, report)

    def _count_requests(self, start: datetime, end: datetime) -> int:
        row = self._connection.execute(_VOLUME, {"start": start, "end": end}).fetchone()
        return int(row[0]) if row else 0

    def _one(self, query: sql.Composed) -> Row:
        row = self._connection.execute(query).fetchone()
        if row is None:
            raise DecisionLogError("the database gave no sum: run `solvent db check`")
        return row


def _fill(query: str, scope: DecisionScope, **others: object) -> sql.Composed:
    values = {"start": scope.start, "end": scope.end, "model": scope.model_version, **others}
    literals = {name: sql.Literal(value) for name, value in values.items()}
    within = sql.SQL(_WITHIN).format(**literals)
    if scope.column is not None:
        within += sql.SQL(" AND d.{column} = {value}").format(
            column=sql.Identifier(scope.column.value), value=sql.Literal(scope.value)
        )
    return sql.SQL(query).format(within=within, **literals)


def _pack(rows: list[Row]) -> VectorBatch:
    scores, probabilities, features = zip(*rows, strict=True)
    form = struct.Struct(f"<{len(rows)}d")
    return VectorBatch(len(rows), b"".join(features), form.pack(*scores), form.pack(*probabilities))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise DecisionLogError("the decision log cannot be read: run `solvent db check`") from error

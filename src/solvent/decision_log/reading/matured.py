"""Reads the decisions whose outcome is final, and all of the same months, one per client, as streams."""

import json
from collections.abc import Iterator
from datetime import datetime

import psycopg
from psycopg import sql

from solvent.decision_log.database.connections import Row, SyncConnection
from solvent.decision_log.reading.final_outcomes import final_outcomes
from solvent.decision_log.reading.recorded import inflate
from solvent.domain.matured import MaturedDecision, RecordedVector
from solvent.domain.outcomes import MIN_COVERAGE, DefaultDefinition
from solvent.errors import DecisionLogError

BATCH = 500
_UNREADABLE = "matured decisions cannot be read: run `solvent db check`"
QUERY = """{final}
SELECT DISTINCT ON (p.client_id) d.request_id, d.timestamp, p.client_id, p.features, p.input,
    d.history_source <> 'none', d.decision = 'approve', r.has_defaulted
FROM final r JOIN decisions d USING (request_id) JOIN models m USING (model_version)
    JOIN decision_payloads p ON p.request_id = d.request_id AND p.timestamp = d.timestamp
WHERE m.program_digest = {program}
ORDER BY p.client_id, d.timestamp DESC, d.request_id
"""
WINDOW = """{final}
SELECT DISTINCT ON (p.client_id) p.client_id, p.features, d.decision = 'approve'
FROM decisions d JOIN models m USING (model_version)
    JOIN months t ON t.month = date_trunc('month', d.timestamp AT TIME ZONE 'UTC') AND t.decision = 'approve'
    JOIN decision_payloads p ON p.request_id = d.request_id AND p.timestamp = d.timestamp
WHERE m.program_digest = {program} AND d.timestamp < {before} AND t.coverage >= {least}
ORDER BY p.client_id, d.timestamp DESC, d.request_id
"""
THIN_MONTHS = """{final}
SELECT to_char(month, 'YYYY-MM') FROM months WHERE decision = 'approve' AND coverage < {least} ORDER BY 1
"""


class MaturedDecisions:
    """The log as a retraining reads it (port `MaturedLog`), over an open connection."""

    def __init__(self, connection: SyncConnection) -> None:
        self._connection = connection

    def read_matured(
        self, program_digest: str, *, definition: DefaultDefinition, as_of: datetime
    ) -> Iterator[MaturedDecision]:
        """Yield decisions by models with this feature program, by client; erased ones are not there any more.

        Raises:
            DecisionLogError: the database is away or not migrated, or an input was altered.
        """
        query = sql.SQL(QUERY).format(program=sql.Literal(program_digest), final=final_outcomes(definition, as_of))
        yield from (_as_matured(row) for row in self._stream(query))

    def read_window(
        self, program_digest: str, *, definition: DefaultDefinition, as_of: datetime
    ) -> Iterator[RecordedVector]:
        """Yield every decision of the months that teach; raises as `read_matured`."""
        query = sql.SQL(WINDOW).format(
            program=sql.Literal(program_digest),
            final=final_outcomes(definition, as_of),
            before=sql.Literal(definition.matured_before(as_of)),
            least=sql.Literal(MIN_COVERAGE),
        )
        for client, features, is_approved in self._stream(query):
            yield RecordedVector(client, bytes(features), is_approved)

    def find_thin_months(self, *, definition: DefaultDefinition, as_of: datetime) -> tuple[str, ...]:
        """Matured months whose approved decisions teach nothing, as YYYY-MM: too many of their outcomes are missing."""
        query = sql.SQL(THIN_MONTHS).format(final=final_outcomes(definition, as_of), least=sql.Literal(MIN_COVERAGE))
        try:
            return tuple(month for (month,) in self._connection.execute(query).fetchall())
        except psycopg.Error as error:
            raise DecisionLogError(_UNREADABLE) from error

    def _stream(self, query: sql.Composed) -> Iterator[Row]:
        try:
            with self._connection.cursor("matured", binary=True) as cursor:
                cursor.itersize = BATCH
                cursor.execute(query)
                yield from cursor
        except psycopg.Error as error:
            raise DecisionLogError(_UNREADABLE) from error


def _as_matured(row: Row) -> MaturedDecision:
    request_id, decided_at, client_id, features, compressed, has_history, is_approved, has_defaulted = row
    return MaturedDecision(
        request_id=request_id,
        decided_at=decided_at,
        client_id=client_id,
        features=bytes(features),
        application=json.loads(inflate(compressed)),
        has_history=has_history,
        is_approved=is_approved,
        has_defaulted=has_defaulted,
    )

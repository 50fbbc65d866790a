"""Reads the decisions whose outcome is final, one per client, as a stream."""

import json
from collections.abc import Iterator
from datetime import datetime

import psycopg
from psycopg import sql

from solvent.decision_log.database.connections import Row, SyncConnection
from solvent.decision_log.reading.recorded import inflate
from solvent.domain.matured import MaturedDecision
from solvent.domain.outcomes import DefaultDefinition
from solvent.errors import DecisionLogError

BATCH = 500
# The moment of maturity itself belongs to the term; a day of room lets sources that report dates take part.
QUERY = """
WITH reported AS (
    SELECT request_id, bool_or(kind = 'matured') AS is_matured,
        bool_or(kind = 'matured' AND defaulted OR kind = 'default'
            AND observed_at <= timestamp + {maturity} + interval '1 day') AS has_defaulted
    FROM current_outcomes WHERE timestamp + {maturity} <= {as_of} GROUP BY request_id
)
SELECT DISTINCT ON (p.client_id) d.request_id, d.timestamp, p.client_id, p.features, p.input,
    d.history_source <> 'none', d.decision = 'approve', r.has_defaulted
FROM reported r JOIN decisions d USING (request_id) JOIN models m USING (model_version)
    JOIN decision_payloads p ON p.request_id = d.request_id AND p.timestamp = d.timestamp
WHERE m.program_digest = {program} AND (r.is_matured OR r.has_defaulted)
ORDER BY p.client_id, d.timestamp DESC, d.request_id
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
        values = {"maturity": definition.maturity, "as_of": as_of, "program": program_digest}
        query = sql.SQL(QUERY).format(**{name: sql.Literal(value) for name, value in values.items()})
        try:
            with self._connection.cursor("matured", binary=True) as cursor:
                cursor.itersize = BATCH
                cursor.execute(query)
                for row in cursor:
                    yield _as_matured(row)
        except psycopg.Error as error:
            raise DecisionLogError("matured decisions cannot be read: run `solvent db check`") from error


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

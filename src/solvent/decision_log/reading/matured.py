"""Reads the decisions whose outcome is final, one per client, as a stream."""

import json
from collections.abc import Iterator
from datetime import datetime

import psycopg
from psycopg import sql

from solvent.decision_log.database.connections import Row, SyncConnection
from solvent.decision_log.reading.final_outcomes import final_outcomes
from solvent.decision_log.reading.recorded import inflate
from solvent.domain.matured import MaturedDecision
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
        try:
            with self._connection.cursor("matured", binary=True) as cursor:
                cursor.itersize = BATCH
                cursor.execute(query)
                for row in cursor:
                    yield _as_matured(row)
        except psycopg.Error as error:
            raise DecisionLogError(_UNREADABLE) from error

    def find_thin_months(self, *, definition: DefaultDefinition, as_of: datetime) -> tuple[str, ...]:
        """Matured months whose approved decisions teach nothing, as YYYY-MM: too many of their outcomes are missing."""
        query = sql.SQL(THIN_MONTHS).format(final=final_outcomes(definition, as_of), least=sql.Literal(MIN_COVERAGE))
        try:
            return tuple(month for (month,) in self._connection.execute(query).fetchall())
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

"""Reads the decisions that a shadow model scored too, the last one of each client, with what became of them."""

from collections.abc import Iterator
from datetime import datetime

import psycopg
from psycopg import sql

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.reading.final_outcomes import final_outcomes
from solvent.domain.outcomes import DefaultDefinition
from solvent.domain.shadowed import ShadowedDecision
from solvent.errors import DecisionLogError

MODELS = """
SELECT d.model_version, s.model_version, count(*)
FROM shadow_scores s JOIN decisions d USING (request_id, timestamp) GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""
QUERY = """{final}
SELECT DISTINCT ON (p.client_id) p.client_id, d.score, d.prediction_proba, d.decision = 'refuse',
    s.score, s.probability_default, s.decision = 'refuse',
    r.has_defaulted
FROM shadow_scores s JOIN decisions d USING (request_id, timestamp)
    JOIN decision_payloads p USING (request_id, timestamp) LEFT JOIN final r USING (request_id)
WHERE d.model_version = {decided} AND s.model_version = {shadow}
ORDER BY p.client_id, d.timestamp DESC, d.request_id
"""


def count_shadowed(connection: SyncConnection) -> list[tuple[str, str, int]]:
    """Which model's decisions were scored by which shadow model, and how many; raises DecisionLogError."""
    try:
        return connection.execute(MODELS).fetchall()
    except psycopg.Error as error:
        raise DecisionLogError("shadow scores cannot be read: run `solvent db check`") from error


def read_shadowed(
    connection: SyncConnection, decided: str, shadow: str, *, definition: DefaultDefinition, as_of: datetime
) -> Iterator[ShadowedDecision]:
    """Yield the decisions of one model version that another one scored too, by client; raises DecisionLogError."""
    models = {"decided": sql.Literal(decided), "shadow": sql.Literal(shadow)}
    query = sql.SQL(QUERY).format(**models, final=final_outcomes(definition, as_of))
    try:
        with connection.cursor("shadowed", binary=True) as cursor:
            cursor.execute(query)
            for row in cursor:
                yield ShadowedDecision(*row)
    except psycopg.Error as error:
        raise DecisionLogError("shadow scores cannot be read: run `solvent db check`") from error

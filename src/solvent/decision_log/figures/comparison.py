"""One client's most important values beside those of approved and refused ones."""

from dataclasses import dataclass

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.figures.questions import Answer, as_text, ask

COMPARED = 5_000
"""Latest decisions of the model that a client is compared with."""

QUARTILES = """
WITH latest AS (
    SELECT request_id, timestamp, decision FROM decisions WHERE model_version = %(model)s
    ORDER BY timestamp DESC LIMIT %(limit)s
)
SELECT value.rank::int, decision, percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY value.number),
    count(value.number)
FROM latest JOIN decision_payloads p USING (request_id, timestamp)
CROSS JOIN LATERAL unnest(p.top_numbers) WITH ORDINALITY AS value (number, rank)
WHERE value.number IS NOT NULL
GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Quartiles:
    """A feature of decisions of one kind; `rank` is its place in the model's `top_features`, from 1 on."""

    rank: int
    decision: str
    first: float
    median: float
    third: float
    count: int


def read_quartiles(connection: SyncConnection, model_version: str) -> Answer[tuple[Quartiles, ...]]:
    """Quartiles of the numeric top features over the latest decisions of a model, by decision."""
    parameters = {"model": model_version, "limit": COMPARED}
    quartiles = tuple(
        Quartiles(rank, decision, first, median, third, count)
        for rank, decision, (first, median, third), count in ask(connection, QUARTILES, parameters)
    )
    return Answer(
        quartiles, as_text(connection, QUARTILES, parameters), max((one.count for one in quartiles), default=0)
    )

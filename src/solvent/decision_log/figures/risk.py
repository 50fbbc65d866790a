"""How applications turned out, by the probability of default that they were given."""

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.figures.overview import PROBABILITY_BIN
from solvent.decision_log.figures.questions import Answer, Scope, as_text, ask
from solvent.domain.threshold import RiskBin

OUTCOMES = """
SELECT least(floor(d.prediction_proba * 200), 199)::int AS bin, count(*) FILTER (WHERE NOT o.defaulted),
    count(*) FILTER (WHERE o.defaulted)
FROM current_outcomes o JOIN decisions d USING (request_id, timestamp)
WHERE o.kind = 'matured' AND o.timestamp >= %(start)s AND o.timestamp < %(end)s
    AND (%(model)s::text IS NULL OR d.model_version = %(model)s)
GROUP BY 1 ORDER BY 1
"""
REFUSED_WITH_OUTCOME = """
SELECT EXISTS (
    SELECT FROM outcomes o JOIN decisions d USING (request_id, timestamp)
    WHERE d.decision = 'refuse' AND o.kind = 'matured' AND o.timestamp >= %(start)s AND o.timestamp < %(end)s
)
"""


def read_outcomes(connection: SyncConnection, scope: Scope) -> Answer[tuple[RiskBin, ...]]:
    """Matured decisions by bins of probability: how many paid, how many defaulted."""
    bins = tuple(
        RiskBin(number * PROBABILITY_BIN, paid, defaulted)
        for number, paid, defaulted in ask(connection, OUTCOMES, scope.parameters)
    )
    count = int(sum(one.paid + one.defaulted for one in bins))
    return Answer(bins, as_text(connection, OUTCOMES, scope.parameters), count)


def has_refused_outcomes(connection: SyncConnection, scope: Scope) -> bool:
    """Whether it is known of any refused applicant how they would have paid."""
    return bool(ask(connection, REFUSED_WITH_OUTCOME, scope.parameters)[0][0])

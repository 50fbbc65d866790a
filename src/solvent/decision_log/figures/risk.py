"""How applications turned out, by the probability of default that they were given."""

from dataclasses import dataclass

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.figures.overview import PROBABILITY_BIN
from solvent.decision_log.figures.questions import Answer, Scope, as_text, ask
from solvent.domain.threshold import RiskBin

OUTCOMES = """
SELECT bin, sum(count - total), sum(total), coalesce(sum(count) FILTER (WHERE decision = 'refuse'), 0)::bigint
FROM hourly_figures
WHERE figure = 'outcome' AND hour >= %(start)s AND hour < %(end)s
    AND (%(model)s::text IS NULL OR model_version = %(model)s)
GROUP BY 1 HAVING sum(count) > 0 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class MaturedOutcomes:
    """Matured decisions by bins of probability, and how many of them had been refused."""

    bins: tuple[RiskBin, ...]
    refused: int

    @property
    def are_of_approved_alone(self) -> bool:
        """Whether nothing is known of how refused applicants would have paid."""
        return bool(self.bins) and self.refused == 0


def read_outcomes(connection: SyncConnection, scope: Scope) -> Answer[MaturedOutcomes]:
    """Count by bins of probability how many matured decisions were paid back and how many defaulted."""
    rows = ask(connection, OUTCOMES, scope.parameters)
    bins = tuple(RiskBin(number * PROBABILITY_BIN, paid, defaulted) for number, paid, defaulted, _ in rows)
    outcomes = MaturedOutcomes(bins, sum(refused for *_, refused in rows))
    count = int(sum(one.paid + one.defaulted for one in bins))
    return Answer(outcomes, as_text(connection, OUTCOMES, scope.parameters), count)

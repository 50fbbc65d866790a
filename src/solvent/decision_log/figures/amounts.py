"""Which amounts were asked for, and what was decided on them."""

from dataclasses import dataclass

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.figures.questions import Answer, Scope, as_text, ask

AMOUNT_BIN = 25_000.0
"""Width of the bins of `hourly_figures` for loan amounts, in units of the currency."""

AMOUNTS = """
SELECT decision, bin, sum(count)::bigint, sum(total)
FROM hourly_figures
WHERE figure = 'loan_amount' AND hour >= %(start)s AND hour < %(end)s
    AND (%(model)s::text IS NULL OR model_version = %(model)s)
GROUP BY 1, 2 ORDER BY 2, 1
"""


@dataclass(frozen=True, slots=True)
class AmountBin:
    """Decisions on loans of [low, low + 25,000), the last bin of all above; `total` is the sum of the amounts."""

    decision: str
    low: float
    count: int
    total: float


def read_amounts(connection: SyncConnection, scope: Scope) -> Answer[tuple[AmountBin, ...]]:
    """Histogram of the loan amounts, by decision; applications without an amount are not in it."""
    rows = ask(connection, AMOUNTS, scope.parameters)
    bins = tuple(AmountBin(decision, number * AMOUNT_BIN, count, total) for decision, number, count, total in rows)
    return Answer(bins, as_text(connection, AMOUNTS, scope.parameters), sum(one.count for one in bins))

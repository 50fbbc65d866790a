"""The loans that are repaid in instalments: those of previous_application, and older ones that it no longer lists."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Flags, Floats, Integers, numbers
from solvent.world.drawing.rows import Rows, rows_of
from solvent.world.loans.previous_loans import PreviousLoans
from solvent.world.payments.statement_calendar import OLDEST_DAY

DAYS_BETWEEN_INSTALMENTS = 30
_OLDER_TERMS = np.array([10, 10, 10, 10, 6, 6, 12, 12, 4, 9, 8, 18])
"""Terms of loans from before the window: an assumption, many of 10 months and none of them long."""


@dataclass(frozen=True)
class InstalmentLoans:
    """m loans in client order: `key` counts SK_ID_PREV from 0; keys from `listed` on are not in previous_application.

    `run` is how many of the `term` instalments fall due before the loan ends, `ended` the day of termination or 365243.
    """

    key: Integers
    client: Integers
    decided: Floats
    first_due: Floats
    term: Integers
    run: Integers
    ended: Floats
    annuity: Floats
    credit: Floats
    listed: int

    @property
    def last_due(self) -> Floats:
        """Day on which the last instalment is due, float64 (m,)."""
        return np.asarray(self.first_due + DAYS_BETWEEN_INSTALMENTS * (self.run - 1), dtype=np.float64)

    @property
    def over(self) -> Flags:
        """A flag per loan: it ended before the application."""
        return np.asarray(self.ended < 0, dtype=np.bool_)

    def due_rows(self) -> tuple[Rows, Floats]:
        """Return one row per instalment that fell due within the eight years, and its due day."""
        first = np.ceil(np.maximum(OLDEST_DAY - self.first_due, 0.0) / DAYS_BETWEEN_INSTALMENTS).astype(np.int64)
        past = np.floor((-1.0 - self.first_due) / DAYS_BETWEEN_INSTALMENTS).astype(np.int64) + 1
        last = np.maximum(np.minimum(self.run, past), first)
        rows = rows_of(last - first)
        position = rows.position + first[rows.owner]
        due = self.first_due[rows.owner] + DAYS_BETWEEN_INSTALMENTS * position
        return replace(rows, position=position), np.asarray(due, dtype=np.float64)


def gather_loans(previous: PreviousLoans, draws: Draws) -> InstalmentLoans:
    """Return the instalment loans with dates among `previous`, and loans from before it, in client order."""
    dated = ~np.isnan(numbers(previous.table, "DAYS_FIRST_DUE"))
    rows = np.flatnonzero(previous.repaid & dated)
    listed = InstalmentLoans(
        key=rows,
        client=previous.rows.owner[rows],
        decided=numbers(previous.table, "DAYS_DECISION")[rows],
        first_due=previous.first_due[rows],
        term=previous.term[rows],
        run=previous.months_run[rows],
        ended=numbers(previous.table, "DAYS_TERMINATION")[rows],
        annuity=previous.annuity[rows],
        credit=previous.credit[rows],
        listed=previous.rows.owner.shape[0],
    )
    return _joined(_older_loans(previous, draws), listed)


def _older_loans(previous: PreviousLoans, draws: Draws) -> InstalmentLoans:
    """Draw the loans decided before the window: likelier for clients whose listed applications reach far back."""
    clients = previous.rows.count.shape[0]
    decided = numbers(previous.table, "DAYS_DECISION")
    oldest = np.zeros(clients)
    np.minimum.at(oldest, previous.rows.owner, decided)
    reach = np.clip((-2100.0 - oldest) / 800.0, 0.0, 1.0)
    client = np.flatnonzero(draws.chance(0.035 + 0.26 * reach**1.5, clients) & (oldest < 0))
    size = client.shape[0]
    term = _OLDER_TERMS[np.floor(draws.uniform(size) * _OLDER_TERMS.shape[0]).astype(np.int64)]
    decided = OLDEST_DAY - 1 - np.floor(draws.uniform(size) * DAYS_BETWEEN_INSTALMENTS * term)
    first_due = decided + 30 + np.floor(15 * draws.uniform(size))
    run = np.where(draws.chance(0.3, size), np.ceil(term * (0.3 + 0.7 * draws.uniform(size))), term).astype(np.int64)
    credit = np.rint(np.exp(10.6 + 0.6 * draws.normal(size)) / 4.5) * 4.5
    return InstalmentLoans(
        key=previous.rows.owner.shape[0] + np.arange(size, dtype=np.int64),
        client=client,
        decided=decided,
        first_due=first_due,
        term=term,
        run=run,
        ended=first_due + DAYS_BETWEEN_INSTALMENTS * (run - 1) + np.rint(2 + draws.exponential(5.0, size)),
        annuity=np.rint(1.18 * credit / term / 0.045) * 0.045,
        credit=credit,
        listed=previous.rows.owner.shape[0],
    )


def _joined(first: InstalmentLoans, second: InstalmentLoans) -> InstalmentLoans:
    order = np.argsort(np.concatenate([first.client, second.client]), kind="stable")
    names = ("key", "client", "decided", "first_due", "term", "run", "ended", "annuity", "credit")
    both: dict[str, Any] = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])[order] for name in names
    }
    return InstalmentLoans(**both, listed=second.listed)

"""The lender's calendar: in which month before the application a day lies, and which months have a balance."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Floats, Integers
from solvent.world.drawing.time_spans import MONTH_DAYS

OLDEST_MONTH = -96
OLDEST_DAY = -2922.0
"""The raw tables reach back eight years: 96 months, 2,922 days."""


@dataclass(frozen=True)
class StatementCalendar:
    """Per client: `phase`, the day of the month of the application, and `last_month`, the newest month with a balance.

    Month 0 is the one of the application, which has no balance yet. In the real tables the first balance of a loan
    lies in the month of its decision, and the newest balance of all loans and cards of one client in one month: -1,
    or -2 when the application came early in a month.
    """

    phase: Floats
    last_month: Integers

    @classmethod
    def draw(cls, clients: int, draws: Draws) -> Self:
        """Draw the calendars of this many clients."""
        phase = MONTH_DAYS * draws.uniform(clients)
        late = draws.uniform(clients) > 0.2 + 0.78 * phase / MONTH_DAYS
        older = np.searchsorted([0.965, 0.985], draws.uniform(clients), side="right")
        return cls(phase, -1 - late.astype(np.int64) - older)

    def month_of(self, day: Floats, client: Integers) -> Integers:
        """Return the month, int64 (n,), in which each day lies for its client."""
        return np.floor((day + self.phase[client]) / MONTH_DAYS).astype(np.int64)

    def last_day_of(self, month: Integers, client: Integers) -> Floats:
        """Return the last day, float64 (n,), of each month for its client."""
        return np.asarray(np.ceil((month + 1) * MONTH_DAYS - self.phase[client]) - 1.0, dtype=np.float64)

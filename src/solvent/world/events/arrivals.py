"""When applications arrive: weeks of a calendar, and the weekday and hour that the application itself states."""

from dataclasses import dataclass

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Floats, Integers

FIRST_MONDAY = np.datetime64("2024-01-01T00:00:00", "us")
"""Start of every calendar, in UTC, which is also the clock of the simulated lender."""

WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
WEEK = 7 * DAY
"""Microseconds, like every moment of this room: int64 since 1970 in UTC."""

WEEKS_PER_YEAR = 52
_START = int(FIRST_MONDAY.astype(np.int64))


@dataclass(frozen=True, slots=True)
class Calendar:
    """`weeks` whole weeks from the first Monday on; `season` is how far the volume swings around its mean in a year.

    Clients arrive in the order of their keys, up to the order within a week. Nothing in the raw tables depends on it.
    """

    weeks: int
    season: float = 0.0

    @property
    def shares(self) -> Floats:
        """Share of the applications that arrive up to the end of each week, float64 (weeks,)."""
        middle = np.arange(self.weeks) + 0.5
        volume = 1.0 + self.season * np.sin(2 * np.pi * middle / WEEKS_PER_YEAR)
        return np.cumsum(volume) / np.sum(volume)

    def week_at(self, position: Floats) -> Integers:
        """Return the week of applications that stand at these positions, 0 to 1, in the order of arrival."""
        found = np.searchsorted(self.shares, position, side="right")
        return np.minimum(found, self.weeks - 1).astype(np.int64)

    def first_week_from(self, share: float) -> int:
        """Return the first week that lies wholly in the last `1 - share` of the time."""
        return int(np.ceil(round(share * self.weeks, 9)))


def calendar_of(months: int, *, season: float = 0.0) -> Calendar:
    """Return the calendar of this many months, 52 weeks to twelve of them."""
    return Calendar(months * WEEKS_PER_YEAR // 12, season)


def monday(week: int) -> int:
    """Return the moment at which a week begins."""
    return _START + week * WEEK


def draw_moments(weeks: Integers, weekday: Coded, hour: Floats, draws: Draws) -> Integers:
    """Return the moment of each application: its week, with the weekday and the hour that it states itself."""
    days = np.array([WEEKDAYS.index(label) for label in weekday.labels], dtype=np.int64)[weekday.codes]
    seconds = np.floor(draws.uniform(weeks.shape[0]) * 3600).astype(np.int64)
    return _START + weeks * WEEK + days * DAY + hour.astype(np.int64) * HOUR + seconds * SECOND

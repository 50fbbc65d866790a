"""What happened later to a client, as the lender reports it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID


class OutcomeKind(StrEnum):
    """What an outcome says.

    The first two are early signs and say nothing final. `default` is reported when a client defaults, `matured` when
    the time in which a default counts is over.
    """

    FIRST_PAYMENT_MISSED = "first_payment_missed"
    LATE_30_DAYS = "late_30_days"
    DEFAULT = "default"
    MATURED = "matured"


MONTH = timedelta(days=365.25 / 12)
"""A month of a loan, as outcomes count it: the mean one, 30.4375 days."""


MIN_COVERAGE = 0.9
"""Share of a month's decisions whose outcome must be known before it counts: what comes late is not like the rest."""


@dataclass(frozen=True, slots=True)
class DefaultDefinition:
    """What counts as a default, and when it is known.

    A client defaults who is `days_past_due` late on an instalment within `months_to_mature` of the application: 90 days
    and 12 months, as article 178 of Regulation (EU) 575/2013 and its horizon of one year have it. Outcomes are
    reported up to `reporting_days` after they were observed.
    """

    days_past_due: int = 90
    months_to_mature: int = 12
    reporting_days: int = 31

    def __post_init__(self) -> None:
        if self.days_past_due < 1 or self.months_to_mature < 1:
            raise ValueError("a default needs at least one day past due and one month to mature")

    @property
    def maturity(self) -> timedelta:
        """From the application until no default counts any more."""
        return self.months_to_mature * MONTH

    @property
    def reporting(self) -> timedelta:
        """From an observation until its report must be there."""
        return timedelta(days=self.reporting_days)

    def has_matured(self, end: datetime, as_of: datetime) -> bool:
        """Whether every decision before `end` has matured and the time for its report is over, at `as_of`."""
        return end + self.maturity + self.reporting <= as_of

    def matured_before(self, as_of: datetime) -> datetime:
        """The end of the last month (UTC) of application that has matured at `as_of`: decisions before it may count.

        Defaults are reported when they happen and good ends at the end of the term, so of a month that is not over its
        term, or whose reports are not there, defaults alone are known.
        """
        latest = (as_of - self.maturity - self.reporting).astimezone(UTC)
        return latest.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


EARLY_SIGNS = {OutcomeKind.FIRST_PAYMENT_MISSED: 1, OutcomeKind.LATE_30_DAYS: 3}
"""Months after the application by which an early sign shows, if it does."""


@dataclass(frozen=True, slots=True)
class ReportedOutcome:
    """One outcome of the client `client_id`, or of the one decision `request_id` where that is given.

    `observed_at` is when it happened, `reported_at` when its source said so, None for when it is imported: of several
    reports on one decision and kind the latest counts. `defaulted` is None for early signs. A withdrawn report says
    that there was no such outcome.
    """

    kind: OutcomeKind
    observed_at: datetime
    reported_at: datetime | None
    defaulted: bool | None
    client_id: int | None = None
    request_id: UUID | None = None
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class DecidedOutcomes:
    """Decisions of a period in any order, and what is known of them, as packed little-endian columns of `rows`.

    `months`: int16, months since year 0 of the application (UTC), 24,316 for May 2026. `probabilities`: float64,
    calibrated. `flags`: int16, the sum of the powers below that hold. DEFAULTED comes with KNOWN only; an early sign
    may be there before anything is known.
    """

    APPROVED: ClassVar = 1
    KNOWN: ClassVar = 2
    DEFAULTED: ClassVar = 4
    FIRST_PAYMENT_MISSED: ClassVar = 8
    LATE_30_DAYS: ClassVar = 16

    rows: int
    months: bytes
    probabilities: bytes
    flags: bytes

"""What happened later to a client, as the lender reports it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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

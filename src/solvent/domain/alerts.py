"""What rings: a cause that somebody must look at, as the rules find it and as the log keeps it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from solvent.domain.measurements import Window


class Severity(StrEnum):
    """How soon somebody must look: LOW this month, MEDIUM this week, HIGH today, CRITICAL now."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that is broken now.

    `rule` and `subject` together are the cause: while an alert on it is open there is no second one. `value` is the
    measured figure, `limit` what the rule allows, `count` the rows behind the figure, `affected` the subjects that
    break the rule, the worst first. For `cool_down` after an alert on the cause was resolved it stays silent.
    """

    rule: str
    subject: str
    severity: Severity
    description: str
    what_to_do: str
    value: float
    limit: float
    count: int
    window: Window
    affected: tuple[str, ...]
    cool_down: timedelta


@dataclass(frozen=True, slots=True)
class Alert:
    """One row of the table anomalies.

    `detected_at` is when it rang first, `last_seen_at` when it was found last; value, count and window are those of
    the last time. `acknowledged_by` has taken it on; `resolution_notes` say what was found and done.
    """

    alert_id: int
    detected_at: datetime
    last_seen_at: datetime
    rule: str
    subject: str
    severity: Severity
    description: str
    what_to_do: str
    value: float | None
    limit: float | None
    count: int | None
    window: Window | None
    affected: tuple[str, ...]
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution_notes: str | None

    @property
    def is_resolved(self) -> bool:
        """Whether somebody has closed it."""
        return self.resolved_at is not None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to tell the webhook of an alert; `status_code` is None where no answer came."""

    alert_id: int
    attempted_at: datetime
    attempts: int
    status_code: int | None
    is_delivered: bool

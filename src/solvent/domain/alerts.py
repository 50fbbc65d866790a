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
class Told:
    """What the webhook is told of an alert: `message` 1 says that it opened, a later one that it has grown since.

    `affected` counts the subjects that broke the rule.
    """

    message: int
    severity: Severity
    value: float | None
    affected: int


@dataclass(frozen=True, slots=True)
class News:
    """An open alert of which the webhook does not know enough, and what it is to be told."""

    alert: Alert
    told: Told


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of telling the webhook of an alert; `status_code` is None where no answer came."""

    alert_id: int
    attempted_at: datetime
    attempts: int
    status_code: int | None
    told: Told
    is_delivered: bool


GROWTH = 2.0
"""An alert whose figure, or number of subjects, has grown by this factor is news again."""


def find_news(alert: Alert, last: Told | None) -> News | None:
    """What the webhook must be told of an open alert; None if nothing has changed that somebody must hear of.

    Args:
        alert: as it is now.
        last: what the webhook took last, None if it has not heard of the alert yet.
    """
    if last is not None and not _has_grown(alert, last):
        return None
    message = 1 if last is None else last.message + 1
    return News(alert, Told(message, alert.severity, alert.value, len(alert.affected)))


def _has_grown(alert: Alert, last: Told) -> bool:
    grades = list(Severity)
    return (
        grades.index(alert.severity) > grades.index(last.severity)
        or 0 < GROWTH * last.affected <= len(alert.affected)
        or _has_doubled(alert.value, last.value, alert.limit)
    )


def _has_doubled(value: float | None, last: float | None, limit: float | None) -> bool:
    """Whether a figure lies twice as far from 0 as before or, where it rings by falling, at half of what it was."""
    if value is None or last is None or limit is None or value == last:
        return False
    if value >= limit:
        return value >= GROWTH * last
    return value <= (last / GROWTH if last > 0 else last * GROWTH)

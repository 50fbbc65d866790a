"""What monitors say and alerts, pages and the log read: a figure with everything that is needed to trust it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` on and before `end`, both aware UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured: `metric` of `subject` in `window`.

    `subject` is a feature, a column, a stage or a segment, and empty where the metric speaks of the whole. `count` is
    the number of rows behind the figure. `value` is None where there was not enough data for one; `low` and `high`
    are its 95 % interval where it has one. `counted` names what a figure of the whole counted, the worst first: alerts
    say it, the log does not keep it.
    """

    metric: str
    window: Window
    count: int
    value: float | None
    subject: str = ""
    low: float | None = None
    high: float | None = None
    counted: tuple[str, ...] = ()

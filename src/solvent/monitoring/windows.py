"""The stretch of time that a figure speaks of."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` on and before `end`, both aware UTC."""

    start: datetime
    end: datetime

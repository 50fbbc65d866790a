"""What the HTTP edge needs from the rest of the house."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from solvent.api.callers.admission import Admission
from solvent.api.callers.authentication import Authenticator
from solvent.api.callers.rates import SharedRates, Standing
from solvent.api.telemetry.metrics import Metrics
from solvent.decision_log.registers.outcomes import ImportSummary
from solvent.domain.outcomes import ReportedOutcome
from solvent.domain.ports import Clock
from solvent.domain.records import DecisionRecord
from solvent.scoring.service import RequestContext, ScoringService
from solvent.scoring.switching import ModelSwitcher

RECORDED_REFUSALS_PER_SECOND = 20
"""Refusals at the door that one worker keeps in the decision log; of a flood, the rest is counted in the metrics."""


KeepOutcomes = Callable[[Sequence[ReportedOutcome], datetime], ImportSummary]
"""Keeps outcomes that were reported up to a time, all or none; blocks, and raises LogUnavailableError."""


@dataclass(slots=True)
class RateLimits:
    """Requests per second, 0 for no limit; `over` holds until when each name that went beyond is refused."""

    rates: SharedRates
    per_key: int
    per_address: int
    over: dict[str, float] = field(default_factory=dict)

    def take(self, kind: str, name: str, limit: int) -> Standing | None:
        """Count a request of a key or an address; if it has none left, return how it stands."""
        standing = self.rates.take(f"{kind} {name}", limit)
        if standing is not None:
            self.over[f"{kind} {name}"] = time.monotonic() + standing.milliseconds / 1000.0
        return standing

    def find_refused(self, address: str | None, key: str | None) -> Standing | None:
        """Return how the address or the key stands that is refused without a closer look; None if neither is."""
        for kind, name, limit in (("address", address, self.per_address), ("key", key, self.per_key)):
            milliseconds = int((self.over.get(f"{kind} {name}", 0.0) - time.monotonic()) * 1000.0)
            if milliseconds > 0:
                return Standing(limit, 0, milliseconds)
        return None

    def forget(self) -> None:
        """Drop the names whose time is over."""
        now = time.monotonic()
        for name in [name for name, until in self.over.items() if until <= now]:
            del self.over[name]


class SecondlyShare:
    """So many of something in each second."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._second = 0
        self._taken = 0

    @property
    def is_spent(self) -> bool:
        """Whether this second's share is taken."""
        return (self._taken if self._second == int(time.monotonic()) else 0) >= self._size

    def take(self) -> bool:
        """Take one; False if this second has none left."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._taken = second, 0
        self._taken += 1
        return self._taken <= self._size


@dataclass(slots=True)
class Draining:
    """Whether this process is about to end; it then answers, and asks for no more requests."""

    is_on: bool = False


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of the application.

    `max_body_bytes` and `max_batch_body_bytes` are the largest bodies that it reads. Without an `authenticator`
    nobody is asked for a key, without `rates` none is counted, without `allowed_hosts` every Host is served, without
    `keep_outcomes` none can be reported. `read_log_figures` gives gauges of the decision log, and
    `count_dropped_failures` how many failures it lost while it was away.
    """

    service: ScoringService
    clock: Clock
    new_id: Callable[[], UUID]
    max_body_bytes: int
    max_batch_body_bytes: int
    admission: Admission = field(default_factory=Admission)
    metrics: Metrics = field(default_factory=Metrics)
    read_other_metrics: Callable[[Metrics], None] = lambda _metrics: None
    draining: Draining = field(default_factory=Draining)
    recorded_refusals: SecondlyShare = field(default_factory=lambda: SecondlyShare(RECORDED_REFUSALS_PER_SECOND))
    authenticator: Authenticator | None = None
    rates: RateLimits | None = None
    allowed_hosts: frozenset[str] | None = None
    switcher: ModelSwitcher | None = None
    keep_outcomes: KeepOutcomes | None = None
    read_log_figures: Callable[[], Mapping[str, float]] = dict
    count_dropped_failures: Callable[[], int] = int


def watch_decisions(services: Services, shadow: Callable[[DecisionRecord], None] | None = None) -> None:
    """Count every recorded decision, and show it to the shadow model if there is one."""

    def see(records: Sequence[DecisionRecord], context: RequestContext) -> None:
        seconds = (time.perf_counter_ns() - context.received_ns) / 1e9
        for record in records:
            services.metrics.count_decision(record, seconds)
            if shadow is not None:
                shadow(record)

    services.service.watch(see)

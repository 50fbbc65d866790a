"""Operations: how fast the service answers, why requests fail, and whether as many come as at other times."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from solvent.domain.measurements import Measurement, Window
from solvent.domain.observations import OperationCounts, StageTimes

WEEKS_NEEDED = 4
"""Earlier weeks that a usual volume needs."""

REQUESTS_NEEDED = 50
"""Usual requests of a window below which its volume says nothing: chance alone then moves it by 14 %."""

VOLUME_FACTOR = 2.0
"""A volume above this times the usual one, or below the usual one by it, is an alarm. The largest yearly swing of the
simulated lender moves it by 12 % within the weeks that the usual volume is taken from."""


@dataclass(frozen=True, slots=True)
class OperationsReport:
    """Operations of a window. `usual_volume`: mean requests of the same stretch of earlier weeks, None if unknown."""

    window: Window
    requests: int
    errors: tuple[tuple[str, int], ...]
    stages: tuple[StageTimes, ...]
    usual_volume: float | None

    @property
    def error_rate(self) -> float | None:
        """Share of the requests that got no decision; None without requests."""
        return sum(count for _, count in self.errors) / self.requests if self.requests else None

    @property
    def volume_ratio(self) -> float | None:
        """Requests by the usual volume; None if that is not known or too small."""
        if self.usual_volume is None or self.usual_volume < REQUESTS_NEEDED:
            return None
        return self.requests / self.usual_volume

    @property
    def has_unusual_volume(self) -> bool:
        """Whether far more or far fewer requests came than usual."""
        ratio = self.volume_ratio
        if ratio is None:
            return False
        return ratio == 0 or abs(math.log(ratio)) >= math.log(VOLUME_FACTOR)

    def to_measurements(self) -> tuple[Measurement, ...]:
        """Return every figure."""
        return tuple(self._measure())

    def _measure(self) -> Iterator[Measurement]:
        yield Measurement("request_count", self.window, self.requests, self.requests)
        yield Measurement("volume_ratio", self.window, self.requests, self.volume_ratio)
        yield Measurement("error_rate", self.window, self.requests, self.error_rate)
        for cause, count in self.errors:
            yield Measurement("error_rate_by_cause", self.window, self.requests, count / self.requests, cause)
        for stage in self.stages:
            yield Measurement("latency_p50_ms", self.window, stage.decisions, stage.p50_ms, stage.stage)
            yield Measurement("latency_p95_ms", self.window, stage.decisions, stage.p95_ms, stage.stage)
            yield Measurement("latency_p99_ms", self.window, stage.decisions, stage.p99_ms, stage.stage)


def sum_up_operations(counts: OperationCounts, *, window: Window) -> OperationsReport:
    """Hold the operations of a window against the same stretch of the weeks before it."""
    earlier = counts.earlier_volumes
    usual = sum(earlier) / len(earlier) if len(earlier) >= WEEKS_NEEDED else None
    return OperationsReport(window, counts.requests, tuple(counts.errors.items()), counts.stages, usual)

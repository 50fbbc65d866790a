"""Draws requests of some weeks with two incidents, made of decisions on clients of the simulated lender."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import orjson

from solvent.bootstrap import build_service
from solvent.decision_log.memory import MemoryDecisionLog
from solvent.domain.clock import utc_now
from solvent.domain.records import DecisionRecord, FailureRecord, Timing
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id
from solvent.scoring.service import RequestContext
from solvent.world.events.scenarios import Timeline
from solvent.world.events.stream import ArrivingApplication, stream_applications

if TYPE_CHECKING:
    from solvent.domain.outcomes import ReportedOutcome

POOL, OUTAGE_POOL = 3_000, 800
"""Clients that are scored; every further decision repeats one of them."""
OUTAGE = (0.55, 0.59)
"""Shares of the time between which the credit bureau does not answer."""
OVERLOAD = (0.86, 0.863)
"""Between which the service is overloaded."""
FAILING, FAILING_OVERLOADED = 0.006, 0.25
HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 20, 19, 17, 18, 19, 18, 16, 14, 11, 9, 7, 5, 3, 2], dtype=np.float64)
WEEKDAYS = np.array([1.0, 1.05, 1.0, 0.95, 1.1, 0.6, 0.35])
FASTER = 7.5
"""A month of the simulated lender takes four days."""
CAUSES = ((422, "invalid-application"), (400, "duplicate-key"), (429, "rate-exceeded"), (401, "not-authenticated"))
Floats = npt.NDArray[np.float64]
Request = tuple[DecisionRecord | FailureRecord, datetime]
"""What became of a request, and when that was recorded."""


@dataclass(frozen=True)
class Decided:
    """A client of the simulated lender with the decision of one model."""

    application: ArrivingApplication
    record: DecisionRecord


@dataclass(frozen=True)
class Arrival:
    """One request: when, `share` of the whole time, and how long it took in milliseconds."""

    at: datetime
    share: float
    response_ms: float


def draw_arrivals(count: int, *, start: datetime, days: float, seed: int) -> list[Arrival]:
    """Draw requests in the order of time, in the rhythm of day and week."""
    random = np.random.default_rng(seed)
    hours = np.arange(int(days * 24))
    moments = [start + timedelta(hours=int(hour)) for hour in hours]
    weights = np.array([HOURS[moment.hour] * WEEKDAYS[moment.weekday()] for moment in moments])
    weights *= np.linspace(0.8, 1.2, len(hours))
    offsets = np.sort(random.choice(hours, count, p=weights / weights.sum()) + random.random(count))
    shares = offsets / (days * 24)
    slow = np.where(_within(shares, OVERLOAD), 25.0, 1.0)
    milliseconds = slow * random.lognormal(1.2, 0.45, count)
    return [
        Arrival(start + timedelta(hours=hour), share, response)
        for hour, share, response in zip(offsets.tolist(), shares.tolist(), milliseconds.tolist(), strict=True)
    ]


def _within(shares: Floats, incident: tuple[float, float]) -> npt.NDArray[np.bool_]:
    return (shares >= incident[0]) & (shares < incident[1])


def draw_clients(seed: int, *, with_history: bool, scenario: str, count: int) -> list[ArrivingApplication]:
    """Draw clients of the simulated lender, all of them under the scenario."""
    timeline = Timeline(months=12, scenario=scenario, from_share=0.0)
    return list(stream_applications(count, seed, timeline, with_history=with_history))


async def decide(model: Model, clients: Sequence[ArrivingApplication]) -> list[Decided]:
    """Decide on every client by a log in memory."""
    log = MemoryDecisionLog()
    service = build_service(model, log)
    for client in clients:
        context = RequestContext(new_request_id(), utc_now(), time.perf_counter_ns(), "/predict")
        await service.decide(orjson.loads(orjson.dumps(client.body)), context)
    return [Decided(client, one.decisions[0]) for client, one in zip(clients, log.submissions, strict=True)]


class Story:
    """Draws what happened from pools of decided clients: for each model those of quiet times and of the outage."""

    def __init__(self, pools: Sequence[tuple[Sequence[Decided], Sequence[Decided]]], *, seed: int) -> None:
        self._pools = pools
        self._random = np.random.default_rng(seed)
        self.outcomes: list[ReportedOutcome] = []

    def requests(self, arrivals: Sequence[Arrival]) -> Iterator[Request]:
        """Yield what becomes of each request, with the time at which it is recorded."""
        chances, choices = self._random.random((2, len(arrivals)))
        for arrival, chance, choice in zip(arrivals, chances.tolist(), choices.tolist(), strict=True):
            pools = self._pools[int(arrival.share * len(self._pools))]
            pool = pools[OUTAGE[0] <= arrival.share < OUTAGE[1]]
            decided = pool[int(choice * len(pool))]
            is_overloaded = OVERLOAD[0] <= arrival.share < OVERLOAD[1]
            recorded_at = arrival.at + timedelta(milliseconds=arrival.response_ms)
            if chance < (FAILING_OVERLOADED if is_overloaded else FAILING):
                yield _fail(decided.record, arrival, choice, is_overloaded=is_overloaded), recorded_at
            else:
                yield self._decision(decided, arrival, choice), recorded_at

    def _decision(self, decided: Decided, arrival: Arrival, choice: float) -> DecisionRecord:
        request_id = new_request_id()
        for outcome in decided.application.outcomes:
            observed_at = arrival.at + (outcome.observed_at - decided.application.applied_at) / FASTER
            self.outcomes.append(
                replace(
                    outcome, client_id=None, request_id=request_id, observed_at=observed_at, reported_at=observed_at
                )
            )
        return replace(
            decided.record,
            request_id=request_id,
            received_at=arrival.at,
            scored_at=arrival.at + timedelta(milliseconds=0.8 * arrival.response_ms),
            endpoint="/predict" if choice * 1000 % 1 < 0.85 else "/predict-batch",
            timing=Timing(0.35 * arrival.response_ms, 0.1 * arrival.response_ms),
        )


def _fail(record: DecisionRecord, arrival: Arrival, choice: float, *, is_overloaded: bool) -> FailureRecord:
    status, code = (503, "overloaded") if is_overloaded else CAUSES[int(choice * 997 % 1 * len(CAUSES))]
    return FailureRecord(
        request_id=new_request_id(),
        received_at=arrival.at,
        endpoint="/predict",
        api_version=record.api_version,
        model_version=record.model_version,
        http_status_code=status,
        error_code=code,
        total_response_ms=arrival.response_ms,
        memory_usage_mb=record.memory_usage_mb,
    )

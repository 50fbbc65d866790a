"""How fast requests were answered, which were the slowest, and why some got no decision."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.figures.questions import Answer, Scope, as_text, ask

RATIO = 1.05
"""Width of the bins of `hourly_figures` for response times: quantiles are right to within 5 %."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

LATENCIES = """
SELECT endpoint, bin, sum(count)::bigint, sum(total)
FROM hourly_figures
WHERE figure = 'response_time' AND hour >= %(start)s AND hour < %(end)s
    AND (%(model)s::text IS NULL OR model_version = %(model)s)
GROUP BY 1, 2 ORDER BY 1, 2
"""
# The hourly figures tell from which bin on the ten slowest lie, and in which hours: only those are read.
SLOWEST = """
WITH bins AS (
    SELECT hour, bin, count FROM hourly_figures
    WHERE figure = 'response_time' AND hour >= %(start)s AND hour < %(end)s
        AND (%(model)s::text IS NULL OR model_version = %(model)s)
), counts AS (
    SELECT bin, sum(sum(count)) OVER (ORDER BY bin DESC) AS at_least FROM bins GROUP BY bin
), hours AS (
    SELECT DISTINCT hour FROM bins
    WHERE bin >= coalesce((SELECT max(bin) FROM counts WHERE at_least >= 10), (SELECT min(bin) FROM bins))
)
SELECT d.timestamp, request_id, endpoint, model_version, decision, preprocessing_time_ms, inference_time_ms,
    total_response_time_ms
FROM hours CROSS JOIN LATERAL (
    SELECT * FROM decisions
    WHERE timestamp >= hour AND timestamp < hour + interval '1 hour'
        AND (%(model)s::text IS NULL OR model_version = %(model)s)
    ORDER BY total_response_time_ms DESC, request_id LIMIT 10
) d
ORDER BY total_response_time_ms DESC, request_id LIMIT 10
"""
ERRORS = """
SELECT http_status_code, error_message, endpoint, count(*), max(timestamp)
FROM request_failures
WHERE timestamp >= %(start)s AND timestamp < %(end)s AND (%(model)s::text IS NULL OR model_version = %(model)s)
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Latency:
    """Response times of one endpoint in milliseconds; `quantiles` stand in the order of `QUANTILES`."""

    endpoint: str
    count: int
    mean: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SlowRequest:
    """One decision and where its time went, in milliseconds."""

    timestamp: datetime
    request_id: UUID
    endpoint: str
    model_version: str
    decision: str
    preprocessing_ms: float
    inference_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Requests of one endpoint that got no decision for one reason; `cause` is the code of the problem."""

    status: int
    cause: str
    endpoint: str
    count: int
    last_at: datetime


def read_latencies(connection: SyncConnection, scope: Scope) -> Answer[tuple[Latency, ...]]:
    """Quantiles of the response times of each endpoint."""
    rows = ask(connection, LATENCIES, scope.parameters)
    latencies = []
    for endpoint in sorted({row[0] for row in rows}):
        bins = [(number, count) for name, number, count, _ in rows if name == endpoint]
        count = sum(count for _, count in bins)
        mean = sum(total for name, _, _, total in rows if name == endpoint) / count
        quantiles = tuple(find_quantile(bins, share) for share in QUANTILES)
        latencies.append(Latency(endpoint, count, mean, quantiles))
    query = as_text(connection, LATENCIES, scope.parameters)
    return Answer(tuple(latencies), query, sum(one.count for one in latencies))


def find_quantile(bins: Sequence[tuple[int, int]], share: float) -> float:
    """The value below which `share` of the counts lie, for ascending bins that begin at `RATIO` to their number."""
    wanted = share * sum(count for _, count in bins)
    below = 0
    for number, count in bins:
        if below + count >= wanted:
            return math.pow(RATIO, number + (wanted - below) / count)
        below += count
    raise ValueError("a quantile needs at least one value")


def read_slowest(connection: SyncConnection, scope: Scope) -> Answer[tuple[SlowRequest, ...]]:
    """The ten slowest decisions, the slowest first."""
    slowest = tuple(SlowRequest(*row) for row in ask(connection, SLOWEST, scope.parameters))
    return Answer(slowest, as_text(connection, SLOWEST, scope.parameters), len(slowest))


def read_errors(connection: SyncConnection, scope: Scope) -> Answer[tuple[ErrorCount, ...]]:
    """Requests without a decision by status, cause and endpoint, the most frequent first."""
    errors = tuple(ErrorCount(*row) for row in ask(connection, ERRORS, scope.parameters))
    return Answer(errors, as_text(connection, ERRORS, scope.parameters), sum(one.count for one in errors))

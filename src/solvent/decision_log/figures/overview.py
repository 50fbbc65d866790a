"""Volume, approval, latency and errors of a window, and how the probabilities of default are distributed."""

from dataclasses import dataclass
from datetime import datetime

from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.figures.questions import Answer, Scope, as_text, ask

PROBABILITY_BIN = 0.005
"""Width of the bins of `hourly_figures` for probabilities."""

HOURS = """
SELECT hour, decision, risk_level, sum(count)::bigint, sum(total)
FROM hourly_figures
WHERE figure = 'decisions' AND hour >= %(start)s AND hour < %(end)s
    AND (%(model)s::text IS NULL OR model_version = %(model)s)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
FAILED_HOURS = """
SELECT date_trunc('hour', timestamp), count(*)
FROM request_failures
WHERE timestamp >= %(start)s AND timestamp < %(end)s AND (%(model)s::text IS NULL OR model_version = %(model)s)
GROUP BY 1 ORDER BY 1
"""
PROBABILITIES = """
SELECT decision, bin, sum(count)::bigint, sum(total)
FROM hourly_figures
WHERE figure = 'probability' AND hour >= %(start)s AND hour < %(end)s
    AND (%(model)s::text IS NULL OR model_version = %(model)s)
GROUP BY 1, 2 ORDER BY 2, 1
"""


@dataclass(frozen=True, slots=True)
class HourOfDecisions:
    """Decisions of one hour with one result in one risk band; `response_ms` is the sum of their response times."""

    hour: datetime
    decision: str
    risk_level: str
    count: int
    response_ms: float


@dataclass(frozen=True, slots=True)
class Activity:
    """What happened, hour by hour; `failures` are requests that got no decision, by hour."""

    hours: tuple[HourOfDecisions, ...]
    failures: tuple[tuple[datetime, int], ...]

    @property
    def decisions(self) -> int:
        return sum(one.count for one in self.hours)

    @property
    def failed(self) -> int:
        return sum(count for _, count in self.failures)

    @property
    def approval_rate(self) -> float | None:
        """Share of the decisions that approve; None without decisions."""
        approved = sum(one.count for one in self.hours if one.decision == "approve")
        return approved / self.decisions if self.decisions else None

    @property
    def mean_response_ms(self) -> float | None:
        """Mean over the decisions, from arrival until the hand-over to the database."""
        return sum(one.response_ms for one in self.hours) / self.decisions if self.decisions else None

    @property
    def error_rate(self) -> float | None:
        """Share of all requests that got no decision; None without requests."""
        requests = self.decisions + self.failed
        return self.failed / requests if requests else None

    def volume(self) -> list[tuple[datetime, int]]:
        """All requests by hour, in order; hours without any are left out."""
        counts = dict(self.failures)
        for one in self.hours:
            counts[one.hour] = counts.get(one.hour, 0) + one.count
        return sorted(counts.items())

    def count_by(self, column: str) -> dict[str, int]:
        """Decisions by `decision` or `risk_level`."""
        counts: dict[str, int] = {}
        for one in self.hours:
            key = str(getattr(one, column))
            counts[key] = counts.get(key, 0) + one.count
        return counts


@dataclass(frozen=True, slots=True)
class ProbabilityBin:
    """Decisions whose probability of default lies in [low, low + 0.005); `total` is the sum of the probabilities."""

    decision: str
    low: float
    count: int
    total: float


def read_activity(connection: SyncConnection, scope: Scope) -> Answer[Activity]:
    """Count decisions and failures by hour."""
    hours = [HourOfDecisions(*row) for row in ask(connection, HOURS, scope.parameters)]
    failures = [(hour, count) for hour, count in ask(connection, FAILED_HOURS, scope.parameters)]
    activity = Activity(tuple(hours), tuple(failures))
    query = f"{as_text(connection, HOURS, scope.parameters)};\n{as_text(connection, FAILED_HOURS, scope.parameters)};"
    return Answer(activity, query, activity.decisions + activity.failed)


def read_probabilities(connection: SyncConnection, scope: Scope) -> Answer[tuple[ProbabilityBin, ...]]:
    """Histogram of the probabilities of default, by decision; empty bins are left out."""
    rows = ask(connection, PROBABILITIES, scope.parameters)
    bins = tuple(
        ProbabilityBin(decision, number * PROBABILITY_BIN, count, total) for decision, number, count, total in rows
    )
    return Answer(bins, as_text(connection, PROBABILITIES, scope.parameters), sum(one.count for one in bins))

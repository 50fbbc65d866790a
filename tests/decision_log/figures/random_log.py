"""A log of drawn decisions and failures over three days, written by two writers."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from log_examples import FAILURE, MODEL, make_decision

from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.policy import Decision, RiskLevel
from solvent.domain.records import DecisionRecord, FailureRecord, Submission

START = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
END = START + timedelta(days=3)
VERSIONS = (MODEL.model_version, "2026.11.9+000001")
CAUSES = ((422, "invalid-application"), (503, "overloaded"), (429, "rate-exceeded"))


def draw_decision(number: int, dice: random.Random) -> DecisionRecord:
    probability = dice.betavariate(1, 9)
    is_refused = probability >= 0.15
    level = RiskLevel.HIGH if is_refused else dice.choice((RiskLevel.LOW, RiskLevel.MEDIUM))
    return make_decision(
        number,
        received_at=START + dice.random() * (END - START),
        model_version=dice.choice(VERSIONS),
        endpoint=dice.choice(("/predict", "/predict", "/predict-batch")),
        client_id=100_000 + number,
        loan_amount=dice.choice((None, dice.uniform(40_000, 6_000_000))),
        probability_default=probability,
        threshold=0.15,
        decision=Decision.REFUSE if is_refused else Decision.APPROVE,
        risk_level=level,
    )


def draw_failure(number: int, dice: random.Random) -> FailureRecord:
    status, cause = dice.choice(CAUSES)
    at = START + dice.random() * (END - START)
    changes: dict[str, Any] = {"http_status_code": status, "error_code": cause, "model_version": dice.choice(VERSIONS)}
    return replace(FAILURE, request_id=UUID(int=number), received_at=at, **changes)


async def _write(url: str, records: list[DecisionRecord], failures: list[FailureRecord], delay: timedelta) -> None:
    async with PostgresDecisionLog(url, clock=lambda: END + delay) as log:
        await log.record(Submission(tuple(records), b"{}", failures=tuple(failures)))


def write_random_log(url: str, seed: int, *, decisions: int = 300) -> None:
    """Draw and write a log; half of it by each writer."""
    dice = random.Random(seed)  # noqa: S311 - nothing secret
    for writer in range(2):
        numbers = range(1 + writer * decisions, 1 + (writer + 1) * decisions)
        records = [draw_decision(number, dice) for number in numbers]
        failures = [draw_failure(seed * 1000 + writer * 100 + number, dice) for number in range(20)]
        asyncio.run(_write(url, records, failures, timedelta(milliseconds=1 + writer)))

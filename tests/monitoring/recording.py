"""Puts decisions of the tiny lender into a log, as the service would have."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from log_examples import DECISION

from solvent.bundle.reference import ScoredRows
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.records import DecisionRecord, FailureRecord, Submission
from solvent.scoring.model import Model

PART = 500


def record(
    url: str, model: Model, rows: ScoredRows, *, start: datetime, span: timedelta = timedelta(days=6), **changes: Any
) -> None:
    """Record rows as decisions that arrive evenly over `span`; `changes` are fields of `DecisionRecord`."""
    records = list(_records(model, rows, start, span / len(rows), changes))

    async def write() -> None:
        async with PostgresDecisionLog(url) as log:
            await log.register_model(model.describe())
            for place in range(0, len(records), PART):
                await log.record(Submission(tuple(records[place : place + PART]), b"{}"))

    asyncio.run(write())


def record_failures(url: str, failures: list[FailureRecord]) -> None:
    async def write() -> None:
        async with PostgresDecisionLog(url) as log:
            for failure in failures:
                await log.record_failure(failure)

    asyncio.run(write())


def _records(
    model: Model, rows: ScoredRows, start: datetime, step: timedelta, changes: dict[str, Any]
) -> Iterator[DecisionRecord]:
    for place, (values, score, probability) in enumerate(
        zip(rows.values, rows.scores, rows.probabilities, strict=True)
    ):
        arrival = start + place * step
        yield replace(
            DECISION,
            request_id=uuid4(),
            received_at=arrival,
            scored_at=arrival,
            model_version=model.version,
            model_digest=model.digest,
            client_id=100_000 + place,
            score=float(score),
            probability_default=float(probability),
            features=values.astype("<f4").tobytes(),
            **{"warnings": (), **changes},
        )

"""A scenario through API, log and outcomes in the time of the world: what monitoring is proven on."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from solvent.api.app import create_app
from solvent.api.services import Services
from solvent.decision_log.registers.outcomes import import_outcomes
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id
from solvent.scoring.service import ScoringService
from solvent.world.events.scenarios import Timeline
from solvent.world.events.stream import ArrivingApplication, StreamClock, stream_applications

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

SCENARIO = Timeline(scenario="recession", from_share=0.5)


async def test_decisions_are_dated_as_the_stream_and_outcomes_mature_behind_them(
    model: Model, database_url: str, rows: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    clock = StreamClock()
    async with PostgresDecisionLog(database_url, clock=clock) as log:
        service = ScoringService(model, log, clock=clock, new_id=new_request_id, api_version="1.0")
        await service.start()
        app = create_app(Services(service, clock, new_request_id, 1_000_000, 1_000_000))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://solvent.test") as client:
            sent = [
                await _send(client, application)
                for application in clock.follow(stream_applications(120, 5, SCENARIO, with_history=False))
            ]
    assert rows("SELECT client_id, timestamp FROM decision_payloads ORDER BY timestamp, client_id") == [
        (application.client_id, application.applied_at) for application in sent
    ]
    outcomes = [outcome for application in sent for outcome in application.outcomes]
    half_way = datetime(2025, 6, 30, tzinfo=UTC)
    early = import_outcomes(database_url, outcomes, as_of=half_way)
    assert early.added == sum(outcome.observed_at <= half_way for outcome in outcomes) > 30
    late = import_outcomes(database_url, outcomes, as_of=datetime(2027, 1, 1, tzinfo=UTC))
    assert (late.added, late.repeated, late.unknown, late.before_decision) == (
        len(outcomes) - early.added, early.added, 0, 0,
    )  # fmt: skip
    matured = "SELECT client_id FROM current_outcomes JOIN decision_payloads USING (request_id, timestamp) "
    assert {client for (client,) in rows(f"{matured} WHERE kind = 'matured' AND defaulted")} == {
        application.client_id for application in sent if application.outcomes[-1].defaulted
    }


async def _send(client: httpx.AsyncClient, application: ArrivingApplication) -> ArrivingApplication:
    answer = await client.post("/predict", json=application.body)
    assert answer.status_code == 200, answer.text
    return application

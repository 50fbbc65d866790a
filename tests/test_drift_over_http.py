"""A shift through API and log to the verdict of the monitors: what was sent is what they see."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pytest

from solvent.api.app import create_app
from solvent.api.services import Services
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.measurements import Window
from solvent.monitoring.input_watch import InputReport, WatchRequest, watch_inputs
from solvent.monitoring.watched_model import watch_model
from solvent.monitoring_bootstrap import observe_log
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id
from solvent.scoring.service import ScoringService
from tiny_model import SAFE, draw_rows

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CONTRACTS = ("Cash loans", "Revolving loans")


def applications(count: int, *, outage: bool) -> list[dict[str, Any]]:
    """Applications of the tiny lender; in an outage nobody has an external score, and annuities come in thousands."""
    values, _ = draw_rows(count, seed=9)
    bodies = []
    for place, (income, burden, external, contract, debt, _) in enumerate(values.astype(float).tolist()):
        body = {**SAFE, "SK_ID_CURR": 100_001 + place, "AMT_INCOME_TOTAL": income, "AMT_CREDIT": income * burden}
        body |= {"NAME_CONTRACT_TYPE": CONTRACTS[int(contract)], "EXT_SOURCE_2": None if outage else external}
        body |= {"AMT_ANNUITY": 24.7 if outage else 24_700.5}
        if not np.isnan(debt):
            body["bureau"] = [{"SK_ID_BUREAU": 1, "AMT_CREDIT_SUM_DEBT": debt, "AMT_CREDIT_SUM": income * burden}]
        bodies.append(body)
    return bodies


@pytest.mark.parametrize("outage", [False, True])
async def test_what_is_sent_over_http_is_what_the_monitors_judge(model: Model, database_url: str, outage: bool) -> None:
    async with PostgresDecisionLog(database_url, clock=lambda: NOW) as log:
        service = ScoringService(model, log, clock=lambda: NOW, new_id=new_request_id, api_version="1.0")
        await service.start()
        app = create_app(Services(service, lambda: NOW, new_request_id, 1_000_000, 4_000_000))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://solvent.test") as client:
            bodies = applications(600, outage=outage)
            for start in range(0, 600, 100):
                await send(client, bodies[start : start + 100])
    found = watch(model, database_url)
    drifted = {one.feature for one in found.drift.drifted}
    assert found.quality is not None
    if outage:
        assert "external" in drifted
        assert found.drift.has_input_drift
        assert found.quality.missing_more == ("EXT_SOURCE_2",)
        assert found.quality.out_of_range == ("AMT_ANNUITY",)
    else:
        assert "external" not in drifted
        assert (found.quality.missing_more, found.quality.out_of_range, found.quality.unseen) == ((), (), ())


async def send(client: httpx.AsyncClient, bodies: list[dict[str, Any]]) -> None:
    """Send a batch, and again while the service says that it could not record it in time: this machine may be busy."""
    for _ in range(20):
        answer = await client.post("/predict-batch", json={"clients": bodies})
        if answer.status_code != 503:
            break
    assert answer.status_code == 200, answer.text


def watch(model: Model, database_url: str) -> InputReport:
    with observe_log(database_url) as (log, _):
        window = Window(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
        return watch_inputs(log, watch_model(model.bundle), WatchRequest(window))

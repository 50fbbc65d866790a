"""The application on the log in memory and the tiny model, called in process."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from troubled_log import TroubledLog

from solvent.api.app import create_app
from solvent.api.services import Services
from solvent.bootstrap import build_service, load_model, utc_now
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id


@pytest.fixture(scope="session")
def model(tiny_bundle: Path) -> Model:
    return load_model(tiny_bundle)


@pytest.fixture
def log() -> TroubledLog:
    return TroubledLog()


@pytest.fixture
async def api(model: Model, log: TroubledLog, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, whose limits are 8 kB for one body and 16 kB for a batch."""
    service = build_service(model, log)
    await service.start()
    app = create_app(Services(service, utc_now, new_request_id, max_body_bytes=8_000, max_batch_body_bytes=16_000))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://solvent.test") as client:
        yield client

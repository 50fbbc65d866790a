import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from edge_examples import KEYS, bearer, make_authenticator, make_client, make_services
from solvent.api.callers.admission import Admission
from solvent.api.callers.rates import SharedRates, make_rates_file
from solvent.api.entrance.gatekeeper import Gatekeeper, name_of_host
from solvent.api.entrance.observation import Observer
from solvent.api.services import RECORDED_REFUSALS_PER_SECOND, RateLimits, Services
from solvent.scoring.model import Model
from tiny_model import SAFE
from troubled_log import TroubledLog

pytestmark = pytest.mark.anyio


def _limits(folder: Path, *, per_key: int = 0, per_address: int = 0) -> RateLimits:
    make_rates_file(folder / "rates", workers=1)
    rates = SharedRates(folder / "rates", worker=0, workers=1, time=lambda: 1000.25)
    return RateLimits(rates, per_key, per_address)


async def _post_all(client: httpx.AsyncClient, count: int, **more: Any) -> list[httpx.Response]:
    return await asyncio.gather(*(client.post("/predict", json=SAFE, **more) for _ in range(count)))


async def test_a_key_beyond_its_rate_is_told_when_to_come_back(model: Model, log: TroubledLog, tmp_path: Path) -> None:
    services = make_services(model, log, authenticator=await make_authenticator(), rates=_limits(tmp_path, per_key=3))
    async with make_client(services) as client:
        answers = [await client.post("/predict", json=SAFE, headers=bearer(KEYS["score"])) for _ in range(4)]
        other = await client.get("/model-info", headers=bearer(KEYS["read"]))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.json()["code"] == "rate-exceeded"
    assert {name: refused.headers[name] for name in refused.headers if "rate" in name or "retry" in name} == {
        "retry-after": "1",
        "retry-after-ms": "751",
        "ratelimit-limit": "3",
        "ratelimit-remaining": "0",
        "ratelimit-reset": "1",
    }
    assert other.status_code == 200
    assert [failure.error_code for failure in log.failures] == ["rate-exceeded"]


async def test_an_address_beyond_its_rate_is_refused(model: Model, log: TroubledLog, tmp_path: Path) -> None:
    async with make_client(make_services(model, log, rates=_limits(tmp_path, per_address=2))) as client:
        answers = [await client.get(path) for path in ("/", "/nowhere", "/")]
    assert [answer.status_code for answer in answers] == [200, 404, 429]


async def test_health_is_told_whatever_the_rate_of_the_address(model: Model, log: TroubledLog, tmp_path: Path) -> None:
    async with make_client(make_services(model, log, rates=_limits(tmp_path, per_address=1))) as client:
        answers = [await client.get(path) for path in ("/", "/", "/health/live", "/health/ready", "/health/live")]
    assert [answer.status_code for answer in answers] == [200, 429, 200, 200, 200]


async def test_a_full_service_refuses_at_once_and_answers_what_it_let_in(model: Model, log: TroubledLog) -> None:
    services = make_services(model, log, admission=Admission(max_at_work=1, max_in_queue=2, queue_seconds=5.0))
    await services.admission.enter(1)
    async with make_client(services) as client:
        waiting = asyncio.gather(*(client.post("/predict", json=SAFE) for _ in range(2)))
        while services.admission.waiting < 2:
            await asyncio.sleep(0)
        started = time.perf_counter()
        refused = await client.post("/predict", json=SAFE)
        health = await client.get("/health/live")
        assert time.perf_counter() - started < 0.5
        services.admission.leave(1)
        answers = await waiting
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert (refused.headers["retry-after"], refused.headers["retry-after-ms"]) == ("1", "250")
    assert [answer.status_code for answer in (*answers, health)] == [200, 200, 200]
    assert (services.admission.at_work, services.admission.waiting, services.admission.bodies_bytes) == (0, 0, 0)


async def test_a_refused_request_gives_back_what_it_took(model: Model, log: TroubledLog) -> None:
    services = make_services(model, log)
    async with make_client(services) as client:
        for body in (b"{", b"{}", b" " * 9_000):
            await client.post("/predict", content=body, headers={"content-type": "application/json"})
        await client.post("/predict-batch", content=b"")
    assert (services.admission.at_work, services.admission.bodies_bytes) == (0, 0)


async def test_a_flood_of_refusals_is_recorded_in_part_and_counted_whole(model: Model, log: TroubledLog) -> None:
    services = make_services(model, log)
    services.admission.closed_by = "memory"
    async with make_client(services) as client:
        started = int(time.monotonic())
        answers = await _post_all(client, 3 * RECORDED_REFUSALS_PER_SECOND)
        seconds = int(time.monotonic()) - started + 1
        ready = await client.get("/health/ready")
    assert {answer.status_code for answer in answers} == {503}
    assert len(log.failures) <= RECORDED_REFUSALS_PER_SECOND * seconds
    counts = services.metrics.counts
    assert counts["refusals", "overloaded"] == 3 * RECORDED_REFUSALS_PER_SECOND
    assert counts[("unrecorded_failures",)] == 3 * RECORDED_REFUSALS_PER_SECOND - len(log.failures)
    assert ready.json()["problems"] == ["memory"]


def _stack(services: Services, *, body_seconds: float) -> Observer:
    async def read_all(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return Observer(Gatekeeper(read_all, services, body_seconds=body_seconds), services)


async def test_a_slow_body_is_refused(model: Model, log: TroubledLog) -> None:
    services = make_services(model, log)
    sent: list[Any] = []

    async def drip() -> Any:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": [(b"content-length", b"100")]}
    await _stack(services, body_seconds=0.1)(scope, drip, send)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert (services.admission.at_work, services.admission.bodies_bytes) == (0, 0)
    assert [failure.error_code for failure in log.failures] == ["request-too-slow"]


async def test_a_body_is_charged_as_it_comes_and_places_are_free_while_the_answer_is_sent(
    model: Model, log: TroubledLog
) -> None:
    services = make_services(model, log)
    charged: list[int] = []
    working: list[int] = []

    async def drip() -> Any:
        charged.append(services.admission.bodies_bytes)
        return {"type": "http.request", "body": b" " * 40, "more_body": len(charged) < 3}

    async def send(message: Any) -> None:
        working.append(services.admission.at_work)

    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": [(b"content-length", b"4000000")]}
    await _stack(services, body_seconds=1.0)(scope, drip, send)
    assert charged == [0, 40, 80]
    assert working == [0, 0]
    assert (services.admission.at_work, services.admission.bodies_bytes) == (0, 0)


@pytest.mark.parametrize(
    ("host", "name"),
    [(b"LocalHost:8000", "localhost"), (b"127.0.0.1", "127.0.0.1"), (b"[::1]:8000", "[::1]"), (b"[::1]", "[::1]"),
     (b"", ""), (b"a:b", "a:b")],
)  # fmt: skip
def test_a_host_is_compared_without_its_port(host: bytes, name: str) -> None:
    assert name_of_host(host) == name


async def test_only_the_named_hosts_are_served(model: Model, log: TroubledLog) -> None:
    async with make_client(make_services(model, log, allowed_hosts=frozenset({"solvent.test"}))) as client:
        served = await client.get("/")
        refused = await client.get("/", headers={"Host": "evil.test"})
    assert (served.status_code, refused.status_code, refused.json()["code"]) == (200, 421, "wrong-host")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://solvent.test:8000", 409),
        ("http://evil.test", 421),
        ("null", 421),
        ("http://solvent.test.evil.test", 421),
    ],
)
async def test_where_no_key_is_needed_no_page_of_others_can_make_a_browser_call(
    model: Model, log: TroubledLog, origin: str, status: int
) -> None:
    async with make_client(make_services(model, log, allowed_hosts=frozenset({"solvent.test"}))) as client:
        assert (await client.post("/admin/rollback", headers={"Origin": origin})).status_code == status


async def test_while_it_drains_it_answers_and_lets_connections_end(model: Model, log: TroubledLog) -> None:
    services = make_services(model, log)
    async with make_client(services) as client:
        services.draining.is_on = True
        ready, decided = await client.get("/health/ready"), await client.post("/predict", json=SAFE)
    assert (ready.status_code, ready.json()["problems"]) == (503, ["draining"])
    assert (decided.status_code, decided.headers["connection"]) == (200, "close")


async def test_no_log_event_holds_a_key(model: Model, log: TroubledLog) -> None:
    services = make_services(model, log, authenticator=await make_authenticator())
    with capture_logs() as events:
        async with make_client(services) as client:
            for key in (KEYS["score"], KEYS["expired"]):
                await client.post("/predict", json=SAFE, headers=bearer(key))
    assert len(events) == 2
    assert not [key for key in KEYS.values() if key in str(events)]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"transfer-encoding": "chunked", "content-length": "5"}, 400, "invalid-http"),
        ({"x-long": "a" * 16_400}, 431, "headers-too-large"),
    ],
)
async def test_a_message_that_a_proxy_may_read_otherwise_is_refused_and_ends_the_connection(
    model: Model, log: TroubledLog, headers: dict[str, str], status: int, code: str
) -> None:
    async with make_client(make_services(model, log)) as client:
        answer = await client.post("/predict", content=b"{}", headers={"content-type": "application/json", **headers})
    assert (answer.status_code, answer.json()["code"], answer.headers["connection"]) == (status, code, "close")

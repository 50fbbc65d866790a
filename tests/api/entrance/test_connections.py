import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from edge_examples import KEYS, make_authenticator, make_services
from served_api import BODY, Served, plain_message, serving
from solvent.api.callers.admission import Admission
from solvent.api.callers.rates import SharedRates, make_rates_file
from solvent.api.entrance.connections import FETCH_SECONDS, HEADER_SECONDS, close_slow_connections
from solvent.api.entrance.doorman import Doorman
from solvent.api.entrance.plain_messages import read_plainly
from solvent.api.processes.worker import BACKLOG, _configure
from solvent.api.services import RateLimits, SecondlyShare
from solvent.scoring.model import Model
from troubled_log import TroubledLog

pytestmark = pytest.mark.anyio


@pytest.fixture
async def served(model: Model, log: TroubledLog, anyio_backend: str) -> AsyncIterator[Served]:
    async with serving(make_services(model, log)) as served:
        yield served


@pytest.fixture
async def flooded(model: Model, log: TroubledLog, anyio_backend: str) -> AsyncIterator[Served]:
    """A full service that has recorded its share of refusals."""
    services = make_services(model, log, recorded_refusals=SecondlyShare(0))
    services.admission.closed_by = "memory"
    async with serving(services) as served:
        yield served


async def test_a_refusal_without_a_look_is_the_answer_that_a_look_would_give(flooded: Served, log: TroubledLog) -> None:
    caller = await flooded.call()
    quick: list[Any] = []
    slow: list[Any] = []
    for answers, headers in ((quick, ()), (slow, ("expect-nothing: 1", "upgrade: none"))):
        await caller.send(plain_message(BODY, *headers))
        status, given, body = await caller.read()
        document = json.loads(body)
        assert given.pop("x-request-id") == document["request_id"]
        assert UUID(document.pop("request_id")).version == 7
        given.pop("date", None)
        given.pop("content-length")
        answers += [status, given, document]
    assert flooded.doorman.report() == 1
    assert quick == slow
    assert (quick[0], quick[2]["code"]) == (503, "overloaded")
    assert log.failures == []


async def test_the_connection_goes_on_after_refusals_without_a_look(flooded: Served) -> None:
    caller = await flooded.call()
    long = b" " * 200_000
    assert await caller.ask(plain_message(), b"") == 503
    assert await caller.ask(plain_message(BODY + long)) == 503
    assert await caller.ask(plain_message(path="/predict-batch")[:-20], plain_message()[-20:]) == 503
    flooded.services.admission.closed_by = None
    assert await caller.ask(plain_message()) == 200
    flooded.services.admission.closed_by = "memory"
    assert await caller.ask(plain_message()) == 503
    assert flooded.doorman.report() == 4
    counts = flooded.services.metrics.counts
    assert counts["requests", "/predict", "503"] == 3
    assert (counts["refusals", "overloaded"], counts[("unrecorded_failures",)]) == (4, 4)


async def test_of_requests_that_come_at_one_instant_only_those_with_a_place_are_looked_at(
    model: Model, log: TroubledLog
) -> None:
    services = make_services(
        model, log, recorded_refusals=SecondlyShare(0), admission=Admission(max_at_work=2, max_in_queue=1)
    )
    async with serving(services) as served:
        callers = [await served.call() for _ in range(10)]
        for caller in callers:
            caller.writer.write(plain_message())
        statuses = sorted([(await caller.read())[0] for caller in callers])
        assert statuses == [200] * 3 + [503] * 7
        assert served.doorman.report() == 7


async def test_refused_ids_are_all_different(flooded: Served) -> None:
    ids = {flooded.doorman._next_id() for _ in range(10_000)}
    assert len(ids) == 10_000
    assert {UUID(one.decode()).version for one in ids} == {7}


async def test_a_key_beyond_its_rate_is_refused_without_a_look_and_others_are_not(
    model: Model, log: TroubledLog, tmp_path: Path
) -> None:
    make_rates_file(tmp_path / "rates", workers=1)
    rates = SharedRates(tmp_path / "rates", worker=0, workers=1, time=lambda: 1000.0)
    services = make_services(
        model,
        log,
        recorded_refusals=SecondlyShare(0),
        authenticator=await make_authenticator(),
        rates=RateLimits(rates, per_key=2, per_address=0),
    )
    async with serving(services) as served:
        caller = await served.call()
        greedy = plain_message(BODY, f"authorization: Bearer {KEYS['score']}")
        statuses, told = [], []
        for _ in range(5):
            await caller.send(greedy)
            status, headers, _ = await caller.read()
            statuses.append(status)
            told.append({name for name in headers if name.startswith(("ratelimit", "retry"))})
        assert statuses == [200, 200, 429, 429, 429]
        names = {"retry-after", "retry-after-ms", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}
        assert told == [set(), set(), names, names, names]
        polite = plain_message(BODY, f"authorization: Bearer {KEYS['read']}")
        assert await caller.ask(polite) == 403
        assert served.doorman.report() == 2


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (plain_message(b"12"), len(plain_message(b"12"))),
        (plain_message(b"12").replace(b"content-length: 2", b"Content-Length:2"), len(plain_message(b"12")) - 1),
        (plain_message(b"12", "connection: keep-alive"), len(plain_message(b"12", "connection: keep-alive"))),
        (plain_message(b"12", "connection: close"), None),
        (plain_message(b"12", "transfer-encoding: chunked"), None),
        (plain_message(b"12", "content-length: 2"), None),
        (plain_message(b"12", "expect: 100-continue"), None),
        (plain_message(b"12", path="/predict?x"), None),
        (plain_message(b"12", path="/predict/"), None),
        (plain_message(b"12").replace(b"length: 2", b"length: +2"), None),
        (plain_message(b"12").replace(b"length: 2", b"length: 999999999"), None),
        (plain_message(b"12").replace(b"HTTP/1.1", b"HTTP/1.0"), None),
        (plain_message(b"12").replace(b"POST", b"post"), None),
        (plain_message(b"12")[:30], None),
        (b"", None),
    ],
)
def test_only_plain_messages_are_read_without_the_parser(data: bytes, size: int | None) -> None:
    message = read_plainly(data)
    assert (message.size if message else None) == size


def test_the_id_of_a_key_is_read_and_nothing_else_of_it() -> None:
    message = read_plainly(plain_message(b"", f"Authorization: Bearer {KEYS['admin']}"))
    assert message is not None
    assert (message.route, message.key_id) == ("/predict", f"{2:012x}")


async def test_headers_beyond_the_limit_are_refused(served: Served) -> None:
    caller = await served.call()
    await caller.send(b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x: " + b"y" * 20_000)
    status, headers, body = await caller.read()
    assert (status, json.loads(body)["code"], headers["connection"]) == (431, "headers-too-large", "close")
    assert await caller.is_closed()


@pytest.mark.parametrize(
    "data",
    [b"nonsense\r\n\r\n", b"GET / HTTP/x\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00",
     b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
     b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n"],
)  # fmt: skip
async def test_what_is_no_http_gets_a_problem_and_no_connection(served: Served, data: bytes) -> None:
    caller = await served.call()
    await caller.send(data + b"\r\n\r\n")
    status, _, body = await caller.read()
    assert (status, json.loads(body)["code"]) == (400, "invalid-http")
    assert await caller.is_closed()


async def test_a_broken_body_ends_the_connection_and_the_request(served: Served, log: TroubledLog) -> None:
    caller = await served.call()
    head = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    await caller.send(head + b"2\r\n{}\r\n", b"no size\r\n")
    assert (await caller.read())[0] == 400
    assert await caller.is_closed()
    await asyncio.sleep(0.02)
    assert [failure.error_code for failure in log.failures] == ["body-incomplete"]
    assert (served.services.admission.at_work, served.services.admission.bodies_bytes) == (0, 0)


async def test_connections_beyond_the_limit_are_refused(model: Model, log: TroubledLog) -> None:
    async with serving(make_services(model, log), max_connections=2) as served:
        first, second = await served.call(), await served.call()
        assert [await caller.ask(plain_message()) for caller in (first, second)] == [200, 200]
        third = await served.call()
        status, headers, body = await third.read()
        assert (status, json.loads(body)["code"], headers["retry-after-ms"]) == (503, "overloaded", "250")
        assert await third.is_closed()
        assert await first.ask(plain_message()) == 200


async def test_a_connection_that_never_asked_makes_room(model: Model, log: TroubledLog) -> None:
    async with serving(make_services(model, log), max_connections=1) as served:
        idle = await served.call()
        await asyncio.sleep(0.02)
        busy = await served.call()
        assert await idle.is_closed()
        assert await busy.ask(plain_message()) == 200


async def _sweep(served: Served, *, seconds: float) -> None:
    await asyncio.sleep(0.02)
    close_slow_connections(served.server.server_state.connections, asyncio.get_running_loop().time() + seconds)


async def test_slow_headers_are_cut(served: Served) -> None:
    first, again = await served.call(), await served.call()
    await first.send(b"POST /pre")
    assert await again.ask(plain_message(), b"POST /pre") == 200
    await _sweep(served, seconds=HEADER_SECONDS - 1)
    await first.send(b"dict HTTP/1.1\r\n")
    await _sweep(served, seconds=HEADER_SECONDS + 1)
    assert (await first.read())[0] == 408
    assert await first.is_closed()
    assert await again.is_closed()


async def test_a_connection_that_sends_nothing_is_closed(served: Served) -> None:
    silent, answered = await served.call(), await served.call()
    assert await answered.ask(plain_message()) == 200
    await _sweep(served, seconds=HEADER_SECONDS + 1)
    assert await silent.is_closed()
    assert await answered.ask(plain_message()) == 200


async def _send_without_reading(served: Served, message: bytes) -> socket.socket:
    """Send messages over a connection with small buffers until the server has stopped to read."""
    caller = socket.socket()
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    caller.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(caller, ("127.0.0.1", served.port))
    with suppress(TimeoutError):
        while True:
            await asyncio.wait_for(loop.sock_sendall(caller, message), 0.3)
    return caller


@pytest.mark.slow
@pytest.mark.parametrize("headers", [(), ("expect-nothing: 1", "upgrade: none")])
async def test_a_caller_who_does_not_read_is_cut_and_holds_no_place(
    model: Model, log: TroubledLog, headers: tuple[str, ...]
) -> None:
    services = make_services(model, log, admission=Admission(max_at_work=1, max_in_queue=0))
    async with serving(services) as served:
        with await _send_without_reading(served, plain_message(b"[" + b" " * 7_000, *headers)):
            assert services.admission.at_work == 0
            assert await (await served.call()).ask(plain_message()) == 200
            await _sweep(served, seconds=FETCH_SECONDS - 1)
            assert len(served.server.server_state.connections) == 2
            await _sweep(served, seconds=FETCH_SECONDS + 1)
            await asyncio.sleep(0.02)
            assert len(served.server.server_state.connections) == 1


async def test_a_connection_that_was_only_turned_away_ends_when_it_is_silent(flooded: Served) -> None:
    caller = await flooded.call()
    assert await caller.ask(plain_message()) == 503
    connection: Any = next(iter(flooded.server.server_state.connections))
    assert connection.timeout_keep_alive_task is not None
    connection.timeout_keep_alive = 0
    connection.timeout_keep_alive_handler()
    assert await caller.is_closed()


async def test_two_requests_at_once_are_answered_in_order(flooded: Served) -> None:
    flooded.services.admission.closed_by = None
    caller = await flooded.call()
    await caller.send(plain_message() + plain_message(b"{}"))
    assert [(await caller.read())[0], (await caller.read())[0]] == [200, 422]


def test_the_listener_holds_a_bounded_backlog(model: Model, log: TroubledLog) -> None:
    services = make_services(model, log)
    assert _configure(services, Doorman(services, 1)).backlog == BACKLOG == 1024

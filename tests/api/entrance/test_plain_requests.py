"""Requests for decisions that go past the general parser: read as it reads them, answered as it would answer."""

import asyncio
import json
from collections.abc import AsyncIterator

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_examples import make_services
from served_api import BODY, Caller, Served, plain_message, serving
from solvent.api.entrance.connections import HEADER_SECONDS, close_slow_connections
from solvent.api.entrance.exchange import Exchange
from solvent.api.entrance.plain_messages import read_plainly
from solvent.scoring.model import Model
from troubled_log import TroubledLog

HELLO = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
LINES = st.sampled_from(
    [b"host: a", b"Host:a", b"content-length: 2", b"Content-Length:  02\t", b"content-length: 2, 2", b"content-length:",
     b"connection: keep-alive", b"connection: keep-alive, close", b"Connection: close", b"transfer-encoding: chunked",
     b"expect: 100-continue", b"upgrade: x", b"x: \ty z\t ", b"x:", b"x : 1", b" folded", b"x: \x80", b"x: a\rb",
     b"x: a\nb", b"x\x00: 1", b"x: \x00", b": 1", b"no colon", b"content-length : 2", b"content-length: \x0b2"]
)  # fmt: skip


@given(
    st.sampled_from([b"POST /predict HTTP/1.1", b"POST /predict-batch HTTP/1.1", b"POST  /predict HTTP/1.1"]),
    st.lists(LINES, max_size=5),
)
def test_what_is_read_plainly_is_read_by_the_parser_in_the_same_way(first: bytes, lines: list[bytes]) -> None:
    data = b"\r\n".join([first, b"host: b", *lines, b"content-length: 2", b"", b"{}"])
    message = read_plainly(data)
    if message is None:
        return
    parser = h11.Connection(h11.SERVER)
    parser.receive_data(data)
    request, body, end = parser.next_event(), parser.next_event(), parser.next_event()
    assert isinstance(request, h11.Request)
    assert isinstance(body, h11.Data)
    assert isinstance(end, h11.EndOfMessage)
    assert message.headers() == [(name.lower(), value) for name, value in request.headers]
    assert (message.route.encode(), message.size) == (request.target, len(data))
    assert (data[message.head_size :], parser.trailing_data[0]) == (body.data, b"")
    assert parser.their_state is h11.DONE


@pytest.fixture
async def served(model: Model, log: TroubledLog, anyio_backend: str) -> AsyncIterator[Served]:
    async with serving(make_services(model, log)) as served:
        yield served


async def _is_plain(served: Served) -> bool:
    await asyncio.sleep(0.01)
    return [isinstance(one.latest, Exchange) for one in served.server.server_state.connections] == [True]  # type: ignore[union-attr]


@pytest.mark.anyio
@pytest.mark.parametrize("body", [BODY, b"{}", b"not json"])
async def test_both_ways_give_the_same_answer(served: Served, body: bytes) -> None:
    caller = await served.call()
    answers = []
    for headers, is_plain in ((), True), (("upgrade: none",), False):
        await caller.send(plain_message(body, *headers))
        status, given_headers, document = await caller.read()
        assert await _is_plain(served) is is_plain
        assert given_headers.pop("x-request-id") == json.loads(document)["request_id"]
        answers.append((status, given_headers, json.loads(document) | {"request_id": "", "timestamp": ""}))
    assert answers[0] == answers[1]


@pytest.mark.anyio
async def test_a_body_may_come_in_pieces(served: Served) -> None:
    caller = await served.call()
    message = plain_message()
    assert await caller.ask(message[:-20], message[-20:-1], message[-1:]) == 200
    assert await _is_plain(served)


@pytest.mark.anyio
async def test_the_ways_take_turns_on_one_connection(served: Served) -> None:
    caller = await served.call()
    assert [await caller.ask(data) for data in (HELLO, plain_message(), HELLO, plain_message())] == [200] * 4
    message = plain_message()
    await caller.send(message[:-1], message[-1:] + HELLO + message + HELLO)
    assert [(await caller.read())[0] for _ in range(4)] == [200] * 4


@pytest.mark.anyio
async def test_the_rest_of_a_refused_body_is_passed_over(model: Model, log: TroubledLog) -> None:
    services = make_services(model, log)
    async with serving(services) as served:
        caller = await served.call()
        large = plain_message(b" " * (services.max_body_bytes + 1))
        assert await caller.ask(large[:200]) == 413
        assert await caller.ask(large[200:] + plain_message()) == 200


@pytest.mark.anyio
async def test_a_rest_that_does_not_come_ends_the_connection(model: Model, log: TroubledLog) -> None:
    services = make_services(model, log)
    async with serving(services) as served:
        caller = await served.call()
        assert await caller.ask(plain_message(b" " * (services.max_body_bytes + 1))[:200]) == 413
        now = asyncio.get_running_loop().time()
        close_slow_connections(served.server.server_state.connections, now + HEADER_SECONDS - 1)
        await caller.send(b" ")
        close_slow_connections(served.server.server_state.connections, now + HEADER_SECONDS + 1)
        assert await caller.is_closed()


@pytest.mark.anyio
async def test_a_caller_who_leaves_within_the_body_frees_its_place(served: Served, log: TroubledLog) -> None:
    caller = await served.call()
    await caller.send(plain_message()[:-1])
    assert served.services.admission.bodies_bytes > 0
    caller.writer.close()
    await asyncio.sleep(0.05)
    assert [failure.error_code for failure in log.failures] == ["body-incomplete"]
    assert (served.services.admission.at_work, served.services.admission.bodies_bytes) == (0, 0)


@pytest.mark.anyio
async def test_a_draining_service_answers_and_closes(served: Served) -> None:
    caller = await served.call()
    served.services.draining.is_on = True
    await caller.send(plain_message())
    status, headers, _ = await caller.read()
    assert (status, headers["connection"]) == (200, "close")
    assert await caller.is_closed()


@pytest.mark.anyio
async def test_a_silent_connection_ends_after_its_last_answer_and_not_before(served: Served) -> None:
    served.server.config.timeout_keep_alive = 1
    caller = await served.call()
    loop = asyncio.get_running_loop()
    assert await caller.ask(plain_message()) == 200
    await asyncio.sleep(0.6)
    answered = loop.time()
    assert await caller.ask(plain_message()) == 200
    assert await caller.is_closed()
    assert 0.9 < loop.time() - answered < 2.0


@pytest.mark.anyio
async def test_a_signal_lets_what_is_under_way_be_answered(served: Served) -> None:
    caller: Caller = await served.call()
    message = plain_message()
    await caller.send(message[:-1])
    served.server.should_exit = True
    await asyncio.sleep(0.2)
    assert await caller.ask(message[-1:]) == 200
    assert await caller.is_closed()

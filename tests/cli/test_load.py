"""The load generator against a small server of known behaviour."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from solvent.cli.load import Latencies, LoadError, send_at_rate, send_in_turn

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def serving(answer: Callable[[int], tuple[int, float]]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server whose n-th answer has a status and takes so many seconds; gives its port and the bodies it got."""
    bodies: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            while (line := await reader.readline()) != b"\r\n":
                head = line if line.lower().startswith(b"content-length") else head
            bodies.append(await reader.readexactly(int(head.partition(b":")[2])))
            status, seconds = answer(len(bodies))
            await asyncio.sleep(seconds)
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n{}" % status)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], bodies
    finally:
        server.close()
        await asyncio.sleep(0.01)


async def test_sends_the_bodies_in_turn_over_every_connection() -> None:
    async with serving(lambda _: (200, 0.0)) as (port, bodies):
        latencies = await send_in_turn(port, [b"one", b"two"], connections=3, requests=7)
    assert sorted(bodies) == [b"one"] * 4 + [b"two"] * 3
    assert len(latencies.milliseconds) == 7


async def test_at_a_rate_a_stalled_server_shows_in_the_latency_of_those_that_were_due_meanwhile() -> None:
    def stall_all(_number: int) -> tuple[int, float]:
        return 200, max(0.0, started + 0.3 - time.perf_counter())

    async with serving(stall_all) as (port, _):
        started = time.perf_counter()
        latencies = await send_at_rate(port, [b"body"], per_second=100.0, requests=20)
    ranked = sorted(latencies.milliseconds, reverse=True)
    assert ranked[0] > 250.0
    assert ranked[10] > 150.0


@pytest.mark.parametrize("status", [503, 422])
async def test_another_answer_than_a_decision_is_an_error(status: int) -> None:
    async with serving(lambda number: (200 if number < 3 else status, 0.0)) as (port, _):
        with pytest.raises(LoadError, match=f"a request was answered with {status}"):
            await send_in_turn(port, [b"body"], connections=1, requests=5)


def test_quantiles_and_rate_of_known_latencies() -> None:
    latencies = Latencies(tuple(float(value) for value in range(100, 0, -1)), 4.0)
    assert (latencies.quantile(0.5), latencies.quantile(0.99), latencies.rate) == (51.0, 100.0, 25.0)

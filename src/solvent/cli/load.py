"""Puts load on a server of this machine: as many requests as it answers, or so many per second."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from solvent.errors import SolventError

MAX_CONNECTIONS = 64
"""Requests under way at once; what is due beyond them waits, and its latency counts."""


class LoadError(SolventError):
    """A request got another answer than the decision that it asked for."""


class ConnectionLostError(LoadError):
    """The server went away; nobody knows what became of the request."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """Latencies of answered requests in milliseconds, and the time that all of them took in seconds."""

    milliseconds: tuple[float, ...]
    seconds: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.milliseconds) / self.seconds

    def quantile(self, share: float) -> float:
        """The latency that this share of the requests did not exceed (nearest rank)."""
        ranked = sorted(self.milliseconds)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


class HttpConnection(asyncio.Protocol):
    """One HTTP/1.1 connection that is kept open, for one request at a time.

    Made for this: an asyncio protocol without a general client's work, so that the cores stay with the servers.
    """

    def __init__(self) -> None:
        self._received = b""
        self._expected = -1
        self._is_last = False
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int) -> "HttpConnection":
        """Connect; raises OSError if nobody listens."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    @property
    def is_open(self) -> bool:
        """Whether another request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def post(self, path: str, body: bytes, *, key: str | None = None) -> tuple[int, bytes]:
        """Send a body of JSON and return status and body of the answer; raises ConnectionLostError."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionLostError("the server closed a connection")
        self._answer = asyncio.get_running_loop().create_future()
        extra = f"idempotency-key: {key}\r\n" if key else ""
        head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{extra}"
        self._transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        return await self._answer

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio calls it
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionLostError("the server closed a connection"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._expected < 0:
            head, separator, _ = self._received.lower().partition(b"\r\n\r\n")
            if not separator:
                return
            length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self._expected = len(head) + 4 + int(length)
            self._is_last = b"\r\nconnection: close" in head
        if len(self._received) >= self._expected and self._answer is not None and not self._answer.done():
            body = self._received[: self._expected].partition(b"\r\n\r\n")[2]
            status = int(self._received[9:12])
            self._received, self._expected = self._received[self._expected :], -1
            self._answer.set_result((status, body))
            if self._is_last:
                self.close()


async def send_in_turn(
    port: int, bodies: Sequence[bytes], *, connections: int, requests: int, path: str = "/predict"
) -> Latencies:
    """Send over so many connections, each waiting for its answer before it sends the next.

    Raises:
        LoadError: an answer was not 200, or did not come.
    """
    milliseconds: list[float] = []
    numbers = iter(range(requests))

    async def call() -> None:
        connection = await HttpConnection.open(port)
        try:
            for number in numbers:
                taken = await _time(connection, path, bodies[number % len(bodies)], time.perf_counter())
                milliseconds.append(taken)
        finally:
            connection.close()

    started = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(connections)))
    return Latencies(tuple(milliseconds), time.perf_counter() - started)


async def send_at_rate(port: int, bodies: Sequence[bytes], *, per_second: float, requests: int) -> Latencies:
    """Send to /predict at even intervals, whether or not the earlier answers are there.

    A latency counts from the moment at which the request was due, so that a server that falls behind cannot hide it.

    Raises:
        LoadError: an answer was not 200, or did not come.
    """
    idle: list[HttpConnection] = []
    milliseconds: list[float] = []
    places = asyncio.Semaphore(MAX_CONNECTIONS)

    async def call(number: int, due: float) -> None:
        async with places:
            connection = idle.pop() if idle else await HttpConnection.open(port)
            milliseconds.append(await _time(connection, "/predict", bodies[number % len(bodies)], due))
            idle.append(connection)

    started = time.perf_counter()
    calls = []
    for number in range(requests):
        due = started + number / per_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        calls.append(asyncio.create_task(call(number, due)))
    await asyncio.gather(*calls)
    seconds = time.perf_counter() - started
    for connection in idle:
        connection.close()
    return Latencies(tuple(milliseconds), seconds)


async def _time(connection: HttpConnection, path: str, body: bytes, began: float) -> float:
    status, _ = await connection.post(path, body)
    if status != 200:
        raise LoadError(f"a request was answered with {status}")
    return (time.perf_counter() - began) * 1000.0

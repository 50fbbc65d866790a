"""Sends requests at a given rate, whether or not earlier ones are answered, as the world does."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

TICK_SECONDS = 0.001
"""Pause of the generator: what has become due in it is sent at once."""
PATIENCE_SECONDS = 10.0
"""An answer that has not come this long after the last request never comes."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer.

    `due`: second of the run in which its request was due. `seconds`: since then. `says_when`: it has Retry-After.
    """

    due: float
    seconds: float
    status: int
    says_when: bool


@dataclass
class Run:
    """What became of one run: answers, requests that found no free connection, requests whose connection ended."""

    rate: float
    seconds: float
    answers: list[Answered] = field(default_factory=list)
    unsent: int = 0
    lost: int = 0
    lags: list[float] = field(default_factory=list)

    @property
    def statuses(self) -> Counter[int]:
        """Answers by status."""
        return Counter(answer.status for answer in self.answers)

    @property
    def accepted(self) -> list[Answered]:
        """The decisions."""
        return [answer for answer in self.answers if answer.status == 200]

    @property
    def refused(self) -> list[Answered]:
        """Everything else."""
        return [answer for answer in self.answers if answer.status != 200]

    @property
    def goodput(self) -> float:
        """Decisions per second."""
        return len(self.accepted) / self.seconds

    @property
    def success(self) -> float:
        """Share of the requests that were due which got a decision."""
        return len(self.accepted) / max(1, len(self.answers) + self.unsent + self.lost)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed (nearest rank); infinite if there is none."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else float("inf")


def make_message(body: bytes, *, key: str | None = None) -> bytes:
    """Write a request for a decision; `key` is an API key."""
    lines = [b"POST /predict HTTP/1.1", b"host: localhost", b"content-type: application/json"]
    lines += [b"authorization: Bearer " + key.encode()] if key else []
    return b"\r\n".join([*lines, b"content-length: %d" % len(body), b"", body])


class _Told(Protocol):
    """Takes the status of an answer, 0 for a lost connection, and whether it has Retry-After."""

    def __call__(self, status: int, *, says_when: bool) -> None: ...


class _Connection(asyncio.Protocol):
    """A connection that is kept open, for one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._received = b""
        self._told: _Told | None = None

    def send(self, message: bytes, told: _Told) -> None:
        self._told = told
        if self.transport is None or self.transport.is_closing():
            self._tell(0, says_when=False)
        else:
            self.transport.write(message)

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        return self.transport is not None and not self.transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio calls it
        self._tell(0, says_when=False)

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._received[:end].lower()
        size = end + 4 + int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(self._received) >= size:
            status = int(head[9:12])
            self._received = self._received[size:]
            self._tell(status, says_when=b"\r\nretry-after: " in head)

    def _tell(self, status: int, *, says_when: bool) -> None:
        told, self._told = self._told, None
        if told is not None:
            told(status, says_when=says_when)


class OpenLoop:
    """A crowd of callers on one port; it opens connections as it needs them, up to a number."""

    def __init__(self, port: int, messages: Sequence[bytes], *, most_connections: int = 600) -> None:
        self._port = port
        self._messages = messages
        self._most = most_connections
        self._opened = 0
        self._idle: deque[_Connection] = deque()

    async def run(self, rate: float, seconds: float) -> Run:
        """Send `rate` requests per second for so many seconds, and wait for the answers."""
        run = Run(rate, seconds)
        started = time.perf_counter()
        count = int(rate * seconds)
        number = 0
        while number < count:
            now = time.perf_counter() - started
            while number < min(count, now * rate):
                due = number / rate
                run.lags.append(time.perf_counter() - started - due)
                self._send(run, started, due, self._messages[number % len(self._messages)])
                number += 1
            await asyncio.sleep(TICK_SECONDS)
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while len(run.answers) + run.unsent + run.lost < count and time.perf_counter() < deadline:
            await asyncio.sleep(TICK_SECONDS)
        run.lost = count - len(run.answers) - run.unsent
        return run

    def close(self) -> None:
        """Close the connections."""
        for connection in self._idle:
            if connection.transport is not None:
                connection.transport.close()

    def _send(self, run: Run, started: float, due: float, message: bytes) -> None:
        def told(connection: _Connection, status: int, *, says_when: bool) -> None:
            if status:
                run.answers.append(Answered(due, time.perf_counter() - started - due, status, says_when))
                self._idle.append(connection)
            else:
                self._opened -= 1

        connection = self._take()
        if connection is not None:
            connection.send(message, partial(told, connection))
        elif self._opened >= self._most:
            run.unsent += 1
        else:
            self._opened += 1
            opening = asyncio.create_task(self._open())
            opening.add_done_callback(partial(self._send_first, message, told))

    def _take(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
            self._opened -= 1
        return None

    async def _open(self) -> _Connection:
        _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", self._port)
        return connection

    def _send_first(self, message: bytes, told: Callable[..., None], opening: asyncio.Task[_Connection]) -> None:
        if opening.exception() is not None:
            self._opened -= 1
        else:
            connection = opening.result()
            connection.send(message, partial(told, connection))

"""Connections: how many, how slow, and a cheap refusal for what cannot be taken anyway."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast
from uuid import UUID

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from solvent.api.admission import RETRY_MS
from solvent.api.problems import REFUSALS, Problem, render_problem, retry_headers
from solvent.api.refusals import Refusal
from solvent.api.services import Services

HEADER_SECONDS = 10.0
"""From the opening of a connection, or the first byte of a next request, to the end of the headers; the rest of a body
that was answered before its end has as long. A connection that was answered and is silent ends after uvicorn's 5 s."""
MAX_HEADER_BYTES = 16 * 1024

_LINES = {b"POST /predict HTTP/1.1": "/predict", b"POST /predict-batch HTTP/1.1": "/predict-batch"}
_LENGTH = b"\r\ncontent-length:"
_CONNECTION = b"\r\nconnection:"
_ELSEWHERE = (b"\r\ntransfer-encoding:", b"\r\nexpect:", b"\r\nupgrade:")
_KEY = b"\r\nauthorization: bearer slv_"
_KEY_ID_CHARACTERS = 12
_MAX_LENGTH_DIGITS = 8
_PLACE = UUID(int=0)
_PLACE_BYTES = str(_PLACE).encode()
MAX_ANSWERS = 1000
"""Refusals that are kept written: one for each time until there is room again."""


@dataclass(frozen=True, slots=True)
class Message:
    """The head of a plain request for decisions: `size` counts its bytes with the body."""

    route: str
    size: int
    key_id: str | None


def read_plainly(data: bytes) -> Message | None:
    """Read the head of a message without its parser; None if it is not plain, so that the parser must look at it."""
    end = data.find(b"\r\n\r\n")
    route = _LINES.get(data[: data.find(b"\r\n")])
    if end < 0 or route is None:
        return None
    head = data[:end].lower()
    if head.count(_LENGTH) != 1 or any(name in head for name in _ELSEWHERE):
        return None
    if head.count(_CONNECTION) != head.count(_CONNECTION + b" keep-alive"):
        return None
    length = head.partition(_LENGTH)[2].partition(b"\r\n")[0].strip()
    if not length.isdigit() or len(length) > _MAX_LENGTH_DIGITS:
        return None
    given = head.partition(_KEY)[2][:_KEY_ID_CHARACTERS]
    return Message(route, end + 4 + int(length), given.decode("latin-1") or None)


class Doorman:
    """Knows for all connections of a worker whether a request may be refused without a closer look."""

    def __init__(self, services: Services, max_connections: int) -> None:
        self.services = services
        self.max_connections = max_connections
        self._refused: Counter[tuple[Refusal, str]] = Counter()
        self._answers: dict[tuple[Refusal, int], list[bytes]] = {}
        self._prefix = b""
        self._number = 0

    def refuse(self, data: bytes, address: str | None) -> tuple[bytes, int] | None:
        """Return an answer and the size of the message that it refuses; None lets the message go its way.

        Only where this second has its share of refusals that were looked at, and recorded.
        """
        services = self.services
        limits = services.rates
        is_full = services.admission.is_full
        is_over = limits is not None and bool(limits.over)
        if not (is_full or is_over) or not services.recorded_refusals.is_spent:
            return None
        message = read_plainly(data)
        if message is None or len(data) > message.size:
            return None
        if limits is not None and is_over:
            left = max(limits.milliseconds_left("address", address), limits.milliseconds_left("key", message.key_id))
            if left:
                return self._answer(Refusal.RATE_EXCEEDED, message.route, left), message.size
        return (self._answer(Refusal.OVERLOADED, message.route, RETRY_MS), message.size) if is_full else None

    def report(self) -> int:
        """Count what was refused since the last call in the metrics, and return how much it was."""
        refused, self._refused = self._refused, Counter()
        counts = self.services.metrics.counts
        for (refusal, route), count in refused.items():
            counts["requests", route, str(REFUSALS[refusal].status)] += count
            counts["refusals", refusal.value] += count
            counts[("unrecorded_failures",)] += count
        return refused.total()

    def _answer(self, refusal: Refusal, route: str, milliseconds: int) -> bytes:
        self._refused[refusal, route] += 1
        parts = self._answers.get((refusal, milliseconds))
        if parts is None:
            if len(self._answers) > MAX_ANSWERS:
                self._answers.clear()
            parts = write_answer(REFUSALS[refusal], retry_headers(milliseconds)).split(_PLACE_BYTES)
            self._answers[refusal, milliseconds] = parts
        return self._next_id().join(parts)

    def _next_id(self) -> bytes:
        """Make an id for 0.3 microseconds: from time to time a real one, whose end counts up in between."""
        if self._number % 4096 == 0:
            fresh = str(self.services.new_id())
            self._prefix, self._number = fresh[:24].encode(), int(fresh[24:], 16) & ~0xFFF
        self._number += 1
        return self._prefix + b"%012x" % self._number


def write_answer(problem: Problem, headers: dict[str, str]) -> bytes:
    """Write a whole HTTP message with a place for the request id."""
    response = render_problem(problem, _PLACE, headers=headers)
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"]
    lines += [f"{name.decode()}: {value.decode()}" for name, value in response.raw_headers]
    lines += [f"x-request-id: {_PLACE}", "x-content-type-options: nosniff", "cache-control: no-store"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + bytes(response.body)


class GuardedProtocol(H11Protocol):
    """One connection; `make_protocol` gives it its doorman."""

    doorman: Doorman

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._unread = 0
        self._is_refused = False
        self._unfinished_since: float | None = self.loop.time()
        if len(self.connections) >= self.doorman.max_connections and not _make_room(self.connections):
            self._is_refused = True
            transport.write(self._closing(Refusal.OVERLOADED))
            transport.close()
            return
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._is_refused:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        if self._unread:
            rest = len(data) - self._unread
            self._unread = max(0, -rest)
            if rest <= 0:
                return
            data = data[-rest:]
        if self.is_between_messages():
            refusal = self.doorman.refuse(data, self.client[0] if self.client else None)
            if refusal is not None:
                answer, size = refusal
                self._unread = size - len(data)
                self.transport.write(answer)
                return
        super().data_received(data)
        if self.is_answering or self.is_between_messages():
            self._unfinished_since = None
        elif self._unfinished_since is None:
            self._unfinished_since = self.loop.time()

    def is_between_messages(self) -> bool:
        """Whether everything that came was answered, and nothing of a next message has come."""
        latest = self.latest
        if latest is not None and not latest.response_complete:
            return False
        return self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

    @property
    def latest(self) -> RequestResponseCycle | None:
        """The request that was read last, if there was one."""
        return self.cycle

    @property
    def is_answering(self) -> bool:
        """Whether a request waits for its answer."""
        latest = self.latest
        return latest is not None and not latest.response_complete

    def close_if_slow(self, now: float) -> None:
        """End the connection if a message, or the first one, does not come."""
        if self._unfinished_since is None or now - self._unfinished_since <= HEADER_SECONDS:
            return
        if self.latest is None and self.conn.trailing_data[0]:
            self.transport.write(self._closing(Refusal.REQUEST_TOO_SLOW))
        self.transport.close()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text is not ours
        error = sys.exc_info()[1]
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else HTTPStatus.BAD_REQUEST
        is_large = hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        cycle = self.latest
        if cycle is None or cycle.response_complete or not cycle.response_started:
            self.transport.write(self._closing(Refusal.HEADERS_TOO_LARGE if is_large else Refusal.INVALID_HTTP))
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()

    def _closing(self, refusal: Refusal) -> bytes:
        """An answer after which the connection ends; it has no route."""
        services = self.doorman.services
        problem = REFUSALS[refusal]
        services.metrics.count("requests", "other", str(problem.status))
        services.metrics.count("refusals", problem.code)
        retry = retry_headers(RETRY_MS) if problem.is_passing else {}
        answer = write_answer(problem, {**retry, "Connection": "close"})
        return answer.replace(_PLACE_BYTES, str(services.new_id()).encode())


def make_protocol(doorman: Doorman) -> type[GuardedProtocol]:
    """Return the protocol class of one worker's connections."""
    return type("WorkerProtocol", (GuardedProtocol,), {"doorman": doorman})


def close_slow_connections(connections: Iterable[object], now: float) -> None:
    """End the connections whose message does not come; `now` in the time of the event loop."""
    for connection in list(cast("Iterable[GuardedProtocol]", connections)):
        connection.close_if_slow(now)


def _make_room(connections: Iterable[object]) -> bool:
    """Close a connection that never sent a request, if there is one."""
    for connection in cast("Iterable[GuardedProtocol]", connections):
        if connection.latest is None and not connection.transport.is_closing():
            connection.transport.close()
            return True
    return False

"""Connections: how many, how slow, and the short way of plain requests for decisions."""

import asyncio
import sys
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from solvent.api.entrance.doorman import Doorman
from solvent.api.entrance.exchange import Exchange, make_scope
from solvent.api.entrance.plain_messages import Message, read_plainly
from solvent.api.refusals import Refusal

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

HEADER_SECONDS = 10.0
"""From the opening of a connection, or the first byte of a next request, to the end of the headers; the rest of a body
that was answered before its end has as long. A connection that was answered and is silent ends after uvicorn's 5 s."""
FETCH_SECONDS = 10.0
"""A caller who does not read has so long, from when the kernel and our buffer are full or the connection is closed to
the end of what was to be sent; then the connection is cut."""
MAX_HEADER_BYTES = 16 * 1024


class GuardedProtocol(H11Protocol):
    """One connection; `make_protocol` gives it its doorman, and the application for plain requests for decisions.

    Those are read and answered here; all others go through uvicorn and its parser, which starts anew for each message.
    """

    doorman: Doorman
    decisions: "ASGI3Application"

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._unread = 0
        self._early = b""
        self._answered_at = 0.0
        self._is_refused = False
        self._has_parsed = False
        self._unsent_since: float | None = None
        self._unfinished_since: float | None = self.loop.time()
        if len(self.connections) >= self.doorman.max_connections and not _make_room(self.connections):
            self._is_refused = True
            transport.write(self.doorman.close_with(Refusal.OVERLOADED))
            transport.close()
            return
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._is_refused:
            super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unsent_since = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unsent_since = None

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        if self._unread:
            skipped = min(self._unread, len(data))
            self._unread -= skipped
            data = data[skipped:]
        if data:
            self._read(data)
        if self.is_answering or (not self._unread and self.is_between_messages()):
            self._unfinished_since = None
        elif self._unfinished_since is None:
            self._unfinished_since = self.loop.time()

    def _read(self, data: bytes) -> None:
        latest = self.latest
        if isinstance(latest, Exchange) and not latest.response_complete:
            self._early += latest.feed(data)
            if self._early:
                self.flow.pause_reading()
            return
        message = read_plainly(data) if self.is_between_messages() else None
        if message is None:
            self._parse(data)
        elif not self._is_turned_away(message, data):
            self._begin(message, data)

    def _parse(self, data: bytes) -> None:
        self._has_parsed = True
        super().data_received(data)

    def _is_turned_away(self, message: Message, data: bytes) -> bool:
        """Refuse a message without a closer look, if that is due."""
        if len(data) > message.size or self.flow.write_paused:
            return False
        answer = self.doorman.refuse(message, self.client[0] if self.client else None)
        if answer is None:
            return False
        self._unread = message.size - len(data)
        self.transport.write(answer)
        self._expect_next()
        return True

    def _begin(self, message: Message, data: bytes) -> None:
        """Start the work on a plain message, of which the head is there."""
        if message.size - message.head_size > self.doorman.services.max_batch_body_bytes:
            self._parse(data)
            return
        exchange = Exchange(
            message,
            make_scope(message, self.server, self.client),
            transport=self.transport,
            flow=self.flow,
            default_headers=self.server_state.default_headers,
            on_response=self._end,
        )
        self.cycle = exchange
        self._early = exchange.feed(data[message.head_size :])
        if self._early:
            self.flow.pause_reading()
        admission = self.doorman.services.admission
        if not exchange.missing:
            admission.announce()
        task = self.loop.create_task(exchange.run_asgi(self.decisions))
        if not exchange.missing:
            self.loop.call_soon(admission.forget)  # behind the first step of the task, which asks for a place
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _end(self, missing: int) -> None:
        """Go on after the answer to a plain message, of whose body so many bytes are still to come."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self._expect_next()
        if missing:
            self._unread, self._unfinished_since = missing, self._answered_at
        self.flow.resume_reading()
        early, self._early = self._early, b""
        if early:
            self.data_received(early)

    def _expect_next(self) -> None:
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._wait_for_next(self.timeout_keep_alive)

    def _wait_for_next(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if it was silent since its last answer: one timer serves many messages."""
        self.timeout_keep_alive_task = None
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if self.is_answering or self._unread:
            self._wait_for_next(self.timeout_keep_alive)
        elif left > 0:
            self._wait_for_next(left)
        else:
            super().timeout_keep_alive_handler()

    def is_between_messages(self) -> bool:
        """Whether everything that came was answered, and nothing of a next message has come."""
        if self.is_answering:
            return False
        return not self._has_parsed or (self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0])

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
        """End the connection if a message, or the first one, does not come; cut it if an answer is not fetched."""
        if self._unsent_since is None and self.transport.is_closing():
            self._unsent_since = now
        if self._unsent_since is not None and now - self._unsent_since > FETCH_SECONDS:
            self.transport.abort()
            return
        if self._unfinished_since is None or now - self._unfinished_since <= HEADER_SECONDS:
            return
        if self.latest is None and self.conn.trailing_data[0]:
            self.transport.write(self.doorman.close_with(Refusal.REQUEST_TOO_SLOW))
        self.transport.close()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text is not ours
        error = sys.exc_info()[1]
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else HTTPStatus.BAD_REQUEST
        is_large = hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        cycle = self.latest
        if cycle is None or cycle.response_complete or not cycle.response_started:
            self.transport.write(
                self.doorman.close_with(Refusal.HEADERS_TOO_LARGE if is_large else Refusal.INVALID_HTTP)
            )
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()


def make_protocol(doorman: Doorman, decisions: "ASGI3Application") -> type[GuardedProtocol]:
    """Return the protocol class of one worker's connections."""
    return type("WorkerProtocol", (GuardedProtocol,), {"doorman": doorman, "decisions": staticmethod(decisions)})


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

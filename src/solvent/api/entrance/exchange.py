"""One plain request and its answer on a connection: the body as it comes, the answer in one write."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from uvicorn.protocols.http.flow_control import CLOSE_HEADER, FlowControl
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, RequestResponseCycle

from solvent.api.entrance.plain_messages import Message

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent, HTTPScope

_START_LINES = {status: b"HTTP/1.1 %d %b\r\n" % (status, phrase) for status, phrase in STATUS_PHRASES.items()}


def make_scope(message: Message, server: tuple[str, int | None] | None, client: tuple[str, int] | None) -> "HTTPScope":
    """Describe a plain message as ASGI does."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": server,
        "client": client,
        "scheme": "http",
        "method": "POST",
        "root_path": "",
        "path": message.route,
        "raw_path": message.route.encode(),
        "query_string": b"",
        "headers": message.headers(),
        "state": {},
        "extensions": {},
    }


class Exchange(RequestResponseCycle):
    """What uvicorn's server knows as a cycle, for a message that its parser has not seen.

    It takes at most the body that the head announces; what comes behind belongs to the connection.
    """

    logger = logging.getLogger("uvicorn.error")

    def __init__(  # the fields that the class above and the server look at
        self,
        message: Message,
        scope: "HTTPScope",
        *,
        transport: asyncio.Transport,
        flow: FlowControl,
        default_headers: list[tuple[bytes, bytes]],
        on_response: Callable[[int], None],
    ) -> None:
        self.scope = scope
        self.transport = transport
        self.flow = flow
        self.default_headers = default_headers
        self.on_response = on_response
        self.message_event = asyncio.Event()
        self.disconnected = False
        self.keep_alive = True
        self.body = bytearray()
        self.more_body = True
        self.response_started = False
        self.response_complete = False
        self.missing = message.size - message.head_size
        self._answer: list[bytes] = []
        self._closes = False

    def feed(self, data: bytes) -> bytes:
        """Take what belongs to the body, and return the rest."""
        taken = data[: self.missing]
        self.missing -= len(taken)
        self.body += taken
        if taken:
            self.message_event.set()
        return data[len(taken) :]

    async def receive(self) -> "ASGIReceiveEvent":
        """Return what has come of the body; after all of it, or if the caller leaves before, the end of the call."""
        has_more = self.body or (self.more_body and not self.missing)
        if not has_more and not self.disconnected and not self.response_complete:
            self.message_event.clear()
            await self.message_event.wait()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        self.more_body = self.missing > 0
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: "ASGISendEvent") -> None:
        """Keep head and body of the answer until it is whole."""
        if message["type"] == "http.response.start":
            headers = [*self.default_headers, *message["headers"]]
            self.response_started = True
            self._closes = CLOSE_HEADER in headers
            lines = [b"%b: %b\r\n" % header for header in headers]
            self._answer = [_START_LINES[message["status"]], *lines, b"\r\n"]
        elif message["type"] == "http.response.body":
            self._answer.append(message["body"])
            if not message.get("more_body", False):
                await self._finish()

    async def _finish(self) -> None:
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        self.response_complete = True
        self.transport.write(b"".join(self._answer))
        self.message_event.set()
        if self._closes or not self.keep_alive:
            self.transport.close()
        self.on_response(self.missing)

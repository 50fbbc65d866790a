"""Lets a request in, or refuses it before its body is read: host, rates, key, scope, place at work."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from solvent.api.callers.access import HEALTH, SCOPES
from solvent.api.callers.admission import BATCH_PLACES
from solvent.api.callers.rates import Standing, rate_headers
from solvent.api.entrance.connections import MAX_HEADER_BYTES
from solvent.api.entrance.observation import Observation, observation_in
from solvent.api.refusals import Refusal, RequestRefusedError
from solvent.api.services import Services

BODY_SECONDS = 10.0
"""A body must have come by then, counted from the end of its headers."""

_CLOSE = {"Connection": "close"}


@dataclass(slots=True)
class _Visit:
    """A request with a body that was let in; `places` are those that it holds at work."""

    caller: str | None
    deadline: float
    wanted: int
    body_bytes: int = 0
    places: int = 0
    is_whole: bool = False


class Gatekeeper:
    """ASGI middleware; what it refuses it raises, for the observer outside to answer."""

    def __init__(self, app: ASGIApp, services: Services, *, body_seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._services = services
        self._body_seconds = body_seconds
        self._admitted = {
            "/predict": 1,
            "/predict-batch": BATCH_PLACES,
            "/outcomes": BATCH_PLACES,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        observation = observation_in(scope)
        headers = _Headers(scope["headers"])
        _check_message(headers)
        self._check_host(headers)
        if observation.route not in HEALTH:
            self._check_rate_of_address(scope)
        if observation.route is None:
            raise HTTPException(404)
        self._check_key(headers.authorization, observation)
        admitted = self._admitted.get(scope["path"]) if scope["method"] == "POST" else None
        if admitted is None:
            await self._app(scope, receive, send)
        else:
            visit = self._arrive(observation, admitted)
            await self._host(visit, scope, receive, send)

    def _check_host(self, headers: "_Headers") -> None:
        """Refuse names that are not ours; without keys also pages of others, for which a browser would call."""
        allowed = self._services.allowed_hosts
        if allowed is None:
            return
        is_foreign = headers.origin is not None and name_of_host(headers.origin.partition(b"://")[2]) not in allowed
        if name_of_host(headers.host) not in allowed or (is_foreign and self._services.authenticator is None):
            raise RequestRefusedError(Refusal.WRONG_HOST)

    def _check_rate_of_address(self, scope: Scope) -> None:
        limits = self._services.rates
        if limits is not None and limits.per_address and scope.get("client"):
            _refuse_beyond(limits.take("address", scope["client"][0], limits.per_address))

    def _check_key(self, authorization: bytes | None, observation: Observation) -> None:
        services = self._services
        needed = SCOPES.get(observation.route) if observation.route else None
        if services.authenticator is None or needed is None:
            return
        key = services.authenticator.identify(authorization)
        observation.caller = key.key_id
        if services.rates is not None and services.rates.per_key:
            _refuse_beyond(services.rates.take("key", key.key_id, services.rates.per_key))
        if needed not in key.scopes:
            raise RequestRefusedError(Refusal.SCOPE_MISSING)

    def _arrive(self, observation: Observation, places: int) -> _Visit:
        caller = observation.caller if self._services.authenticator is not None else None
        self._services.admission.arrive(caller)
        return _Visit(caller, asyncio.get_running_loop().time() + self._body_seconds, places)

    async def _host(self, visit: _Visit, scope: Scope, receive: Receive, send: Send) -> None:
        admission = self._services.admission

        async def receive_and_enter() -> Message:
            if visit.is_whole:
                return await receive()
            message = await _receive_in_time(receive, visit.deadline)
            if message["type"] == "http.request":
                size = len(message.get("body", b""))
                admission.charge(visit.caller, size)
                visit.body_bytes += size
                visit.is_whole = not message.get("more_body", False)
                if visit.is_whole:
                    await admission.enter(visit.wanted, visit.caller)
                    visit.places = visit.wanted
            return message

        async def leave_and_send(message: Message) -> None:
            leave()
            await send(message)

        def leave() -> None:
            """Give the places to others: what is left is to send, and that waits for the caller."""
            places, visit.places = visit.places, 0
            if places:
                admission.leave(places, visit.caller)

        try:
            await self._app(scope, receive_and_enter, leave_and_send)
        finally:
            leave()
            admission.depart(visit.caller, visit.body_bytes)


class _Headers:
    """The headers that decide; of one that comes twice, the last."""

    __slots__ = ("authorization", "content_length", "host", "is_chunked", "origin", "size")

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.authorization: bytes | None = None
        self.content_length: bytes | None = None
        self.host = b""
        self.origin: bytes | None = None
        self.is_chunked = False
        self.size = 0
        for name, value in headers:
            self.size += len(name) + len(value)
            if name == b"host":
                self.host = value
            elif name == b"content-length":
                self.content_length = value
            elif name == b"authorization":
                self.authorization = value
            elif name == b"origin":
                self.origin = value
            elif name == b"transfer-encoding":
                self.is_chunked = True


def _check_message(headers: _Headers) -> None:
    """Refuse what the reader of messages lets pass: headers that came whole in one piece, and two lengths of a body.

    A proxy in front that goes by the other length would take the rest of the body for a request (RFC 9112, 6.3).
    """
    if headers.size > MAX_HEADER_BYTES:
        raise RequestRefusedError(Refusal.HEADERS_TOO_LARGE, headers=_CLOSE)
    if headers.is_chunked and headers.content_length is not None:
        raise RequestRefusedError(Refusal.INVALID_HTTP, headers=_CLOSE)


def name_of_host(host: bytes) -> str:
    """Return a Host header without its port, in lower case."""
    text = host.decode("latin-1").lower()
    name, separator, port = text.rpartition(":")
    return name if separator and port.isdigit() else text


def _refuse_beyond(standing: Standing | None) -> None:
    if standing is not None:
        raise RequestRefusedError(
            Refusal.RATE_EXCEEDED,
            headers=rate_headers(standing),
        )


async def _receive_in_time(receive: Receive, deadline: float) -> Message:
    try:
        async with asyncio.timeout_at(deadline):
            return await receive()
    except TimeoutError:
        raise RequestRefusedError(Refusal.REQUEST_TOO_SLOW, headers=_CLOSE) from None

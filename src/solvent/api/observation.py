"""Watches every request from arrival to the end of its answer: identity, log event, record of failures."""

import time
import traceback
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from solvent.api.problems import INTERNAL_ERROR, Problem, render_problem
from solvent.api.services import Services
from solvent.domain.records import Claim
from solvent.scoring.service import RequestContext

SCORING_PATHS = frozenset({"/predict", "/predict-batch"})
_KNOWN_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_STATE_KEY = "observation"

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Observation:
    """What is known of the request under way; `problem` is set if it is refused or fails."""

    request_id: UUID
    received_at: datetime
    received_ns: int
    status: int | None = None
    problem: Problem | None = None

    def context(self, endpoint: str, claim: Claim | None = None) -> RequestContext:
        """The same for the scoring service."""
        return RequestContext(self.request_id, self.received_at, self.received_ns, endpoint, claim)


def observation_of(request: Request) -> Observation:
    """Return the observation of a request."""
    observation: Observation = request.scope["state"][_STATE_KEY]
    return observation


class Observer:
    """ASGI middleware around the whole application; nothing that goes wrong inside gets past it."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        services = self._services
        observation = Observation(services.new_id(), services.clock(), time.perf_counter_ns())
        scope["state"] = {**scope.get("state", {}), _STATE_KEY: observation}
        header = (b"x-request-id", str(observation.request_id).encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                observation.status = message["status"]
                message["headers"] = [*message["headers"], header]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:  # noqa: BLE001 - the outermost edge: its text stays out of the answer and of the log
            report_failure(error, observation)
            if observation.status is None:
                await render_problem(INTERNAL_ERROR, observation.request_id)(scope, receive, send_with_id)
        _log_answer(scope, observation)
        await self._record_failure(scope, observation)

    async def _record_failure(self, scope: Scope, observation: Observation) -> None:
        """Keep that a POST for a decision got none; the answer is out already."""
        problem = observation.problem
        if problem is None or scope["method"] != "POST" or scope["path"] not in SCORING_PATHS:
            return
        context = observation.context(scope["path"])
        try:
            await self._services.service.record_failure(context, status=problem.status, code=problem.code)
        except Exception as error:  # noqa: BLE001 - best effort
            log.warning("failure_not_recorded", error=type(error).__name__, request_id=str(observation.request_id))


def report_failure(error: Exception, observation: Observation) -> None:
    """Log an error that nobody expected: its kind and its place, never its text, which may quote an applicant."""
    observation.problem = INTERNAL_ERROR
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-3:]]
    log.error("request_failed", error=type(error).__name__, where=places, request_id=str(observation.request_id))


def _log_answer(scope: Scope, observation: Observation) -> None:
    route = scope.get("route")
    log.info(
        "request_answered",
        method=scope["method"] if scope["method"] in _KNOWN_METHODS else "other",
        route=None if route is None else route.path,
        status=observation.status,
        milliseconds=round((time.perf_counter_ns() - observation.received_ns) / 1e6, 3),
        request_id=str(observation.request_id),
    )

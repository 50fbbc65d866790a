"""Watches every request from arrival to the end of its answer: identity, log event, metrics, record of failures."""

import time
import traceback
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from solvent.api.callers.access import route_of
from solvent.api.problems import INTERNAL_ERROR, REFUSALS, Problem, find_problem, render_error
from solvent.api.refusals import Refusal
from solvent.api.services import Services
from solvent.domain.records import Claim
from solvent.scoring.service import RequestContext

SCORING_PATHS = frozenset({"/predict", "/predict-batch"})
_KNOWN_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_STATE_KEY = "observation"
LOCAL_CALLER = "local"
"""Who calls where no API key is asked for."""
REFUSED_AT_THE_DOOR = frozenset(
    {
        Refusal.WRONG_HOST,
        Refusal.NOT_AUTHENTICATED,
        Refusal.SCOPE_MISSING,
        Refusal.KEYS_UNAVAILABLE,
        Refusal.RATE_EXCEEDED,
        Refusal.OVERLOADED,
    }
)

_SAFE_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
_CLOSE = (b"connection", b"close")

_AT_THE_DOOR = frozenset(REFUSALS[refusal] for refusal in REFUSED_AT_THE_DOOR)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Observation:
    """What is known of the request under way; `problem` is set if it is refused or fails, `route` if it is declared."""

    request_id: UUID
    received_at: datetime
    received_ns: int
    route: str | None = None
    caller: str = LOCAL_CALLER
    status: int | None = None
    problem: Problem | None = None

    def context(self, endpoint: str, claim: Claim | None = None) -> RequestContext:
        """The same for the scoring service."""
        return RequestContext(self.request_id, self.received_at, self.received_ns, endpoint, claim, self.caller)


def observation_of(request: Request) -> Observation:
    """Return the observation of a request."""
    return observation_in(request.scope)


def observation_in(scope: Scope) -> Observation:
    """Return the observation of the request with this scope."""
    observation: Observation = scope["state"][_STATE_KEY]
    return observation


class Observer:
    """ASGI middleware around the whole application; nothing that goes wrong inside gets past it."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services
        self._log = log.bind()  # bound once: binding for each event costs a third of it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        services = self._services
        observation = Observation(
            services.new_id(), services.clock(), time.perf_counter_ns(), route=route_of(scope["path"])
        )
        scope["state"] = {**scope.get("state", {}), _STATE_KEY: observation}
        header = (b"x-request-id", str(observation.request_id).encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                observation.status = message["status"]
                message["headers"] = [*message["headers"], header, *_SAFE_HEADERS]
                if services.draining.is_on:
                    message["headers"].append(_CLOSE)
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:  # noqa: BLE001 - the outermost edge: its text stays out of the answer and of the log
            await self._answer_error(error, observation)(scope, receive, send_with_id)
        self._count(observation)
        self._log_answer(scope, observation)
        await self._record_failure(scope, observation)

    def _answer_error(self, error: Exception, observation: Observation) -> ASGIApp:
        """Choose the answer to what was raised; nothing, where one has begun."""
        observation.problem = find_problem(error)
        if observation.problem is INTERNAL_ERROR:
            report_failure(error, observation)
        if observation.status is not None:
            return _send_nothing
        return render_error(error, observation.problem, observation.request_id)

    def _count(self, observation: Observation) -> None:
        metrics = self._services.metrics
        seconds = (time.perf_counter_ns() - observation.received_ns) / 1e9
        metrics.count_answer(observation.route or "other", observation.status or 0, seconds)
        if observation.problem is not None:
            metrics.count("refusals", observation.problem.code)

    def _log_answer(self, scope: Scope, observation: Observation) -> None:
        self._log.info(
            "request_answered",
            method=scope["method"] if scope["method"] in _KNOWN_METHODS else "other",
            route=observation.route,
            status=observation.status,
            milliseconds=round((time.perf_counter_ns() - observation.received_ns) / 1e6, 3),
            request_id=str(observation.request_id),
        )

    async def _record_failure(self, scope: Scope, observation: Observation) -> None:
        """Keep that a POST for a decision got none; the answer is out already."""
        problem = observation.problem
        if problem is None or scope["method"] != "POST" or scope["path"] not in SCORING_PATHS:
            return
        if problem in _AT_THE_DOOR and not self._services.recorded_refusals.take():
            self._services.metrics.count("unrecorded_failures")
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


async def _send_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """The rest of an answer that broke off: there is none."""

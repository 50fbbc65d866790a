"""The route that takes what happened later to the clients."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from solvent.api.entrance.observation import Observation, observation_of
from solvent.api.routes.answers import OutcomesAnswer
from solvent.api.routes.documentation import OUTCOMES_BODY, describe_problems
from solvent.api.routes.incoming import read_document
from solvent.api.routes.outcome_schema import MAX_OUTCOMES
from solvent.api.services import Services
from solvent.decision_log.registers.outcomes import ImportSummary
from solvent.domain.outcome_rows import OPTIONAL, REQUIRED, SUBJECTS, OutcomeRowError, read_outcome
from solvent.domain.outcomes import ReportedOutcome
from solvent.errors import InvalidOutcomesError, LogUnavailableError

MAX_PROBLEMS = 50
_KNOWN = frozenset({*REQUIRED, *OPTIONAL, *SUBJECTS})


def outcome_router(services: Services) -> APIRouter:
    """Make `/outcomes`."""
    router = APIRouter(tags=["outcomes"])

    async def report_outcomes(request: Request) -> Response:
        observation = observation_of(request)
        document, _ = await read_document(request, max_bytes=services.max_batch_body_bytes, caller=observation.caller)
        outcomes = _read_outcomes(document, observation)
        if services.keep_outcomes is None:
            raise LogUnavailableError("outcomes cannot be kept here")
        summary = await asyncio.to_thread(services.keep_outcomes, outcomes, observation.received_at)
        return Response(orjson.dumps(_answer(summary, observation)), media_type="application/json")

    router.add_api_route(
        "/outcomes",
        report_outcomes,
        methods=["POST"],
        summary="Report what happened later to 1 to 1,000 clients; all are kept but those that name no decision",
        openapi_extra=OUTCOMES_BODY,
        responses={200: {"model": OutcomesAnswer}, **describe_problems((400, 401, 403, 408, 413, 415, 422, 429, 503))},
        response_class=Response,
    )
    return router


def _read_outcomes(document: object, observation: Observation) -> list[ReportedOutcome]:
    """Return every row; a single one that is not as it must be refuses all, so that nothing is half written."""
    if not isinstance(document, dict) or set(document) != {"outcomes"}:
        raise InvalidOutcomesError(("the body must be a JSON object with the one field outcomes",))
    rows = document["outcomes"]
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_OUTCOMES:
        raise InvalidOutcomesError((f"outcomes: must be a list of 1 to {MAX_OUTCOMES} objects",))
    read = [_read_row(row, observation) for row in rows]
    problems = [f"outcomes[{index}]{fault}" for index, fault in enumerate(read) if isinstance(fault, str)]
    if problems:
        more = [f"and {len(problems) - MAX_PROBLEMS} more"] if len(problems) > MAX_PROBLEMS else []
        raise InvalidOutcomesError((*problems[:MAX_PROBLEMS], *more))
    return [one for one in read if isinstance(one, ReportedOutcome)]


def _read_row(row: object, observation: Observation) -> ReportedOutcome | str:
    if not isinstance(row, dict):
        return ": must be an object"
    if set(row) - _KNOWN:
        return f": has unknown fields; the known ones are {', '.join(sorted(_KNOWN))}"
    try:
        outcome = read_outcome(row)
    except OutcomeRowError as error:
        return f".{error.column}: {error.fault}" if error.column else f": {error.fault}"
    if (outcome.reported_at or outcome.observed_at) > observation.received_at:
        return f".{'reported_at' if outcome.reported_at else 'observed_at'}: lies in the future"
    return outcome


def _answer(summary: ImportSummary, observation: Observation) -> dict[str, Any]:
    return {
        "request_id": str(observation.request_id),
        "total": summary.read,
        "kept": summary.read - summary.unknown - summary.before_decision - summary.repeated,
        "known_before": summary.repeated,
        "added": summary.added,
        "corrected": summary.corrected,
        "withdrawn": summary.withdrawn,
        "without_effect": summary.without_effect,
        "failed": summary.unknown + summary.before_decision,
        "errors": list(_errors(summary.unknown_rows, "unknown-decision", "no decision has that client or request"))
        + list(_errors(summary.early_rows, "before-decision", "was observed before any decision on that client")),
    }


def _errors(rows: Sequence[int], code: str, problem: str) -> Iterator[dict[str, Any]]:
    for number in rows:
        yield {"index": number - 1, "code": code, "problem": problem}

"""Lets schemathesis call the application in process: all phases and checks, valid and invalid data."""

import asyncio
import json
import logging
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from starlette.types import ASGIApp

from answer_checks import SLOW_SECONDS, Answer, Findings
from in_process import Request, ask

_OF_MESSAGES = frozenset(
    {
        "body-too-large",
        "idempotency-key-reused",
        "integer-too-large",
        "lone-surrogate",
        "nul-character",
        "number-not-finite",
        "number-too-long",
        "too-deep",
    }
)
"""Refusals of a message, which no JSON schema of an application can foretell."""
_ACROSS_ROWS = (
    "must be the client of the application",
    "two rows have the same",
    "lies in the future",
    "lies before observed_at",
)
"""Refusals of values that do not belong together, or not to this day, which a JSON schema cannot tell either."""


def fuzz_by_schema(app: ASGIApp, *, examples: int, seed: int) -> Findings:
    """Run schemathesis with so many examples per operation; `/admin` needs a running server, and is left out."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=SchemathesisConfig(seed=seed))
    schema.config.generation.update(max_examples=examples, database="none")
    schema.config.continue_on_failure = True
    findings = Findings()
    for event in from_schema(schema.exclude(path_regex="^/admin")).execute():
        if isinstance(event, events.ScenarioFinished):
            _add_scenario(findings, event, app)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            findings.note(type(event).__name__, str(getattr(event, "label", "schemathesis")))
    return findings


def _add_scenario(findings: Findings, event: events.ScenarioFinished, app: ASGIApp) -> None:
    for number, interaction in event.recorder.interactions.items():
        if interaction.response is None:
            findings.note("no answer", event.label or "")
            continue
        answer = _read(interaction.response)
        if answer.seconds > SLOW_SECONDS:
            findings.stalls.append(event.label or "")
            answer = asyncio.run(ask(app, _repeat(interaction.response.request)))
        findings.add(event.label or "", answer, has_body=_has_body(interaction))
        for check in event.recorder.checks.get(number, ()):
            if check.status is Status.FAILURE and check.failure_info is not None:
                fault = type(check.failure_info.failure).__name__
                if not _is_foreseen(fault, interaction.response):
                    findings.note(fault, f"{event.label} answered {interaction.response.content[-200:]!r}")


def _read(response: Any) -> Answer:  # noqa: ANN401 - schemathesis does not type it for others
    headers = {name.lower().encode(): values[0].encode() for name, values in response.headers.items()}
    return Answer(response.status_code, headers, response.content, response.elapsed)


def _repeat(request: Any) -> Request:  # noqa: ANN401
    headers = tuple((name.lower().encode(), str(value).encode("latin-1")) for name, value in request.headers.items())
    body = request.body or b""
    return Request(
        request.method, request.path_url.encode(), headers, (body if isinstance(body, bytes) else body.encode(),)
    )


def _has_body(interaction: Any) -> bool:  # noqa: ANN401
    return bool(interaction.request.method != "HEAD")


def _is_foreseen(fault: str, response: Any) -> bool:  # noqa: ANN401
    """Tell whether a check asks for what the API does otherwise on purpose.

    That is: limits of the message, errors row by row in a batch, and unknown categories, which are taken for missing.
    """
    if response.status_code == 413:
        return True
    answer = json.loads(response.content) if response.content else {}
    if fault == "RejectedPositiveData":
        return answer.get("code") in _OF_MESSAGES or _is_across_rows(answer)
    return fault == "AcceptedNegativeData" and (
        answer.get("failed", 0) > 0 or b'"unknown_category:' in response.content
    )


def _is_across_rows(answer: dict[str, Any]) -> bool:
    """Tell whether the only fault is one between rows: a foreign one, or a key given twice."""
    problems = answer.get("problems", ())
    return bool(problems) and all(any(words in problem for words in _ACROSS_ROWS) for problem in problems)

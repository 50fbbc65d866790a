"""T-12, the column of every test run; `campaigns/fuzz.py` is the campaign."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from answer_checks import Answer, Findings, find_faults
from fuzz import Plan, run_over_sockets, try_json_cases, try_requests
from http_frames import list_frames
from in_process import make_application
from json_cases import list_json_cases
from request_mutations import make_request
from schema_fuzz import fuzz_by_schema

PROBLEM = {b"content-type": b"application/problem+json"}
REFUSED = Answer(400, PROBLEM, b'{"status": 400, "code": "malformed-json"}', 0.01)


@pytest.fixture(scope="module")
def app(tiny_bundle: Path) -> ASGIApp:
    return make_application(tiny_bundle)


def _plan(bundle: Path, *, requests: int = 0, frames: int = 0, first: int = 0) -> Plan:
    return Plan(bundle, requests, frames, examples=0, first=first, seed=7)


def test_every_json_edge_case_is_read_or_refused_as_it_must_be(app: ASGIApp) -> None:
    findings = Findings()
    asyncio.run(try_json_cases(app, findings))
    assert findings.examples == []
    assert findings.requests == len(list(list_json_cases())) >= 450


@pytest.mark.slow
def test_sixteen_thousand_spoiled_requests_get_sound_answers(app: ASGIApp, tiny_bundle: Path) -> None:
    findings = Findings()
    asyncio.run(try_requests(app, _plan(tiny_bundle, requests=16_000), findings, lambda _: None))
    assert findings.examples == []
    assert findings.requests == 16_000
    assert set(findings.statuses) >= {200, 400, 404, 405, 413, 415, 422}
    assert findings.statuses[200] > 1_000


@pytest.mark.slow
def test_what_schemathesis_makes_of_the_schema_gets_sound_answers(app: ASGIApp) -> None:
    findings = fuzz_by_schema(app, examples=10, seed=7)
    assert findings.examples == []
    assert findings.requests > 3_000


@pytest.mark.postgres
@pytest.mark.slow
def test_messages_that_bend_http_get_sound_answers(tiny_bundle: Path, tmp_path: Path) -> None:
    findings = run_over_sockets(_plan(tiny_bundle, frames=300), tmp_path)
    assert findings.examples == []
    assert findings.requests > 300 + len(list(list_frames()))


def test_an_application_that_breaks_is_found(tiny_bundle: Path) -> None:
    async def broken(_scope: object, _receive: object, send: Callable[..., object]) -> None:
        raise ValueError(send)

    findings = Findings()
    asyncio.run(try_requests(broken, _plan(tiny_bundle, requests=3), findings, lambda _: None))
    assert findings.faults == {"raised ValueError": 3}


def test_equal_numbers_make_equal_requests() -> None:
    assert make_request(7, 123) == make_request(7, 123)
    assert len({make_request(7, number) for number in range(50)}) == 50


def test_a_sound_refusal_has_no_faults() -> None:
    assert list(find_faults(REFUSED, marker="Zq1xQz")) == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(500, PROBLEM, b'{"status": 500, "code": "internal-error"}', 0.0), "answered 500"),
        (Answer(503, PROBLEM, b'{"status": 503, "code": "overloaded"}', 0.0), "503 without Retry-After"),
        (Answer(200, {}, b"{}", 1.5), "slower than a second"),
        (Answer(400, {}, b'{"detail": []}', 0.0), "a refusal that is not a problem document"),
        (Answer(400, PROBLEM, b'{"status": 422, "code": "x"}', 0.0), "a refusal that is not a problem document"),
        (Answer(200, {}, b'{"warnings": ["zq1xqz"]}', 0.0), "echoes what was sent"),
        (Answer(200, {b"x-request-id": b"Zq1xQz"}, b"{}", 0.0), "echoes what was sent"),
    ],
)
def test_a_fault_is_named(answer: Answer, fault: str) -> None:
    assert list(find_faults(answer, marker="Zq1xQz")) == [fault]

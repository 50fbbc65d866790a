import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from solvent.api.routes.answers import ProblemAnswer
from solvent.errors import DecisionLogError, KeyInFlightError, OutcomeUnknownError
from tiny_model import BUREAU_ROWS, SAFE
from troubled_log import TroubledLog

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}
SCORING = ["/predict", "/predict-batch"]


def _problem(response: httpx.Response) -> ProblemAnswer:
    """The body, after a look at what all problems share."""
    problem = ProblemAnswer.model_validate_json(response.content)
    assert response.headers["content-type"] == "application/problem+json"
    assert problem.status == response.status_code
    assert problem.type == f"urn:solvent:problem:{problem.code}"
    assert str(problem.request_id) == response.headers["x-request-id"]
    return problem


@pytest.mark.parametrize("path", SCORING)
@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", "empty-body"), (b'{"a": NaN}', "number-not-finite"), (b'{"a": 1, "a": 1}', "duplicate-key"),
     (b"[" * 9 + b"]" * 9, "too-deep"), (b'{"a": "\\ud800"}', "lone-surrogate")],
)  # fmt: skip
async def test_a_body_that_is_not_strict_json_is_refused(
    api: httpx.AsyncClient, path: str, body: bytes, code: str
) -> None:
    response = await api.post(path, content=body, headers=JSON)
    assert (response.status_code, _problem(response).code) == (400, code)


@pytest.mark.parametrize(
    "headers",
    [{}, {"content-type": "text/plain"}, {"content-type": "application/jsonp"},
     {"content-type": "application/json; charset=latin-1"}, {"content-type": "application/json; charset=utf-8; x=1"},
     {"content-type": "application/json", "content-encoding": "gzip"}],
)  # fmt: skip
async def test_another_content_type_is_refused(api: httpx.AsyncClient, headers: dict[str, str]) -> None:
    response = await api.post("/predict", content=json.dumps(SAFE), headers=headers)
    assert (response.status_code, _problem(response).code) == (415, "unsupported-content-type")


@pytest.mark.parametrize("given", ["application/json", "Application/JSON", 'application/json ; charset="UTF-8"'])
async def test_json_in_utf_8_is_taken(api: httpx.AsyncClient, given: str) -> None:
    response = await api.post("/predict", content=json.dumps(SAFE), headers={"content-type": given})
    assert response.status_code == 200


@pytest.mark.parametrize(("size", "status"), [(8_000, 200), (8_001, 413)])
async def test_a_body_may_be_as_large_as_the_limit(api: httpx.AsyncClient, size: int, status: int) -> None:
    response = await api.post("/predict", content=json.dumps(SAFE).encode().ljust(size), headers=JSON)
    assert response.status_code == status


@pytest.mark.parametrize("length", [None, "1", "9" * 5000])
async def test_reading_stops_at_the_limit_whatever_was_announced(
    api: httpx.AsyncClient, log: TroubledLog, length: str | None
) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 100:
            taken += 1
            yield b" " * 1_000

    headers = JSON if length is None else {**JSON, "content-length": length}
    response = await api.post("/predict", content=endless(), headers=headers)
    assert (response.status_code, _problem(response).code) == (413, "body-too-large")
    assert [failure.error_code for failure in log.failures] == ["body-too-large"]


@pytest.mark.parametrize(
    ("key", "status"), [("k" * 255, 200), ("k" * 256, 400), ("", 400), ("two words", 400), ("\x7f", 400)]
)
async def test_a_key_has_at_most_255_visible_characters(api: httpx.AsyncClient, key: str, status: int) -> None:
    response = await api.post("/predict", json=SAFE, headers={"Idempotency-Key": key})
    assert response.status_code == status


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"AMT_CREDITS": 1}, "AMT_CREDITS: is no column of this table"),
        ({"TARGET": 1}, "TARGET: is the outcome, which no application holds"),
        ({"AMT_CREDIT": None}, "AMT_CREDIT: required"),
        ({"AMT_CREDIT": "much"}, "AMT_CREDIT: must be a number"),
        ({"AMT_CREDIT": True}, "AMT_CREDIT: must be a number"),
        ({"AMT_CREDIT": -1}, "AMT_CREDIT: must lie between 1000 and 20000000"),
        ({"SK_ID_CURR": 1.5}, "SK_ID_CURR: must be a whole number"),
        ({"CODE_GENDER": 1}, "CODE_GENDER: must be text"),
        ({"NAME_CONTRACT_TYPE": "?"}, "NAME_CONTRACT_TYPE: must be one of Cash loans, Revolving loans"),
        ({"bureau": {}}, "bureau: must be a list of objects, one per row"),
        ({"bureau": [{**BUREAU_ROWS[0], "SK_ID_CURR": 2}]}, "bureau.SK_ID_CURR: must be the client of the application"),
        ({"bureau": [{}]}, "bureau.SK_ID_BUREAU: required"),
        ({"bureau": [{"SK_ID_BUREAU": 1, "AMT": 1}]}, "bureau.AMT: is no column of this table"),
    ],
)
async def test_an_application_outside_the_schema_is_refused_by_field(
    api: httpx.AsyncClient, log: TroubledLog, change: dict[str, Any], problem: str
) -> None:
    response = await api.post("/predict", json={**SAFE, **change})
    answer = _problem(response)
    assert (response.status_code, answer.code, answer.problems) == (422, "invalid-application", [problem])
    assert log.submissions == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/predict/", 404), ("GET", "/predict", 405), ("DELETE", "/", 405),
     ("POST", "/health/live", 405), ("GET", "/docs/assets/other.js", 404)],
)  # fmt: skip
async def test_unknown_addresses_and_methods_are_problems_too(
    api: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    response = await api.request(method, path)
    assert response.status_code == status
    assert _problem(response).code == {404: "not-found", 405: "method-not-allowed"}[status]
    allowed = {"/predict": {"POST"}, "/": {"GET", "HEAD"}, "/health/live": {"GET", "HEAD"}}.get(path, {""})
    assert set(response.headers.get("allow", "").split(", ")) == allowed


MARKER = "Zw9pQ7marker"


def _planted() -> list[tuple[str, str, Any]]:
    """Requests that carry the marker in every place where a caller can put one."""
    row = {"SK_ID_BUREAU": MARKER, MARKER: MARKER}
    bodies = [
        {**SAFE, MARKER: MARKER},
        {**SAFE, "CODE_GENDER": MARKER},
        {**SAFE, "AMT_CREDIT": MARKER},
        {**SAFE, "NAME_CONTRACT_TYPE": MARKER},
        {**SAFE, "bureau": [row]},
        {**SAFE, "bureau": MARKER},
        {"clients": [{**SAFE, MARKER: 1}, MARKER, {**SAFE, "bureau": [row]}]},
        {"clients": MARKER, MARKER: 1},
        MARKER,
    ]
    raw = [f'{{"{MARKER}": 1, "{MARKER}": 2}}', f'{{"{MARKER}": NaN}}', f'"{MARKER}', f"{MARKER}", f'{{}} "{MARKER}"']
    texts = [json.dumps(body) for body in bodies] + raw
    return [("POST", path, text) for path in SCORING for text in texts] + [
        ("GET", f"/{MARKER}", None),
        ("GET", f"/predict/{MARKER}", None),
        ("GET", f"/docs/assets/{MARKER}", None),
        (MARKER, "/predict", None),
        ("GET", "/model-info", None),
        ("GET", "/", None),
    ]


@pytest.mark.parametrize("is_away", [False, True])
async def test_no_answer_and_no_log_event_repeats_what_came_in(
    api: httpx.AsyncClient, log: TroubledLog, is_away: bool
) -> None:
    log.available = not is_away
    names = ("x-request-id", "idempotency-key", "cookie", "user-agent", MARKER)
    headers = {"content-type": "application/json"} | dict.fromkeys(names, MARKER)
    with capture_logs() as events:
        for method, path, body in _planted():
            response = await api.request(method, path, content=body, headers=headers, params={"q": MARKER})
            assert MARKER not in response.text
            assert MARKER not in str(response.headers.raw)
            assert response.status_code != 500
    assert MARKER.lower() not in str(events).lower()


async def test_the_log_away_means_503_and_no_decision(api: httpx.AsyncClient, log: TroubledLog) -> None:
    log.available = False
    for path, body in (("/predict", SAFE), ("/predict-batch", {"clients": [SAFE]})):
        response = await api.post(path, json=body)
        assert (response.status_code, _problem(response).code) == (503, "log-unavailable")
        assert response.headers["retry-after"] == "1"
        assert "probability" not in response.text
    assert log.submissions == []
    assert log.dropped_failures == 2


async def test_an_outage_passes_without_a_restart(api: httpx.AsyncClient, log: TroubledLog) -> None:
    log.available = False
    assert (await api.post("/predict", json=SAFE)).status_code == 503
    log.available = True
    assert (await api.post("/predict", json=SAFE)).status_code == 200


async def test_an_unknown_outcome_asks_for_the_same_key(api: httpx.AsyncClient, log: TroubledLog) -> None:
    log.trouble = OutcomeUnknownError("cut")
    response = await api.post("/predict", json=SAFE)
    assert (response.status_code, _problem(response).code) == (503, "outcome-unknown")
    assert response.headers["retry-after"] == "1"


async def test_a_key_that_is_under_way_elsewhere_is_a_conflict(api: httpx.AsyncClient, log: TroubledLog) -> None:
    log.trouble = KeyInFlightError("under way")
    response = await api.post("/predict", json=SAFE, headers={"Idempotency-Key": "k1"})
    assert (response.status_code, _problem(response).code) == (409, "idempotency-key-in-flight")
    assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize("error", [RuntimeError("client 100001"), DecisionLogError("client 100001")])
async def test_an_unexpected_error_is_told_by_its_kind_and_place_only(
    api: httpx.AsyncClient, log: TroubledLog, error: Exception
) -> None:
    log.trouble = error
    with capture_logs() as events:
        response = await api.post("/predict", json=SAFE)
    assert (response.status_code, _problem(response).code) == (500, "internal-error")
    assert "100001" not in response.text + str(events)
    failed, answered = events
    assert (failed["event"], failed["error"]) == ("request_failed", type(error).__name__)
    assert failed["where"][-1].startswith("troubled_log.py:")
    assert failed["request_id"] == answered["request_id"] == response.headers["x-request-id"]
    assert [(failure.http_status_code, failure.error_code) for failure in log.failures] == [(500, "internal-error")]


async def test_every_failed_request_for_a_decision_is_recorded_without_input(
    api: httpx.AsyncClient, log: TroubledLog
) -> None:
    response = await api.post("/predict", json={})
    await api.post("/predict-batch", content=b"[", headers=JSON)
    await api.post("/predict", content=b"{}")
    await api.post("/nowhere", json={})
    await api.get("/predict")
    await api.post("/predict", json=SAFE)
    assert [(failure.endpoint, failure.http_status_code, failure.error_code) for failure in log.failures] == [
        ("/predict", 422, "invalid-application"),
        ("/predict-batch", 400, "malformed-json"),
        ("/predict", 415, "unsupported-content-type"),
    ]
    first = log.failures[0]
    assert str(first.request_id) == response.headers["x-request-id"]
    assert first.total_response_ms > 0.0
    assert first.memory_usage_mb > 10.0


async def test_one_event_tells_of_each_request(api: httpx.AsyncClient) -> None:
    with capture_logs() as events:
        response = await api.post("/predict?client=100001", json=SAFE)
        await api.get("/nowhere/100001")
    first, second = events
    assert first.pop("milliseconds") > 0.0
    assert first == {
        "event": "request_answered",
        "log_level": "info",
        "method": "POST",
        "route": "/predict",
        "status": 200,
        "request_id": response.headers["x-request-id"],
    }
    assert (second["route"], second["status"]) == (None, 404)


async def test_a_failure_that_cannot_be_recorded_changes_no_answer(api: httpx.AsyncClient, log: TroubledLog) -> None:
    log.failure_trouble = RuntimeError("client 100001")
    with capture_logs() as events:
        response = await api.post("/predict", json={})
    assert response.status_code == 422
    assert [event["event"] for event in events] == ["request_answered", "failure_not_recorded"]
    assert "100001" not in str(events)


async def test_a_caller_who_leaves_within_the_body_is_recorded(api: httpx.AsyncClient, log: TroubledLog) -> None:
    transport = api._transport
    assert isinstance(transport, httpx.ASGITransport)
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": [(b"content-type", b"application/json")]}
    await transport.app(scope | {"query_string": b"", "http_version": "1.1"}, receive, send)
    assert sent[0]["status"] == 400
    assert [failure.error_code for failure in log.failures] == ["body-incomplete"]

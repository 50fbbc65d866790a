import json
from collections.abc import Iterator
from typing import Any

import pytest

from edge_examples import KEYS, bearer, make_authenticator, make_client, make_services
from solvent.api.telemetry.logging import configure_logging
from solvent.domain.records import Submission
from solvent.scoring.model import Model
from solvent.settings import LogFormat, Settings
from solvent.tables.schemas import table_schemas
from tiny_model import SAFE
from troubled_log import TroubledLog

pytestmark = pytest.mark.anyio

TEXT, NUMBER = "Zw9pQ7marker", 918273645
MALFORMED = (
    '{{"{0}": 1, "{0}": 2}}',
    '{{"{0}": NaN}}',
    '"{0}',
    "{0}",
    '{{}} "{0}"',
    '{{"a": "{0}\\ud800"}}',
    "[[[[[[[[[{0}",
)
HEADERS = ("user-agent", "cookie", "referer", "x-request-id", "idempotency-key", "x-forwarded-for", "origin", TEXT)


def _bodies() -> Iterator[Any]:
    """The marker as text and as number in every column of every table, and as the name of a field."""
    for table, schema in table_schemas().items():
        for column in schema.columns:
            for marker in (TEXT, NUMBER, [TEXT], {TEXT: NUMBER}):
                cell = {column.name: marker}
                yield {**SAFE, **cell} if table == "application" else {**SAFE, table: [cell]}
        yield {**SAFE, table: TEXT}
        yield {**SAFE, table: [{TEXT: 1}]}
    yield {**SAFE, TEXT: 1}


def _requests() -> Iterator[tuple[str, str, str, dict[str, str]]]:
    for number, body in enumerate(_bodies()):
        header = {HEADERS[number % len(HEADERS)]: TEXT}
        if number % 7 == 0:
            yield "POST", "/predict-batch", json.dumps({"clients": [body, TEXT]}), header
        else:
            yield "POST", "/predict", json.dumps(body), header
    for text in MALFORMED:
        for marker in (TEXT, NUMBER):
            yield "POST", "/predict", text.format(marker), {}
    for path in (f"/{TEXT}", f"/predict?{TEXT}={NUMBER}", f"/docs/assets/{TEXT}", f"/admin/{TEXT}", "/admin/reload"):
        yield "POST", path, TEXT, {"host": TEXT}
        yield TEXT, path, "", {"authorization": TEXT}


async def test_a_thousand_marked_requests_leave_no_mark_outside_the_log(
    model: Model, log: TroubledLog, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(Settings(log_format=LogFormat.JSON, log_level="DEBUG"))
    services = make_services(model, log, authenticator=await make_authenticator())
    refused: list[str] = []
    count = 0
    async with make_client(services) as client:
        for method, path, body, headers in _requests():
            for key in (KEYS["score"], KEYS["read"]) if count % 10 == 0 else (KEYS["score"],):
                count += 1
                given = {"content-type": "application/json", **bearer(key), **headers}
                answer = await client.request(method, path, content=body.encode(), headers=given)
                assert answer.status_code != 500
                if answer.status_code != 200:
                    refused.append(f"{answer.headers.raw} {answer.text}")
        metrics = (await client.get("/metrics", headers=bearer(KEYS["read"]))).text
    written = "".join(capsys.readouterr())
    assert count >= 1_000
    assert len(refused) > 500
    assert written.count("request_answered") == count + 1
    for place in (metrics, written, *refused):
        assert TEXT.lower() not in place.lower()
        assert str(NUMBER) not in place
    assert len(log.submissions) > 100


class _Leaking(TroubledLog):
    async def record(self, submission: Submission, *, within: float | None = None) -> Any:
        raise ValueError(f"{submission.decisions[0].client_id} {submission.answer!r} {TEXT}")


@pytest.mark.parametrize("path", ["/predict", "/predict-batch"])
async def test_an_exception_that_quotes_an_applicant_is_told_without_its_text(
    model: Model, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    configure_logging(Settings(log_format=LogFormat.JSON, log_level="DEBUG"))
    body = {**SAFE, "SK_ID_CURR": NUMBER}
    async with make_client(make_services(model, _Leaking())) as client:
        answer = await client.post(path, json=body if path == "/predict" else {"clients": [body]})
    written = "".join(capsys.readouterr())
    assert answer.status_code == 500
    assert "request_failed" in written
    for place in (written, answer.text):
        assert TEXT not in place
        assert str(NUMBER) not in place

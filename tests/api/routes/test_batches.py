import json
from typing import Any

import httpx
import pytest

from solvent.api.routes.answers import BatchAnswer, DecisionAnswer
from solvent.decision_log.memory import MemoryDecisionLog
from solvent.domain.records import StoredHistory
from solvent.scoring.model import Model
from tiny_model import BUREAU_ROWS, RISKY, SAFE

pytestmark = pytest.mark.anyio


async def test_a_batch_is_answered_row_by_row_and_recorded_at_once(
    api: httpx.AsyncClient, log: MemoryDecisionLog
) -> None:
    response = await api.post("/predict-batch", json={"clients": [SAFE, {**SAFE, "AMT_CREDIT": None}, RISKY, 7]})
    answer = BatchAnswer.model_validate_json(response.content)
    assert (response.status_code, answer.total, answer.succeeded, answer.failed) == (200, 4, 2, 2)
    assert [row.index for row in answer.results] == [0, 1, 2, 3]
    safe, incomplete, risky, wrong = answer.results
    assert safe.result is not None
    assert risky.result is not None
    assert (safe.result.decision, risky.result.decision) == ("approve", "refuse")
    assert len(risky.result.reasons) > 0
    assert incomplete.error is not None
    assert incomplete.error.problems == ["AMT_CREDIT: required"]
    assert wrong.error is not None
    assert wrong.error.problems == ["the body must be a JSON object with the columns of one application"]
    (submission,) = log.submissions
    assert [record.request_id for record in submission.decisions] == [safe.result.request_id, risky.result.request_id]
    assert {record.endpoint for record in submission.decisions} == {"/predict-batch"}
    assert str(answer.request_id) == response.headers["x-request-id"]


async def test_every_row_of_a_batch_gets_what_it_would_get_alone(
    api: httpx.AsyncClient, log: MemoryDecisionLog, model: Model
) -> None:
    payload = model.engine.reduce_history({"bureau": BUREAU_ROWS}).to_bytes()
    await log.store_histories([StoredHistory(7, model.bundle.program.digest, payload)])
    kinds = [
        SAFE,
        RISKY,
        {**RISKY, "SK_ID_CURR": 7},
        {**SAFE, "bureau": BUREAU_ROWS},
        {**RISKY, "NAME_CONTRACT_TYPE": "Unheard of", "EXT_SOURCE_2": None},
        {**SAFE, "AMT_CREDIT": None},
    ]
    rows = [{**kinds[number % 6], "AMT_INCOME_TOTAL": 90_000.0 + 1_000.0 * number} for number in range(60)]
    answered = (await api.post("/predict-batch", json={"clients": rows})).json()["results"]
    alone = [(await api.post("/predict", json=row)).json() for row in rows]
    assert [_values(row.get("result", row.get("error"))) for row in answered] == [_values(one) for one in alone]
    assert {one.get("decision") for one in alone} == {"approve", "refuse", None}


def _values(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what is a request's own."""
    fields = DecisionAnswer.model_fields.keys() - {"request_id", "timestamp"} | {"problems"}
    return {name: value for name, value in answer.items() if name in fields}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"clients": []}, "clients: must be a list of 1 to 100 applications"),
        ({"clients": [1] * 101}, "clients: must be a list of 1 to 100 applications"),
        ({"clients": SAFE}, "clients: must be a list of 1 to 100 applications"),
        ({"clients": [SAFE], "MARKER": 1}, "the body must be a JSON object with the one field clients"),
        ([SAFE], "the body must be a JSON object with the one field clients"),
    ],
)
async def test_refuses_what_is_no_batch(
    api: httpx.AsyncClient, log: MemoryDecisionLog, body: object, problem: str
) -> None:
    response = await api.post("/predict-batch", json=body)
    assert (response.status_code, response.json()["problems"]) == (422, [problem])
    assert log.submissions == []


async def test_a_hundred_clients_are_a_batch(api: httpx.AsyncClient) -> None:
    response = await api.post("/predict-batch", json={"clients": [1] * 100})
    assert (response.status_code, response.json()["failed"]) == (200, 100)


async def test_rows_that_could_not_be_decided_are_recorded_with_the_batch(
    api: httpx.AsyncClient, log: MemoryDecisionLog
) -> None:
    await api.post("/predict-batch", json={"clients": [SAFE, {}, {}]})
    (submission,) = log.submissions
    assert len(submission.decisions) == 1
    assert [(one.http_status_code, one.error_code) for one in submission.failures] == [(422, "invalid-application")] * 2
    assert len({submission.decisions[0].request_id, *(one.request_id for one in submission.failures)}) == 3


async def test_a_batch_has_its_own_limit_in_bytes(api: httpx.AsyncClient) -> None:
    sizes = [8_001, 16_000, 16_001]
    body = json.dumps({"clients": [SAFE]}).encode()
    headers = {"content-type": "application/json"}
    answers = [await api.post("/predict-batch", content=body.ljust(size), headers=headers) for size in sizes]
    assert [answer.status_code for answer in answers] == [200, 200, 413]


async def test_a_repeated_batch_gets_the_same_bytes(api: httpx.AsyncClient, log: MemoryDecisionLog) -> None:
    body = {"clients": [SAFE, {}]}
    first = await api.post("/predict-batch", json=body, headers={"Idempotency-Key": "batch-1"})
    again = await api.post("/predict-batch", json=body, headers={"Idempotency-Key": "batch-1"})
    assert first.content == again.content
    assert len(log.submissions) == 1

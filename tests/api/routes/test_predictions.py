import hashlib
from typing import Any

import httpx
import numpy as np
import pytest

from solvent.api.routes.answers import DecisionAnswer
from solvent.decision_log.memory import MemoryDecisionLog
from solvent.domain.records import Claim, DecisionRecord, StoredHistory
from solvent.scoring.model import Model
from tiny_model import BUREAU_ROWS, RISKY, SAFE

pytestmark = pytest.mark.anyio


def _records(log: MemoryDecisionLog) -> list[DecisionRecord]:
    return [record for submission in log.submissions for record in submission.decisions]


async def _store_history(log: MemoryDecisionLog, model: Model) -> None:
    payload = model.engine.reduce_history({"bureau": BUREAU_ROWS}).to_bytes()
    await log.store_histories([StoredHistory(SAFE["SK_ID_CURR"], model.bundle.program.digest, payload)])


async def test_answers_with_the_decision_that_it_recorded(api: httpx.AsyncClient, log: MemoryDecisionLog) -> None:
    response = await api.post("/predict", json=SAFE)
    answer = DecisionAnswer.model_validate_json(response.content)
    (record,) = _records(log)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert (answer.client_id, answer.decision, answer.prediction, answer.risk_level) == (100001, "approve", 0, "LOW")
    assert (answer.threshold_used, answer.reasons, answer.warnings) == (0.3, [], ["no_history"])
    assert answer.probability_default == record.probability_default
    assert answer.probability_repayment == 1.0 - record.probability_default
    assert response.headers["x-request-id"] == str(answer.request_id) == str(record.request_id)
    assert record.request_id.version == 7
    assert (record.endpoint, record.loan_amount, record.history_source) == ("/predict", 200000.0, "none")
    assert log.submissions[0].answer == response.content


async def test_nested_and_stored_history_give_the_same_bits(
    api: httpx.AsyncClient, log: MemoryDecisionLog, model: Model
) -> None:
    alone = (await api.post("/predict", json=SAFE)).json()
    nested = (await api.post("/predict", json={**SAFE, "bureau": BUREAU_ROWS})).json()
    await _store_history(log, model)
    stored = (await api.post("/predict", json=SAFE)).json()
    without, first, second = _records(log)
    features = np.frombuffer(first.features, "<f4")
    assert features.tolist()[:4] == pytest.approx([200000.0, 1.0, 0.9, 0.0])
    assert features.tolist()[4:] == pytest.approx([251000.8, (400000.3 + 90000.0 + 33333.3) / 3 / 200000.0])
    assert np.isnan(np.frombuffer(without.features, "<f4")[4:]).all()
    assert first.features == second.features
    assert nested["probability_default"] == stored["probability_default"] != alone["probability_default"]
    assert [one["history_source"] for one in (alone, nested, stored)] == ["none", "request", "stored"]
    assert [one["warnings"] for one in (alone, nested, stored)] == [["no_history"], ["partial_history"], []]


async def test_history_in_the_request_replaces_the_stored_one(
    api: httpx.AsyncClient, log: MemoryDecisionLog, model: Model
) -> None:
    await _store_history(log, model)
    answer = (await api.post("/predict", json={**SAFE, "bureau": []})).json()
    (record,) = _records(log)
    assert answer["history_source"] == "request"
    assert np.isnan(np.frombuffer(record.features, "<f4")[4:]).all()


async def test_a_damaged_stored_history_counts_as_none_and_is_told(
    api: httpx.AsyncClient, log: MemoryDecisionLog, model: Model
) -> None:
    await log.store_histories([StoredHistory(SAFE["SK_ID_CURR"], model.bundle.program.digest, b"damaged")])
    answer = (await api.post("/predict", json=SAFE)).json()
    assert (answer["history_source"], answer["warnings"]) == ("none", ["stored_history_damaged"])


async def test_a_refusal_carries_its_reasons_in_two_languages(api: httpx.AsyncClient) -> None:
    rows = [{**row, "SK_ID_CURR": 100002, "AMT_CREDIT_SUM_DEBT": 900000.0} for row in BUREAU_ROWS]
    answer = (await api.post("/predict", json={**RISKY, "bureau": rows})).json()
    reasons = answer["reasons"]
    assert (answer["decision"], answer["prediction"], answer["risk_level"]) == ("refuse", 1, "HIGH")
    assert {"EXTERNAL_SCORE", "LOAN_TERMS"} <= {reason["code"] for reason in reasons}
    assert len(reasons) <= 4
    weights = [reason["contribution"] for reason in reasons]
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] > 0.0
    score = next(reason for reason in reasons if reason["code"] == "EXTERNAL_SCORE")
    assert (score["feature"], score["value"]) == ("external", pytest.approx(0.1))
    assert score["english"] == "External credit scores are low or missing."
    assert score["french"] == "Les scores de crédit externes sont faibles ou absents."


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        ({"EXT_SOURCE_2": 1.5}, "out_of_range:EXT_SOURCE_2"),
        ({"DAYS_EMPLOYED": 12}, "out_of_range:DAYS_EMPLOYED"),
        ({"CODE_GENDER": "<script>"}, "unknown_category:CODE_GENDER"),
        ({"bureau": [{"SK_ID_BUREAU": 1, "AMT_CREDIT_SUM": -5.0}]}, "out_of_range:bureau.AMT_CREDIT_SUM"),
        ({"bureau": [{"SK_ID_BUREAU": 1, "CREDIT_ACTIVE": "?"}]}, "unknown_category:bureau.CREDIT_ACTIVE"),
    ],
)
async def test_an_implausible_value_counts_as_missing_and_is_told(
    api: httpx.AsyncClient, log: MemoryDecisionLog, change: dict[str, Any], warning: str
) -> None:
    given = await api.post("/predict", json={"bureau": [{"SK_ID_BUREAU": 1}], **SAFE, **change})
    left_out = {name: value for name, value in SAFE.items() if name not in change}
    missing = await api.post("/predict", json={"bureau": [{"SK_ID_BUREAU": 1}], **left_out})
    with_value, without = _records(log)
    assert (given.status_code, given.json()["warnings"], missing.json()["warnings"]) == (
        200,
        [warning, "partial_history"],
        ["partial_history"],
    )
    assert with_value.features == without.features
    assert with_value.warnings == (warning, "partial_history")


async def test_a_sentinel_and_null_need_no_warning(api: httpx.AsyncClient) -> None:
    body = {**SAFE, "DAYS_EMPLOYED": 365243, "ORGANIZATION_TYPE": "XNA", "AMT_ANNUITY": None, "bureau": []}
    response = await api.post("/predict", json=body)
    assert (response.status_code, response.json()["warnings"]) == (200, ["partial_history"])


async def test_a_whole_number_may_be_written_with_a_fraction_of_zero(
    api: httpx.AsyncClient, log: MemoryDecisionLog
) -> None:
    response = await api.post("/predict", json={**SAFE, "SK_ID_CURR": 100001.0})
    assert b'"client_id":100001,' in response.content
    assert type(_records(log)[0].client_id) is int


async def test_a_repeated_key_gets_the_same_bytes_and_records_nothing(
    api: httpx.AsyncClient, log: MemoryDecisionLog
) -> None:
    first = await api.post("/predict", json=SAFE, headers={"Idempotency-Key": "order-66"})
    again = await api.post("/predict", json=SAFE, headers={"Idempotency-Key": "order-66"})
    assert first.content == again.content
    assert [response.headers.get("idempotent-replayed") for response in (first, again)] == [None, "true"]
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    (submission,) = log.submissions
    assert submission.claim == Claim("local", "order-66", hashlib.sha256(first.request.content).digest())


async def test_a_key_with_another_body_is_refused(api: httpx.AsyncClient, log: MemoryDecisionLog) -> None:
    await api.post("/predict", json=SAFE, headers={"Idempotency-Key": "order-66"})
    response = await api.post("/predict", json=RISKY, headers={"Idempotency-Key": "order-66"})
    assert (response.status_code, response.json()["code"]) == (422, "idempotency-key-reused")
    assert len(log.submissions) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "caf\u00e9", "a\tb"])
async def test_a_key_that_is_not_visible_ascii_is_refused(api: httpx.AsyncClient, key: str) -> None:
    response = await api.post("/predict", json=SAFE, headers=[(b"Idempotency-Key", key.encode("latin-1"))])
    assert (response.status_code, response.json()["code"]) == (400, "invalid-idempotency-key")


async def test_two_keys_are_refused_and_the_longest_one_is_taken(api: httpx.AsyncClient) -> None:
    two = await api.post("/predict", json=SAFE, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")])
    longest = await api.post("/predict", json=SAFE, headers={"Idempotency-Key": "~" * 255})
    assert (two.status_code, longest.status_code) == (400, 200)

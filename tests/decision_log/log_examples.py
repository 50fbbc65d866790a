"""Literal records for the tests of the decision log; they differ only where a test says so."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from solvent.domain.policy import Decision, RiskLevel
from solvent.domain.reasons import Reason
from solvent.domain.records import Claim, DecisionRecord, FailureRecord, ServedModel, Submission, Timing

ReadRows = Callable[[str], list[tuple[Any, ...]]]

ARRIVAL = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)

DECISION = DecisionRecord(
    request_id=UUID("018f0000-0000-7000-8000-000000000001"),
    received_at=ARRIVAL,
    scored_at=datetime(2026, 11, 22, 10, 0, 0, 125456, tzinfo=UTC),
    caller="local",
    endpoint="/predict",
    model_version="2026.11.1+3fa9c1",
    model_digest=bytes.fromhex("01" * 32),
    code_digest=bytes.fromhex("02" * 32),
    api_version="1.0",
    client_id=100001,
    loan_amount=450000.0,
    score=2.5,
    probability_default=0.25,
    threshold=0.0912,
    decision=Decision.REFUSE,
    risk_level=RiskLevel.HIGH,
    reasons=(Reason("EXTERNAL_SCORE", "application_external_score_2", 0.1, 1.5, "Low.", "Faible."),),
    warnings=("unknown_category:NAME_HOUSING_TYPE",),
    data_quality_score=0.875,
    timing=Timing(preprocessing_ms=1.5, inference_ms=0.5),
    memory_usage_mb=128.0,
    application=b'{"SK_ID_CURR":100001}',
    history_source="request",
    stored_history=None,
    features=bytes.fromhex("0000803f0000c07f"),
    top_numbers=(0.5, None, None),
    top_categories=(None, "Cash loans", None),
)

MODEL = ServedModel(
    model_version="2026.11.1+3fa9c1",
    bundle_digest="b" * 64,
    program_digest="c" * 64,
    policy_digest="d" * 64,
    threshold=0.0912,
    top_features=("application_external_score_2", "application_contract_type", "bureau_loans_count"),
    manifest=b'{"protocol":1}',
    files={"model.txt": b"tree", "policy.json": b"{}"},
)

FAILURE = FailureRecord(
    request_id=UUID("018f0000-0000-7000-8000-0000000000ff"),
    received_at=ARRIVAL,
    endpoint="/predict",
    api_version="1.0",
    model_version="2026.11.1+3fa9c1",
    http_status_code=422,
    error_code="invalid-application",
    total_response_ms=0.75,
    memory_usage_mb=128.0,
)


def make_decision(number: int = 1, **changes: Any) -> DecisionRecord:
    """A decision with the request id 018f0000-0000-7000-8000-00000000000`number`."""
    return replace(DECISION, request_id=UUID(int=DECISION.request_id.int - 1 + number), **changes)


def make_submission(
    *numbers: int,
    answer: bytes = b'{"decision":"refuse"}',
    key: str | None = None,
    body: bytes = b"body",
    caller: str = "local",
    **changes: Any,
) -> Submission:
    """The decisions with these numbers, changed alike, under a claim if there is a key."""
    claim = None if key is None else Claim(caller, key, hashlib.sha256(body).digest())
    return Submission(tuple(make_decision(number, **changes) for number in numbers), answer, claim)

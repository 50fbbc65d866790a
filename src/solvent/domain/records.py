"""What the decision log keeps: one record per decision, one per request that got none."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from solvent.domain.policy import Decision, RiskLevel
from solvent.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the time of one request went, in milliseconds."""

    preprocessing_ms: float
    inference_ms: float


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision, as it is answered and as it is kept.

    `caller` names the API key (or "local"). `model_digest` is `ServedModel.digest`, `code_digest` the SHA-256 of the
    code that decided: model, program, policy, threshold and table schemas follow from the two.
    `score` is the model's raw output in log-odds; `probability_default` the calibrated one.
    `features` is the feature vector given to the model: float32, little endian, in catalogue order.
    `application` is the accepted input as JSON bytes (UTF-8), `history_source` where its history came from, and
    `stored_history` what was found in the store, since the store may hold something else tomorrow.
    `top_numbers` and `top_categories` are the values of the bundle's most important features, for `feature_values`:
    a number or a category for each, the other one None.
    """

    request_id: UUID
    received_at: datetime
    scored_at: datetime
    caller: str
    endpoint: str
    model_version: str
    model_digest: bytes
    code_digest: bytes
    api_version: str
    client_id: int
    loan_amount: float | None
    score: float
    probability_default: float
    threshold: float
    decision: Decision
    risk_level: RiskLevel
    reasons: tuple[Reason, ...]
    warnings: tuple[str, ...]
    data_quality_score: float
    timing: Timing
    memory_usage_mb: float
    application: bytes
    history_source: str
    stored_history: bytes | None
    features: bytes
    top_numbers: tuple[float | None, ...]
    top_categories: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """One decision as the log gives it back, under the names of its columns.

    `application` is the accepted input, decoded. It and every other personal field (from `client_id` on) are None once
    the decision's payload was erased.
    """

    writer_id: UUID
    sequence: int
    request_id: UUID
    timestamp: datetime
    model_digest: bytes
    commitment: bytes
    code_digest: bytes
    scored_at: datetime
    recorded_at: datetime
    caller: str
    endpoint: str
    model_version: str
    api_version: str
    preprocessing_time_ms: float
    inference_time_ms: float
    total_response_time_ms: float
    memory_usage_mb: float
    score: float
    prediction_proba: float
    prediction_class: int
    decision: str
    confidence_level: str
    http_status_code: int
    data_quality_score: float
    warning_flags: tuple[str, ...]
    reasons: tuple[str, ...]
    decision_threshold: float
    history_source: str
    client_id: int | None
    loan_amount: float | None
    application: Mapping[str, Any] | None
    stored_history: bytes | None
    features: bytes | None
    top_numbers: tuple[float | None, ...] | None
    top_categories: tuple[str | None, ...] | None

    @property
    def is_erased(self) -> bool:
        """Whether the payload is gone."""
        return self.application is None


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """A request that got no decision: refused at the door, or failed. It holds nothing of its input."""

    request_id: UUID
    received_at: datetime
    endpoint: str
    api_version: str
    model_version: str
    http_status_code: int
    error_code: str
    total_response_ms: float
    memory_usage_mb: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A caller's promise that requests with this key are one request.

    `caller` names the API key (or "local"), `key` is the Idempotency-Key header, `body_digest` the SHA-256 of the body.
    """

    caller: str
    key: str
    body_digest: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """What one request hands to the log: recorded whole or not at all.

    `answer` is the body that the caller gets, kept under the claim so that a repeat gets the same bytes. `failures` are
    the rows of a batch that could not be decided.
    """

    decisions: tuple[DecisionRecord, ...]
    answer: bytes
    claim: Claim | None = None
    failures: tuple[FailureRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a submission is durable. `repeated` means that the answer is the one of an earlier request."""

    answer: bytes
    repeated: bool


@dataclass(frozen=True, slots=True)
class StoredHistory:
    """One client's history, already reduced by the feature program with this digest.

    `payload` is what `features.request_engine` writes and reads; to everybody else it is opaque bytes.
    """

    client_id: int
    program_digest: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class ServedModel:
    """What the log keeps of a model that decides: its names for `feature_values`, and what recomputes its decisions.

    `files` are the files of the bundle that decide and those that monitoring compares with, by name; their digests
    stand in `manifest`.
    """

    model_version: str
    bundle_digest: str
    program_digest: str
    policy_digest: str
    threshold: float
    top_features: tuple[str, ...]
    manifest: bytes
    files: Mapping[str, bytes] = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SHA-256 that stands for the model in each of its decisions; it covers all but the time of the training."""
        named = (self.model_version, self.bundle_digest, self.program_digest, self.policy_digest)
        document = [*named, self.threshold.hex(), *self.top_features]
        return hashlib.sha256(b"solvent model 1\n" + json.dumps(document).encode()).digest()

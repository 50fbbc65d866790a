"""The shapes of the answers, for the documentation; the tests hold real answers against them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """What all answers have in common: no field that is not documented."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class ReasonAnswer(Answer):
    """One reason of a refusal."""

    code: str = Field(description="family of features that speak of one thing")
    feature: str = Field(description="the feature that weighed most in that family")
    value: float | str | None = Field(description="its value for this applicant; null if missing")
    contribution: float = Field(description="weight of the family in log-odds of default, positive")
    english: str
    french: str


class DecisionAnswer(Answer):
    """One decision, recorded before it was sent."""

    client_id: int
    probability_default: float = Field(gt=0, lt=1, description="calibrated: of the clients shown 0.07, 7 % default")
    probability_repayment: float = Field(gt=0, lt=1)
    prediction: Literal[0, 1] = Field(description="1 if refused")
    decision: Literal["approve", "refuse"]
    risk_level: Literal["LOW", "MEDIUM", "HIGH"]
    threshold_used: float = Field(description="refused at or above this probability of default")
    model_version: str
    request_id: UUID
    timestamp: datetime
    history_source: Literal["request", "stored", "none"]
    reasons: list[ReasonAnswer] = Field(max_length=4, description="of a refusal, the heaviest first")
    warnings: list[str] = Field(description="what counts as missing although it was given, by column")


class RowProblems(Answer):
    """Why one application of a batch was not decided."""

    code: Literal["invalid-application"]
    problems: list[str]


class BatchRow(Answer):
    """Either a result or an error."""

    index: int = Field(ge=0)
    result: DecisionAnswer | None = None
    error: RowProblems | None = None


class BatchAnswer(Answer):
    """One entry per application, in the order of the request."""

    request_id: UUID
    model_version: str
    total: int = Field(ge=1, le=100)
    succeeded: int
    failed: int
    results: list[BatchRow]


class OutcomeError(Answer):
    """Why one outcome was left out."""

    index: int = Field(ge=0)
    code: Literal["unknown-decision", "before-decision"]
    problem: str


class OutcomesAnswer(Answer):
    """What became of reported outcomes; `kept`, `known_before` and `failed` add up to `total`."""

    request_id: UUID
    total: int = Field(ge=1, le=1000)
    kept: int
    known_before: int = Field(description="the same report was there: nothing changed")
    added: int = Field(description="of those kept, outcomes where none counted")
    corrected: int = Field(description="of those kept, outcomes that take the place of another")
    withdrawn: int = Field(description="of those kept, outcomes that were removed")
    without_effect: int = Field(description="of those kept, reports that a later one overrides")
    failed: int
    errors: list[OutcomeError]


class HealthAnswer(Answer):
    """The service answers."""

    status: Literal["ok"]
    model_loaded: bool
    model_version: str
    timestamp: datetime


class CostsAnswer(Answer):
    """What errors cost, in units of one good payer refused."""

    false_negative: float
    false_positive: float


class ModelAnswer(Answer):
    """The model in force."""

    model_type: Literal["LightGBM"]
    model_version: str
    n_features: int
    threshold: float
    costs: CostsAnswer
    metrics: dict[str, Any] = Field(description="on the test split: value, low and high of the 95 % interval")
    training_date: datetime
    training_rows: int
    data_fingerprint: str
    calibration_method: Literal["isotonic", "platt"]
    forbidden_columns: list[str] = Field(description="application columns that no feature may read")


class SwitchAnswer(Answer):
    """The model in force after a reload or a rollback."""

    model_version: str
    bundle_digest: str


class ProblemAnswer(Answer):
    """A refusal or failure (RFC 9457); nothing of the request is repeated."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: UUID
    problems: list[str] | None = Field(None, description="names of fields or dependencies, never values")

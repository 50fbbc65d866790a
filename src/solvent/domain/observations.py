"""What the decision log tells a monitor about a period: counts, times and vectors, and nothing of a single client."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class LogColumn(StrEnum):
    """Columns of a decision by which it can be watched apart."""

    CALLER = "caller"
    ENDPOINT = "endpoint"
    HISTORY_SOURCE = "history_source"


@dataclass(frozen=True, slots=True)
class DecisionScope:
    """Decisions that arrived from `start` on and before `end` (aware UTC) and were made by one model version.

    With `column`, only those that have `value` there.
    """

    start: datetime
    end: datetime
    model_version: str
    column: LogColumn | None = None
    value: str = ""


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """Some decisions whose payload is still there, as packed little-endian numbers.

    `features`: float32 of shape (rows, features), in the order of the model's program. `scores` (log-odds) and
    `probabilities` (calibrated): float64 of shape (rows,).
    """

    rows: int
    features: bytes
    scores: bytes
    probabilities: bytes


@dataclass(frozen=True, slots=True)
class QualityCounts:
    """How good the inputs of a period were.

    `mean_quality_score`: mean of `data_quality_score`, None without decisions. `warnings`: decisions by warning, such
    as "out_of_range:AMT_ANNUITY". `history_sources`: decisions by where their history came from. `stale_histories`:
    decisions on a stored history that was older than allowed when they were made.
    """

    decisions: int
    mean_quality_score: float | None
    warnings: Mapping[str, int]
    history_sources: Mapping[str, int]
    stale_histories: int


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Mean and percentiles of the time that decisions spent in one stage, in milliseconds."""

    stage: str
    decisions: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class OperationCounts:
    """How the service did in a period.

    `requests`: decisions and failures. `errors`: requests without a decision, by code of the problem.
    `earlier_volumes`: requests of the same stretch of the week, one week before the period, two weeks before, ...; as
    far back as the log reaches.
    """

    requests: int
    errors: Mapping[str, int]
    stages: tuple[StageTimes, ...]
    earlier_volumes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class UncoveredRecords:
    """Records of the chains that no checkpoint covers, and when the oldest of them was recorded; None without any."""

    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class DriftRecord:
    """A row of `drift_reports`.

    `drift_score`: share of the features that drifted; None where there was not enough data. `metadata`: what
    `DriftReport.to_metadata` says, as JSON values.
    """

    generated_at: datetime
    period_start: datetime
    period_end: datetime
    reference_dataset: str
    reference_size: int
    current_size: int
    drift_detected: bool
    drift_score: float | None
    drifted_features: tuple[str, ...]
    report_html_path: str | None = None
    report_json_path: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)

"""The JSON that a caller gets."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from solvent.domain.policy import Decision
from solvent.domain.reasons import Reason
from solvent.domain.records import DecisionRecord
from solvent.errors import ApplicationError

INVALID = "invalid-application"
"""Code of an application that does not fit the schemas."""


def render_decision(record: DecisionRecord) -> dict[str, Any]:
    """The answer of `/predict`; field names and meaning are fixed (PRODUCT.md section 1)."""
    return {
        "client_id": record.client_id,
        "probability_default": record.probability_default,
        "probability_repayment": 1.0 - record.probability_default,
        "prediction": int(record.decision is Decision.REFUSE),
        "decision": record.decision.value,
        "risk_level": record.risk_level.value,
        "threshold_used": record.threshold,
        "model_version": record.model_version,
        "request_id": str(record.request_id),
        "timestamp": record.scored_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "history_source": record.history_source,
        "reasons": [_render_reason(reason) for reason in record.reasons],
        "warnings": record.warnings,
    }


def render_problems(index: int, error: ApplicationError) -> dict[str, Any]:
    """The entry of a batch row that could not be decided."""
    return {"index": index, "error": {"code": INVALID, "problems": error.problems}}


def render_batch(request_id: UUID, model_version: str, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The answer of `/predict-batch`: one entry per row, in order."""
    succeeded = sum("result" in entry for entry in results)
    return {
        "request_id": str(request_id),
        "model_version": model_version,
        "total": len(results),
        "succeeded": succeeded,
        "failed": len(results) - succeeded,
        "results": results,
    }


def _render_reason(reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code,
        "feature": reason.feature,
        "value": reason.value,
        "contribution": reason.contribution,
        "english": reason.english,
        "french": reason.french,
    }

"""The JSON schema of reported outcomes: one shape of a row for each group of kinds."""

from typing import Any

from solvent.domain.outcome_rows import LARGEST_CLIENT, SUBJECTS
from solvent.domain.outcomes import OutcomeKind

MAX_OUTCOMES = 1_000
"""Rows of one request."""

_TIME = {"type": "string", "format": "date-time"}
_SUBJECT_SCHEMAS: dict[str, dict[str, Any]] = {
    "SK_ID_CURR": {"type": "integer", "minimum": 1, "maximum": LARGEST_CLIENT},
    "request_id": {"type": "string", "format": "uuid"},
}
_MEANINGS = {
    "SK_ID_CURR": "the client; its last decision is meant",
    "request_id": "the decision; it counts if both are given",
}


def describe_outcomes() -> dict[str, Any]:
    """Return the schema of the body of `/outcomes`."""
    early = [OutcomeKind.FIRST_PAYMENT_MISSED, OutcomeKind.LATE_30_DAYS]
    rows = [
        _describe_row(early, [None], "nothing final yet"),
        _describe_row([OutcomeKind.DEFAULT], [1, True], "the client defaulted"),
        _describe_row([OutcomeKind.MATURED], [0, 1, False, True], "whether there was a default by then"),
    ]
    rows[1]["required"] = rows[2]["required"] = [*rows[0]["required"], "defaulted"]
    outcomes = {"type": "array", "items": {"oneOf": rows}, "minItems": 1, "maxItems": MAX_OUTCOMES}
    return {
        "type": "object",
        "properties": {"outcomes": outcomes},
        "required": ["outcomes"],
        "additionalProperties": False,
    }


def _describe_row(kinds: list[OutcomeKind], answers: list[object], meaning: str) -> dict[str, Any]:
    subjects = {name: _or_null(schema, _MEANINGS[name]) for name, schema in _SUBJECT_SCHEMAS.items()}
    return {
        "type": "object",
        "properties": subjects
        | {
            "kind": {"type": "string", "enum": [kind.value for kind in kinds]},
            "observed_at": _TIME | {"description": "when it happened, in UTC without an offset; not in the future"},
            "defaulted": {"enum": answers, "description": meaning},
            "reported_at": _or_null(_TIME, "when the source said so, not before `observed_at`; now if left out"),
            "withdrawn": {"enum": [0, 1, True, False, None], "description": "there was no such outcome"},
        },
        "required": ["kind", "observed_at"],
        "anyOf": [{"required": [name], "properties": {name: _SUBJECT_SCHEMAS[name]}} for name in SUBJECTS],
        "additionalProperties": False,
    }


def _or_null(schema: dict[str, Any], meaning: str) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}], "description": meaning}

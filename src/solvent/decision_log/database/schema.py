"""Names and types of the columns that the writer fills; the revisions in `migrations` define the tables.

The order of the columns is the canonical form of a record (docs/decisions/0011): the chain covers it, so it may change
only together with `canonical.VERSION`.
"""

PARTITIONED_TABLES = ("decisions", "decision_payloads", "request_failures", "shadow_scores")
"""Tables that grow with every request: one partition per month of `timestamp`, and one for the rest."""

DECISION_COLUMNS = {
    "writer_id": "uuid",
    "sequence": "int8",
    "request_id": "uuid",
    "timestamp": "timestamptz",
    "model_digest": "bytea",
    "commitment": "bytea",
    "code_digest": "bytea",
    "scored_at": "timestamptz",
    "recorded_at": "timestamptz",
    "caller": "text",
    "endpoint": "text",
    "model_version": "text",
    "api_version": "text",
    "preprocessing_time_ms": "float8",
    "inference_time_ms": "float8",
    "total_response_time_ms": "float8",
    "memory_usage_mb": "float8",
    "score": "float8",
    "prediction_proba": "float8",
    "prediction_class": "int2",
    "decision": "text",
    "confidence_level": "text",
    "http_status_code": "int2",
    "data_quality_score": "float8",
    "warning_flags": "text[]",
    "reasons": "text[]",
    "decision_threshold": "float8",
    "history_source": "text",
}

PAYLOAD_COLUMNS = {
    "request_id": "uuid",
    "timestamp": "timestamptz",
    "client_id": "int8",
    "loan_amount": "float8",
    "input": "bytea",
    "stored_history": "bytea",
    "features": "bytea",
    "top_numbers": "float8[]",
    "top_categories": "text[]",
}

FAILURE_COLUMNS = {
    "writer_id": "uuid",
    "sequence": "int8",
    "request_id": "uuid",
    "timestamp": "timestamptz",
    "recorded_at": "timestamptz",
    "endpoint": "text",
    "model_version": "text",
    "api_version": "text",
    "total_response_time_ms": "float8",
    "memory_usage_mb": "float8",
    "http_status_code": "int2",
    "error_message": "text",
}

CHAINED_TABLES = {"decisions": DECISION_COLUMNS, "request_failures": FAILURE_COLUMNS}
"""Tables whose rows are links of a chain per writer; the column `link` follows the covered ones."""

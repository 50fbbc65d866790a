"""Names of the tables and columns that the writer fills; the revisions in `migrations` define them."""

PARTITIONED_TABLES = ("decisions", "decision_payloads", "request_failures")
"""Tables that grow with every request: one partition per month of `timestamp`, and one for the rest."""

DECISION_COLUMNS = (
    "request_id",
    "timestamp",
    "scored_at",
    "writer_id",
    "sequence",
    "endpoint",
    "model_version",
    "api_version",
    "preprocessing_time_ms",
    "inference_time_ms",
    "total_response_time_ms",
    "memory_usage_mb",
    "score",
    "prediction_proba",
    "prediction_class",
    "decision",
    "confidence_level",
    "http_status_code",
    "data_quality_score",
    "warning_flags",
    "reasons",
    "decision_threshold",
    "history_source",
)

PAYLOAD_COLUMNS = (
    "request_id",
    "timestamp",
    "client_id",
    "loan_amount",
    "input",
    "stored_history",
    "features",
    "top_numbers",
    "top_categories",
)

FAILURE_COLUMNS = (
    "request_id",
    "timestamp",
    "endpoint",
    "model_version",
    "api_version",
    "total_response_time_ms",
    "memory_usage_mb",
    "http_status_code",
    "error_message",
)

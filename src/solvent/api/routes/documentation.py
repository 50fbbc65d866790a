"""What the machine-readable documentation says of requests and problems, from the schemas of the tables."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from solvent.api.callers.access import SCOPES
from solvent.api.problems import (
    INTERNAL_ERROR,
    INVALID_APPLICATION,
    INVALID_OUTCOMES,
    KEY_REUSED,
    LOG_UNAVAILABLE,
    MEDIA_TYPE,
    NOT_READY,
    OUTCOME_UNKNOWN,
    REFUSALS,
    Problem,
)
from solvent.api.routes.answers import ProblemAnswer
from solvent.api.routes.json_gate import MAX_DEPTH
from solvent.api.routes.outcome_schema import describe_outcomes
from solvent.api.services import Services
from solvent.scoring.applications import MAX_ROWS_PER_TABLE
from solvent.tables.schemas import (
    APPLICATION,
    CLIENT,
    HISTORY_TABLES,
    TARGET,
    Column,
    ColumnKind,
    TableSchema,
    table_schemas,
)

MAX_CLIENTS = 100
"""Most applications in one batch."""

"""Most outcomes in one request."""

DESCRIPTION = """Decides on consumer-credit applications and records every decision before it is sent.

Send one application with the raw Home Credit column names, and the applicant's history rows under the names of their
tables if you have them; without them, the stored history of that client is used. A value outside its plausible range
and an unknown category count as missing, with a warning. Errors are `application/problem+json`.
"""
_MANY = 10
"""A category with more values than this is documented without the list of them."""
_SCHEMAS = "#/components/schemas/"
_JSON_KINDS: Mapping[ColumnKind, str] = {
    ColumnKind.KEY: "integer",
    ColumnKind.INTEGER: "integer",
    ColumnKind.FLAG: "integer",
    ColumnKind.NUMBER: "number",
    ColumnKind.CATEGORY: "string",
}
_EXAMPLE: dict[str, Any] = {
    "SK_ID_CURR": 100001,
    "NAME_CONTRACT_TYPE": "Cash loans",
    "AMT_INCOME_TOTAL": 150000.0,
    "AMT_CREDIT": 500000.0,
    "AMT_ANNUITY": 25000.0,
    "DAYS_BIRTH": -15000,
    "DAYS_EMPLOYED": -2000,
    "EXT_SOURCE_2": 0.6,
    "bureau": [{"SK_ID_CURR": 100001, "SK_ID_BUREAU": 1, "CREDIT_ACTIVE": "Closed", "DAYS_CREDIT": -900}],
    **{name: [] for name in HISTORY_TABLES if name != "bureau"},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "requests with the same key are one request: a repeat gets the recorded answer, "
    "with the header Idempotent-Replayed: true",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def _body(schema: str, example: Mapping[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"{_SCHEMAS}{schema}"}, "example": example}}
    return {"requestBody": {"required": True, "content": content}, "parameters": [_IDEMPOTENCY_KEY]}


PREDICT_BODY = _body("Application", _EXAMPLE)
BATCH_BODY = _body("Batch", {"clients": [_EXAMPLE]})
_OUTCOME = {"SK_ID_CURR": 100001, "kind": "default", "observed_at": "2026-11-20T00:00:00Z", "defaulted": 1}
OUTCOMES_BODY = {"requestBody": _body("Outcomes", {"outcomes": [_OUTCOME]})["requestBody"]}


def describe_problems(statuses: Collection[int]) -> dict[int | str, dict[str, Any]]:
    """Document the problems with these statuses: the codes and what each asks of the caller."""
    by_status: defaultdict[int, list[Problem]] = defaultdict(list)
    for problem in _every_problem():
        by_status[problem.status].append(problem)
    return {
        status: {
            "description": "; ".join(f"`{problem.code}`: {problem.title}" for problem in by_status[status]),
            "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_SCHEMAS}{ProblemAnswer.__name__}"}}},
        }
        for status in statuses
    }


def document_requests(document: dict[str, Any], services: Services) -> dict[str, Any]:
    """Add the schemas of requests and problems, the limits and the scopes to an OpenAPI document."""
    _document_limits(document, services)
    _document_scopes(document, asks_for_keys=services.authenticator is not None)
    tables = table_schemas()
    rows = {f"row_of_{name}": _describe_row(schema) for name, schema in tables.items() if name != APPLICATION}
    application = _describe_row(tables[APPLICATION])
    application["properties"] |= {
        name: {
            "type": "array",
            "items": {"$ref": f"{_SCHEMAS}row_of_{name}"},
            "maxItems": MAX_ROWS_PER_TABLE,
            "description": "the applicant's rows of this table; leave out all history tables to use the stored ones",
        }
        for name in tables
        if name != APPLICATION
    }
    document["components"]["schemas"] |= rows | {
        "Application": application,
        "Batch": _describe_batch(),
        "Outcomes": describe_outcomes(),
        ProblemAnswer.__name__: ProblemAnswer.model_json_schema(),
    }
    return document


def _document_limits(document: dict[str, Any], services: Services) -> None:
    limits = {
        "/predict": services.max_body_bytes,
        "/predict-batch": services.max_batch_body_bytes,
        "/outcomes": services.max_batch_body_bytes,
    }
    for path, max_bytes in limits.items():
        operation = document["paths"][path]["post"]
        operation["requestBody"]["description"] = f"at most {max_bytes} bytes, nested at most {MAX_DEPTH} levels deep"
        operation["responses"]["413"]["description"] += f" (more than {max_bytes} bytes)"


def _document_scopes(document: dict[str, Any], *, asks_for_keys: bool) -> None:
    if not asks_for_keys:
        return
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for path, operations in document["paths"].items():
        scope = SCOPES[path]
        for operation in operations.values() if scope else ():
            operation["security"] = [{"key": []}]
            operation["description"] = f"Needs a key with the scope `{scope}`."


def _every_problem() -> Iterable[Problem]:
    invalid = (INVALID_APPLICATION, INVALID_OUTCOMES)
    return (*REFUSALS.values(), *invalid, KEY_REUSED, LOG_UNAVAILABLE, OUTCOME_UNKNOWN, NOT_READY, INTERNAL_ERROR)


def _describe_batch() -> dict[str, Any]:
    clients = {
        "type": "array",
        "items": {"$ref": f"{_SCHEMAS}Application"},
        "minItems": 1,
        "maxItems": MAX_CLIENTS,
    }
    return {
        "type": "object",
        "properties": {"clients": clients},
        "required": ["clients"],
        "additionalProperties": False,
    }


def _describe_row(schema: TableSchema) -> dict[str, Any]:
    columns = [column for column in schema.columns if column.name != TARGET]
    is_client = schema.name == APPLICATION  # rows of history may leave out whose they are
    properties = {column.name: _describe_column(column) for column in columns}
    if CLIENT in properties and not is_client:
        properties[CLIENT]["type"] = [properties[CLIENT]["type"], "null"]
    return {
        "type": "object",
        "properties": properties,
        "required": [column.name for column in columns if column.required and (is_client or column.name != CLIENT)],
        "additionalProperties": False,
    }


def _describe_column(column: Column) -> dict[str, Any]:
    kind = _JSON_KINDS[column.kind]
    described: dict[str, Any] = {
        "type": kind if column.required else [kind, "null"],
        "description": f"{column.meaning} ({column.unit}){_describe_missing(column)}",
    }
    values = [*column.categories, *(text for text in column.sentinels if isinstance(text, str))]
    if values and len(values) <= _MANY:
        described["enum"] = values if column.required else [*values, None]
    if column.required and column.minimum is not None and column.maximum is not None:
        described |= {"minimum": column.minimum, "maximum": column.maximum}
    return described


def _describe_missing(column: Column) -> str:
    """Say what counts as missing in a column that may be."""
    parts = []
    if not column.required and column.minimum is not None and column.maximum is not None:
        parts.append(f"outside {column.minimum:g} to {column.maximum:g}")
    parts += [f"{value:g}" if isinstance(value, float) else value for value in column.sentinels]
    return f"; counts as missing: {', '.join(parts)}" if parts else ""

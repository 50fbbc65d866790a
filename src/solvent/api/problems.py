"""The one table from what can go wrong to `application/problem+json` (RFC 9457). No answer repeats what came in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from uuid import UUID

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from solvent.api.refusals import Refusal, RequestRefusedError
from solvent.errors import (
    ApplicationError,
    InvalidOutcomesError,
    KeyInFlightError,
    KeyReusedError,
    LogUnavailableError,
    OutcomeUnknownError,
)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of refusal or failure; `is_passing` invites the caller to try again."""

    status: int
    code: str
    title: str
    detail: str
    is_passing: bool = False

    @property
    def kind(self) -> str:
        """The `type` of the problem: a name, not an address."""
        return f"urn:solvent:problem:{self.code}"


INVALID_APPLICATION = Problem(
    422, "invalid-application", "The application is not valid", "Correct what `problems` names, and send it again."
)
INVALID_OUTCOMES = Problem(
    422,
    "invalid-outcomes",
    "The outcomes are not valid",
    "None was kept. Correct what `problems` names, and send all of them again.",
)
KEY_REUSED = Problem(
    422,
    "idempotency-key-reused",
    "The Idempotency-Key is taken",
    "This key came before with another body: use a new key for a new request.",
)
KEY_IN_FLIGHT = Problem(
    409,
    "idempotency-key-in-flight",
    "A request with this Idempotency-Key is under way",
    "Nothing was decided twice. Repeat the request with the same key, as Retry-After says, for its answer.",
    is_passing=True,
)
LOG_UNAVAILABLE = Problem(
    503,
    "log-unavailable",
    "Decisions cannot be recorded now",
    "Nothing was decided or recorded. Try again later, with the same Idempotency-Key if there was one.",
    is_passing=True,
)
OUTCOME_UNKNOWN = Problem(
    503,
    "outcome-unknown",
    "It is not known whether the decision was recorded",
    "Repeat the request with the same Idempotency-Key: the decision is then made once and only once.",
    is_passing=True,
)
NOT_READY = Problem(
    503,
    "not-ready",
    "A dependency does not answer",
    "Send no requests here until this check answers 200; `problems` names what fails.",
    is_passing=True,
)
NOT_FOUND = Problem(404, "not-found", "There is no such address", "See /docs for the addresses of this service.")
METHOD_NOT_ALLOWED = Problem(
    405, "method-not-allowed", "The address does not take this method", "The header Allow names the methods it takes."
)
INTERNAL_ERROR = Problem(
    500,
    "internal-error",
    "The request failed",
    "The fault is ours, and no decision was made. Report the request id to the operator.",
)


def _malformed(refusal: Refusal, detail: str) -> Problem:
    return Problem(400, refusal, "The body is not strict JSON", detail)


def _passing(status: int, refusal: Refusal, title: str, detail: str) -> Problem:
    return Problem(status, refusal, title, detail, is_passing=True)


REFUSALS: Mapping[Refusal, Problem] = MappingProxyType(
    {
        Refusal.EMPTY_BODY: _malformed(Refusal.EMPTY_BODY, "Send a JSON object as the body."),
        Refusal.BODY_INCOMPLETE: _malformed(Refusal.BODY_INCOMPLETE, "The body ended early: send it whole."),
        Refusal.WRONG_ENCODING: _malformed(Refusal.WRONG_ENCODING, "Send UTF-8: this looks like UTF-16 or UTF-32."),
        Refusal.INVALID_UTF8: _malformed(Refusal.INVALID_UTF8, "Some bytes are not valid UTF-8."),
        Refusal.BYTE_ORDER_MARK: _malformed(Refusal.BYTE_ORDER_MARK, "Leave out the byte order mark."),
        Refusal.MALFORMED_JSON: _malformed(Refusal.MALFORMED_JSON, "Check the body with a JSON validator (RFC 8259)."),
        Refusal.TRAILING_DATA: _malformed(Refusal.TRAILING_DATA, "Send one JSON document, and nothing behind it."),
        Refusal.DUPLICATE_KEY: _malformed(Refusal.DUPLICATE_KEY, "An object names a key twice: name each key once."),
        Refusal.TOO_DEEP: _malformed(Refusal.TOO_DEEP, "Lists and objects may be nested 8 levels deep."),
        Refusal.NUMBER_NOT_FINITE: _malformed(
            Refusal.NUMBER_NOT_FINITE, "NaN, Infinity and numbers beyond 1.8e308 are not allowed: send null."
        ),
        Refusal.NUMBER_TOO_LONG: _malformed(Refusal.NUMBER_TOO_LONG, "A number may have 40 digits."),
        Refusal.INTEGER_TOO_LARGE: _malformed(
            Refusal.INTEGER_TOO_LARGE, "Integers beyond 9007199254740991 are not kept exactly: none is needed here."
        ),
        Refusal.LONE_SURROGATE: _malformed(Refusal.LONE_SURROGATE, "A text holds half of a surrogate pair."),
        Refusal.NUL_CHARACTER: _malformed(Refusal.NUL_CHARACTER, "A text holds the character NUL."),
        Refusal.INVALID_IDEMPOTENCY_KEY: Problem(
            400,
            Refusal.INVALID_IDEMPOTENCY_KEY,
            "The Idempotency-Key is not valid",
            "Send one key of 1 to 255 visible ASCII characters, without blanks.",
        ),
        Refusal.BODY_TOO_LARGE: Problem(
            413, Refusal.BODY_TOO_LARGE, "The body is too large", "See /docs for the limits; split large batches."
        ),
        Refusal.UNSUPPORTED_CONTENT_TYPE: Problem(
            415,
            Refusal.UNSUPPORTED_CONTENT_TYPE,
            "The body is not announced as JSON",
            "Send Content-Type: application/json, in UTF-8 and without Content-Encoding.",
        ),
        Refusal.INVALID_HTTP: Problem(
            400, Refusal.INVALID_HTTP, "The message is not valid HTTP", "Send HTTP/1.1 as RFC 9112 describes it."
        ),
        Refusal.HEADERS_TOO_LARGE: Problem(
            431, Refusal.HEADERS_TOO_LARGE, "The headers are too large", "Send fewer or shorter headers."
        ),
        Refusal.REQUEST_TOO_SLOW: Problem(
            408, Refusal.REQUEST_TOO_SLOW, "The request came too slowly", "Send headers and body without a pause."
        ),
        Refusal.WRONG_HOST: Problem(
            421, Refusal.WRONG_HOST, "This host is not served here", "See the setting SOLVENT_ALLOWED_HOSTS."
        ),
        Refusal.NOT_AUTHENTICATED: Problem(
            401, Refusal.NOT_AUTHENTICATED, "A valid API key is needed", "Send the header Authorization: Bearer <key>."
        ),
        Refusal.SCOPE_MISSING: Problem(
            403, Refusal.SCOPE_MISSING, "The API key may not do this", "Use a key whose scopes allow this address."
        ),
        Refusal.KEYS_UNAVAILABLE: _passing(
            503, Refusal.KEYS_UNAVAILABLE, "API keys cannot be checked now", "Nothing was done. Try again later."
        ),
        Refusal.RATE_EXCEEDED: _passing(
            429, Refusal.RATE_EXCEEDED, "Too many requests", "Nothing was done. Wait as Retry-After says."
        ),
        Refusal.OVERLOADED: _passing(
            503, Refusal.OVERLOADED, "The service is full", "Nothing was decided. Wait as Retry-After says."
        ),
        Refusal.BUNDLE_REFUSED: Problem(
            422, Refusal.BUNDLE_REFUSED, "The bundle is refused", "The model before it stays; `problems` says why."
        ),
        Refusal.NO_PREVIOUS_MODEL: Problem(
            409, Refusal.NO_PREVIOUS_MODEL, "There is no model to go back to", "No other was in force since the start."
        ),
    }
)
_HTTP: Mapping[int, Problem] = MappingProxyType({404: NOT_FOUND, 405: METHOD_NOT_ALLOWED})
_ERRORS: Mapping[type[Exception], Problem] = MappingProxyType(
    {
        ApplicationError: INVALID_APPLICATION,
        InvalidOutcomesError: INVALID_OUTCOMES,
        KeyReusedError: KEY_REUSED,
        KeyInFlightError: KEY_IN_FLIGHT,
        LogUnavailableError: LOG_UNAVAILABLE,
        OutcomeUnknownError: OUTCOME_UNKNOWN,
    }
)


def find_problem(error: Exception) -> Problem:
    """Return the outside form of an error; what the table does not know is an internal error."""
    if isinstance(error, RequestRefusedError):
        return REFUSALS[error.refusal]
    if isinstance(error, HTTPException):
        return _HTTP.get(error.status_code, INTERNAL_ERROR)
    return next((problem for kind, problem in _ERRORS.items() if isinstance(error, kind)), INTERNAL_ERROR)


def render_problem(
    problem: Problem, request_id: UUID, *, problems: Sequence[str] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """Make the answer; `problems` names fields or dependencies, never values. `headers` replace those of the table."""
    document = {
        "type": problem.kind,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": str(request_id),
    }
    if problems:
        document["problems"] = list(problems)
    return Response(orjson.dumps(document), problem.status, {**_headers_of(problem), **(headers or {})}, MEDIA_TYPE)


def render_error(error: Exception, problem: Problem, request_id: UUID) -> Response:
    """Make the answer to an error that `find_problem` knows, with the names and headers that it carries."""
    named = ApplicationError | InvalidOutcomesError | RequestRefusedError
    names = error.problems if isinstance(error, named) else ()
    headers = error.headers if isinstance(error, HTTPException | RequestRefusedError) else None
    return render_problem(problem, request_id, problems=names, headers=headers)


def retry_headers(milliseconds: int) -> dict[str, str]:
    """When to try again: in whole seconds as RFC 9110 has it, and in milliseconds."""
    return {"Retry-After": str(max(1, -(-milliseconds // 1000))), "Retry-After-Ms": str(milliseconds)}


def _headers_of(problem: Problem) -> dict[str, str]:
    if problem.status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    return retry_headers(1000 * RETRY_SECONDS) if problem.is_passing else {}

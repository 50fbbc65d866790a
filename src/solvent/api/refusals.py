"""Why a request is refused whatever it asks."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from solvent.errors import SolventError


class Refusal(StrEnum):
    """What is wrong with a request as a message; the value is the code that the caller reads."""

    EMPTY_BODY = "empty-body"
    BODY_INCOMPLETE = "body-incomplete"
    BODY_TOO_LARGE = "body-too-large"
    UNSUPPORTED_CONTENT_TYPE = "unsupported-content-type"
    WRONG_ENCODING = "wrong-encoding"
    INVALID_UTF8 = "invalid-utf-8"
    BYTE_ORDER_MARK = "byte-order-mark"
    MALFORMED_JSON = "malformed-json"
    TRAILING_DATA = "trailing-data"
    DUPLICATE_KEY = "duplicate-key"
    TOO_DEEP = "too-deep"
    NUMBER_NOT_FINITE = "number-not-finite"
    NUMBER_TOO_LONG = "number-too-long"
    INTEGER_TOO_LARGE = "integer-too-large"
    LONE_SURROGATE = "lone-surrogate"
    NUL_CHARACTER = "nul-character"
    INVALID_IDEMPOTENCY_KEY = "invalid-idempotency-key"
    INVALID_HTTP = "invalid-http"
    HEADERS_TOO_LARGE = "headers-too-large"
    REQUEST_TOO_SLOW = "request-too-slow"
    WRONG_HOST = "wrong-host"
    NOT_AUTHENTICATED = "not-authenticated"
    SCOPE_MISSING = "scope-missing"
    KEYS_UNAVAILABLE = "keys-unavailable"
    RATE_EXCEEDED = "rate-exceeded"
    OVERLOADED = "overloaded"
    BUNDLE_REFUSED = "bundle-refused"
    NO_PREVIOUS_MODEL = "no-previous-model"


class RequestRefusedError(SolventError):
    """A request is not one that we answer; `refusal` says why, and nothing of the request is kept.

    `problems` names files or dependencies, never values; `headers` go with the answer.
    """

    def __init__(
        self, refusal: Refusal, *, problems: tuple[str, ...] = (), headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.refusal = refusal
        self.problems = problems
        self.headers = headers
        super().__init__(f"the request was refused: {refusal}")

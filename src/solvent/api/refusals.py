"""Why a request is refused before anybody looks at what it asks."""

from enum import StrEnum

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


class RequestRefusedError(SolventError):
    """A request is not one that we read; `refusal` says why, and nothing of the request is kept."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(f"the request was refused: {refusal}")

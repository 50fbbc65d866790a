"""What a POST brings: its body, decoded, and its Idempotency-Key."""

import hashlib
import re
from typing import Any

from starlette.requests import ClientDisconnect, Request

from solvent.api.refusals import Refusal, RequestRefusedError
from solvent.api.routes.json_gate import read_json
from solvent.domain.records import Claim

_JSON_TYPE = re.compile(r"application/json *(; *charset *= *\"?utf-8\"? *)?", re.IGNORECASE)
_VISIBLE_ASCII = re.compile(r"[!-~]{1,255}")


async def read_document(request: Request, *, max_bytes: int, caller: str) -> tuple[Any, Claim | None]:
    """Read and decode the body; also return the caller's claim if the request has an Idempotency-Key.

    Raises:
        RequestRefusedError: the message is not one that we read, or its body has more than `max_bytes`.
    """
    _check_content_type(request)
    key = _read_key(request)
    body = await _read_body(request, max_bytes)
    document = read_json(body)
    return document, None if key is None else Claim(caller, key, hashlib.sha256(body).digest())


def _check_content_type(request: Request) -> None:
    given = _headers(request, b"content-type")
    if len(given) != 1 or not _JSON_TYPE.fullmatch(given[0]) or _headers(request, b"content-encoding"):
        raise RequestRefusedError(Refusal.UNSUPPORTED_CONTENT_TYPE)


def _read_key(request: Request) -> str | None:
    given = _headers(request, b"idempotency-key")
    if not given:
        return None
    if len(given) > 1 or not _VISIBLE_ASCII.fullmatch(given[0]):
        raise RequestRefusedError(Refusal.INVALID_IDEMPOTENCY_KEY)
    return given[0]


def _headers(request: Request, name: bytes) -> list[str]:
    """All values of a header; Starlette's own look-up reads every header for each."""
    return [value.decode("latin-1") for given, value in request.scope["headers"] if given == name]


async def _read_body(request: Request, max_bytes: int) -> bytes:
    """Read the body, never keeping more than the limit and one chunk of it."""
    for declared in _headers(request, b"content-length"):
        if declared.isdecimal() and (len(declared) > 18 or int(declared) > max_bytes):
            raise RequestRefusedError(Refusal.BODY_TOO_LARGE)
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > max_bytes:
                raise RequestRefusedError(Refusal.BODY_TOO_LARGE)
            chunks.append(chunk)
    except ClientDisconnect:
        raise RequestRefusedError(Refusal.BODY_INCOMPLETE) from None
    return b"".join(chunks)

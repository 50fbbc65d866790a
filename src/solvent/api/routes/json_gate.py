"""Bytes to a decoded document, if they are JSON that can be read in one way only (RFC 8259, RFC 7493)."""

import re
from typing import Any

import orjson

from solvent.api.refusals import Refusal, RequestRefusedError

MAX_DEPTH = 8
"""Nested lists and objects; a batch of applications with history rows has 5."""
MAX_DIGITS = 40
MAX_INTEGER = 2**53 - 1
"""The largest integer that every reader of JSON keeps exactly (RFC 7493, section 2.2)."""


def _translation(classes: dict[str, str], otherwise: str) -> bytes:
    table = bytearray(otherwise.encode() * 256)
    for characters, stands_for in classes.items():
        for character in characters.encode():
            table[character] = ord(stands_for)
    return bytes(table)


_BRACKETS = _translation({"{[": "{", "}]": "}"}, "_")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"{}[]")
_NUMBERS = _translation({"0123456789+-.eE": "0"}, " ")
_WHOLE_PARTS = _translation({"0123456789": "0", "+.eE": "x"}, " ")
_DIGITS = tuple(b"%d" % digit for digit in range(10))
_LONG_NUMBER = re.compile(rb"[0-9.eE+-]{%d,}" % (MAX_DIGITS + 1))
_LONG_INTEGER = re.compile(rb"(?<![0-9.eE+-])-?[0-9]{16,}(?![0-9.eE])")
_NOT_FINITE = re.compile(rb"NaN|Infinity")
_FAULTS = (
    ("surrogate in string", Refusal.LONE_SURROGATE),
    ("infinity", Refusal.NUMBER_NOT_FINITE),
    ("depth limit", Refusal.TOO_DEEP),
    ("after document", Refusal.TRAILING_DATA),
)
"""Words in the messages of orjson's decoder, and what they mean."""


def read_json(body: bytes) -> Any:  # noqa: ANN401 - a JSON document
    """Decode a JSON document.

    Raises:
        RequestRefusedError: the bytes are not strict JSON in UTF-8, an object names a key twice, a text holds NUL or
            half a surrogate pair, or the document goes beyond the limits of this module.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # Without a cause: the decoder's error carries the whole body.
        raise RequestRefusedError(_find_fault(body, str(error))) from None
    plain = _without_escapes(body)
    outside = b'"'.join(plain.split(b'"')[::2])
    _check_depth(outside)
    _check_numbers(outside)
    if _count_keys(document, objects=outside.count(b"{")) != outside.count(b":"):
        raise RequestRefusedError(Refusal.DUPLICATE_KEY)
    return document


def _find_fault(body: bytes, message: str) -> Refusal:
    """Name what the decoder stumbled over."""
    if not body.strip(b" \t\r\n"):
        return Refusal.EMPTY_BODY
    if body.startswith(b"\xef\xbb\xbf"):
        return Refusal.BYTE_ORDER_MARK
    if body.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in body[:4]:
        return Refusal.WRONG_ENCODING
    if not _is_utf8(body):
        return Refusal.INVALID_UTF8
    if b"\0" in body:
        return Refusal.NUL_CHARACTER
    for words, refusal in _FAULTS:
        if words in message:
            return refusal
    outside = b'"'.join(body.split(b'"')[::2])
    return Refusal.NUMBER_NOT_FINITE if _NOT_FINITE.search(outside) else Refusal.MALFORMED_JSON


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _without_escapes(body: bytes) -> bytes:
    """Make every quote in valid JSON one that opens or closes a text, and refuse escaped NUL characters."""
    if b"\\" not in body:
        return body
    single = body.replace(rb"\\", b"__")
    if rb"\u0000" in single:
        raise RequestRefusedError(Refusal.NUL_CHARACTER)
    return single.replace(rb"\"", b"__")


def _check_depth(outside: bytes) -> None:
    brackets = outside.translate(_BRACKETS, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"{}", b"")  # takes away exactly the innermost pairs
    if brackets:
        raise RequestRefusedError(Refusal.TOO_DEEP)


def _check_numbers(outside: bytes) -> None:
    """Search for long numbers only if there is a run that could hold one: the search costs more than all the rest."""
    if b"0" * (MAX_DIGITS + 1) in outside.translate(_NUMBERS) and any(
        sum(map(number.count, _DIGITS)) > MAX_DIGITS for number in _LONG_NUMBER.findall(outside)
    ):
        raise RequestRefusedError(Refusal.NUMBER_TOO_LONG)
    if b" " + b"0" * 16 in b" " + outside.translate(_WHOLE_PARTS) and any(
        abs(int(number)) > MAX_INTEGER for number in _LONG_INTEGER.findall(outside)
    ):
        raise RequestRefusedError(Refusal.INTEGER_TOO_LARGE)


def _count_keys(document: object, *, objects: int) -> int:
    """Count the keys of all objects; the walk ends with the last of them, so plain values are hardly looked at."""
    keys = 0
    level = [document]
    while level and objects > 0:
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                keys += len(value)
                objects -= 1
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
        level = below
    return keys

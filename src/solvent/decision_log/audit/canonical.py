"""Values in PostgreSQL's binary form: what is sent to the database and what the chain covers, byte for byte.

The forms are those of the server's own `..._send` functions and of `COPY ... (FORMAT binary)`, so that a verifier can
hash what the server sends without decoding it.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

VERSION = 1
"""Of the canonical form: these encodings, and the columns of `schema` in their order."""

Value = bytes | None

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_INT2, _INT4, _INT8, _FLOAT8 = (struct.Struct(form) for form in (">h", ">i", ">q", ">d"))
_ARRAY = struct.Struct(">iii")
_DIMENSION = struct.Struct(">ii")
_NULL = _INT4.pack(-1)
_ITEM = struct.Struct(">id")
_TEXT_OID, _FLOAT8_OID = 25, 701

encode_int2 = _INT2.pack
encode_int8 = _INT8.pack
encode_float8 = _FLOAT8.pack


def microseconds_of(moment: datetime) -> int:
    """Microseconds since 2000-01-01 in UTC."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def encode_time(moment: datetime) -> bytes:
    """As `microseconds_of`."""
    return _INT8.pack(microseconds_of(moment))


@lru_cache(maxsize=1024)
def encode_texts(texts: tuple[str | None, ...]) -> bytes:
    """An array of texts; lists of warnings, reasons and categories repeat, so their bytes are kept."""
    return _encode_array(_TEXT_OID, [None if text is None else text.encode() for text in texts])


def encode_numbers(numbers: Sequence[float | None]) -> bytes:
    """An array of float64."""
    items = b"".join([_NULL if number is None else _ITEM.pack(8, number) for number in numbers])
    return _head(_FLOAT8_OID, len(numbers), has_null=None in numbers) + items


def frame(values: Sequence[Value]) -> bytes:
    """Join values, each behind its length in four bytes, -1 for NULL: the row as COPY sends it, without field count."""
    return b"".join([_NULL if value is None else _INT4.pack(len(value)) + value for value in values])


def _encode_array(oid: int, items: list[bytes | None]) -> bytes:
    return _head(oid, len(items), has_null=None in items) + frame(items)


def _head(oid: int, count: int, *, has_null: bool) -> bytes:
    return _ARRAY.pack(1, has_null, oid) + _DIMENSION.pack(count, 1) if count else _ARRAY.pack(0, 0, oid)

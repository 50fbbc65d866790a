"""Requests that were good once: applications drawn from the schemas of the tables, spoiled in all that HTTP carries."""

import json
import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from in_process import Request
from solvent.api.callers.access import SCOPES
from solvent.tables.schemas import APPLICATION, CLIENT, HISTORY_TABLES, TARGET, Column, ColumnKind, table_schemas

JSON_TYPE = (b"content-type", b"application/json")
_TOKENS = (
    b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-0", b"\\ud800", b"\\u0000", b"\0", b"\xff", b"\xc0\x80",
    b"\xef\xbb\xbf", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"[" * 600, b"9" * 60,
    b"9007199254740993", b"/*", b"//", b"'", b"\r\n", b"\t", b"e", b".", b"-", b"0x", "\u202e".encode(),
)  # fmt: skip
_STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, -0.0, 0.5, 2**53 - 1, 2**53, -(2**63), 10**30, 1e308, -1e308, 5e-324, 365243, "", " ",
    "XNA", "NaN", "null", "0", "-1", "1e400", "\x00", "\u0130", "e\u0301", "\ufeff", "\U0001f600", "../../etc/passwd",
    "'; DROP TABLE decisions; --", "<script>alert(1)</script>", "${jndi:ldap://x}", "{{7*7}}", "%s%n", "x" * 10_000,
    [], {}, [[]], [None], [{}], {"a": 1}, [[[[[[[[[[]]]]]]]]]], {"": {"": {"": {"": {"": {"": {"": {"": {}}}}}}}}},
)  # fmt: skip
_TYPES = (
    b"text/plain", b"application/json; charset=utf-16", b"application/json;charset=utf-8", b"application/xml", b"",
    b"multipart/form-data; boundary=x", b"application/json, application/json", b"APPLICATION/JSON", b"\xff",
)  # fmt: skip
_HEADERS = (
    b"idempotency-key", b"content-encoding", b"content-length", b"transfer-encoding", b"host", b"authorization",
    b"x-forwarded-for", b"x-request-id", b"origin", b"cookie", b"accept", b"range", b"expect", b"x-method-override",
    b"content-type", b"traceparent", b"user-agent", b"referer", b"forwarded", b"if-none-match",
)  # fmt: skip
_VALUES = (
    b"", b"0", b"-1", b"99999999999999999999", b"gzip", b"chunked", b"identity", b"*", b"\xff\xfe", b"a" * 4000,
    b"bytes=0-1", b"100-continue", b"Bearer x", b"Bearer slv_000000000001_" + b"A" * 43, b"null", b"%00", b"k",
)  # fmt: skip
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", "post", "X")
_PATHS = (
    b"/predict/", b"//predict", b"/predict%2f", b"/predict%00", b"/%70redict", b"/./predict", b"/../predict",
    b"/PREDICT", b"/predict;x=1", b"/docs/assets/..%2f..%2fetc%2fpasswd", b"/docs/assets/%2e%2e/app.py",
    b"/docs/assets/", b"/docs/assets/%ff", b"/%", b"/%zz", b"*", b"/" + b"a" * 5000, b"/predict%",
    b"/admin/reload/", b"/admin",
    b"/health/live/..", b"/metrics?x=%ff", b"/openapi.json?a[]=1", b"/\xc3\xa9", b"/predict?SK_ID_CURR=1",
)  # fmt: skip


def make_marker(number: int) -> str:
    """Return a text that nothing but this request holds."""
    return f"Zq{number}xQz"


def make_request(seed: int, number: int) -> Request:
    """Make the request of that number: equal seed and number, equal request; some are left as they were drawn."""
    chance = random.Random((seed << 40) + number)  # noqa: S311 - reproducible requests
    marker = make_marker(number)
    kind = chance.random()
    if kind < 0.08:
        return _wander(chance, marker)
    is_batch = chance.random() < 0.2
    documents = [_draw_application(chance) for _ in range(chance.randint(1, 3) if is_batch else 1)]
    document: Any = {"clients": documents} if is_batch else documents[0]
    if kind < 0.5:
        for _ in range(chance.randint(1, 3)):
            document = _spoil_tree(document, chance, marker)
    body = json.dumps(document, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    if 0.4 < kind < 0.9:
        for _ in range(chance.randint(1, 4)):
            body = chance.choice(_SPOILERS)(body, chance)
    headers = [JSON_TYPE]
    if chance.random() < 0.15:
        headers = _spoil_headers(headers, chance, marker)
    return Request("POST", b"/predict-batch" if is_batch else b"/predict", tuple(headers), _cut(body, chance))


def _cut(body: bytes, chance: random.Random) -> tuple[bytes, ...]:
    if chance.random() < 0.9:
        return (body,)
    at = chance.randint(0, len(body))
    return (body[:at], b"", body[at:])


def _wander(chance: random.Random, marker: str) -> Request:
    """Go to any address with any method."""
    address = chance.choice((*_PATHS, *(path.encode() for path in SCOPES), marker.encode()))
    target = address if chance.random() < 0.7 else address + b"?" + marker.encode() + b"=" + chance.choice(_VALUES)
    headers = _spoil_headers([JSON_TYPE], chance, marker)
    body = json.dumps({marker: marker}).encode()
    return Request(chance.choice(_METHODS), target.replace(b"{name}", marker.encode()), tuple(headers), (body,))


def _draw_application(chance: random.Random) -> dict[str, Any]:
    schemas = table_schemas()
    client = chance.randint(1, 10**6)
    application: dict[str, Any] = _draw_row(schemas[APPLICATION].columns, chance, share=0.4)
    application |= {CLIENT: client}
    loans = [chance.randint(1, 10**6) for _ in range(2)]
    for table in HISTORY_TABLES:
        if chance.random() < 0.2:
            rows = [_draw_row(schemas[table].columns, chance, share=0.6) for _ in range(chance.randint(0, 3))]
            for row in rows:
                row |= {name: client if name == CLIENT else chance.choice(loans) for name in row if name[:5] == "SK_ID"}
            application[table] = rows
    if "bureau_balance" in application:
        application["bureau"] = [{"SK_ID_BUREAU": loan} for loan in set(loans)]
    return application


def _draw_row(columns: tuple[Column, ...], chance: random.Random, *, share: float) -> dict[str, Any]:
    drawn = [column for column in columns if column.required or chance.random() < share]
    return {column.name: _draw_value(column, chance) for column in drawn if column.name != TARGET}


def _draw_value(column: Column, chance: random.Random) -> Any:  # noqa: ANN401 - JSON
    if column.kind is ColumnKind.CATEGORY:
        return chance.choice(column.categories)
    low, high = column.minimum or 0.0, column.maximum or 0.0
    if column.kind is ColumnKind.NUMBER:
        return round(chance.uniform(low, min(high, 1e7)), 3)
    return chance.randint(int(low), int(min(high, 1e6)))


def _spoil_tree(document: Any, chance: random.Random, marker: str) -> Any:  # noqa: ANN401 - JSON
    """Change one value or one name anywhere in a document."""
    places = _places(document) if isinstance(document, dict | list) else []
    if not places or chance.random() < 0.02:
        return deepcopy(chance.choice(_STRANGE))
    holder, at = chance.choice(places)
    match chance.randrange(6):
        case 0 if isinstance(holder, dict):
            del holder[at]
        case 1 if isinstance(holder, dict):
            holder[chance.choice((marker, at.lower(), at + " ", "\u0410" + at[1:], ""))] = holder.pop(at)
        case 2:
            holder[at] = marker
        case 3:
            holder[at] = [holder[at]] * chance.choice((1, 2, 60))
        case _:
            holder[at] = deepcopy(chance.choice(_STRANGE))
    return document


def _places(document: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - JSON
    found: list[tuple[Any, Any]] = []
    level = [document]
    while level:
        holder = level.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        found.extend((holder, key) for key in keys)
        level.extend(holder[key] for key in keys if isinstance(holder[key], dict | list))
    return found


def _spoil_headers(headers: list[tuple[bytes, bytes]], chance: random.Random, marker: str) -> list[tuple[bytes, bytes]]:
    match chance.randrange(4):
        case 0:
            return [(b"content-type", chance.choice(_TYPES))]
        case 1:
            return [*headers, (chance.choice(_HEADERS), marker.encode())]
        case 2:
            return [*headers, (marker.lower().encode(), marker.encode())]
        case _:
            return [*headers, (chance.choice(_HEADERS), chance.choice(_VALUES))]


def _insert(body: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + chance.choice(_TOKENS) + body[at:]


def _replace(body: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + chance.choice(_TOKENS) + body[at + chance.randint(1, 8) :]


def _flip(body: bytes, chance: random.Random) -> bytes:
    altered = bytearray(body or b" ")
    altered[chance.randrange(len(altered))] ^= 1 << chance.randrange(8)
    return bytes(altered)


def _leave_out(body: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + body[at + chance.randint(1, 40) :]


def _repeat(body: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(body))
    piece = body[at : at + chance.randint(1, 60)]
    return body[:at] + piece * chance.choice((2, 3, 50)) + body[at + len(piece) :]


def _truncate(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randint(0, len(body))]


def _encode(body: bytes, chance: random.Random) -> bytes:
    return body.decode("utf-8", "replace").encode(
        chance.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7"))
    )


def _nest(body: bytes, chance: random.Random) -> bytes:
    depth = chance.choice((1, 5, 8, 9, 1000))
    return b"[" * depth + body + b"]" * depth


_SPOILERS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _insert, _insert, _replace, _replace, _flip, _flip, _leave_out, _repeat, _truncate, _encode, _nest,
)  # fmt: skip

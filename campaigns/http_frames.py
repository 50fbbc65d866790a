"""Messages that bend or break HTTP/1.1 (RFC 9112), each with what must be answered."""

from collections.abc import Iterator
from dataclasses import dataclass

SMUGGLED = b"GET /model-info HTTP/1.1\r\nhost: localhost\r\n\r\n"
"""A request in the body of another one; nobody may answer it."""
BODY = (
    b'{"SK_ID_CURR": 7, "NAME_CONTRACT_TYPE": "Cash loans", "AMT_INCOME_TOTAL": 90000, "AMT_CREDIT": 500000, '
    b'"DAYS_BIRTH": -14000}'
)
_HEAD = b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"


@dataclass(frozen=True)
class Frame:
    """Bytes for one connection; the first answer must have one of `statuses` and there may be at most `answers`.

    Without `statuses` any answer, or none, will do.
    """

    name: str
    data: bytes
    statuses: tuple[int, ...] = ()
    answers: int = 1


def list_frames() -> Iterator[Frame]:
    """Yield hand-written messages, each with what must be answered."""
    yield Frame("a good one", _post(), (200,))
    yield Frame("two in a row", _post() * 2, (200,), answers=2)
    yield Frame("ten in a row", _post() * 10, (200,), answers=10)
    yield Frame("a refused one before a good one", _post(b"{") + _post(), (400,), answers=2)
    yield Frame("in chunks", _chunked(BODY), (200,))
    yield Frame("in chunks of one byte", _HEAD + b"transfer-encoding: chunked\r\n\r\n" + _chunks(BODY, 1), (200,))
    yield from _lengths()
    yield from _chunk_faults()
    yield from _smuggling()
    yield from _header_faults()
    yield from _request_lines()
    yield from _other_protocols()


def _post(body: bytes = BODY, *headers: bytes) -> bytes:
    lines = b"".join(line + b"\r\n" for line in headers)
    return _HEAD + lines + b"content-length: %d\r\n\r\n" % len(body) + body


def _chunks(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def _chunked(body: bytes, *, coding: bytes = b"chunked", name: bytes = b"transfer-encoding") -> bytes:
    return _HEAD + name + b": " + coding + b"\r\n\r\n" + _chunks(body, 40)


def _lengths() -> Iterator[Frame]:
    for value in (b"+5", b"-1", b"0x10", b"1e1", b"", b"5 5", b"5;", b"abc", "\u0665".encode(), b"9" * 30, b"5.0"):
        yield Frame(f"content-length {value!r}", _HEAD + b"content-length: " + value + b"\r\n\r\n" + BODY, (400, 413))
    size = b"content-length: %d\r\n" % len(BODY)
    yield Frame("two different lengths", _HEAD + size + b"content-length: 5\r\n\r\n" + BODY, (400,))
    yield Frame("the same length twice", _HEAD + size * 2 + b"\r\n" + BODY, (200, 400))
    yield Frame("a list of equal lengths", _HEAD + b"content-length: 5, 5\r\n\r\n12345", (400, 422))
    yield Frame("a list of lengths", _HEAD + b"content-length: 5, 6\r\n\r\n12345", (400,))
    yield Frame("no length", _HEAD + b"\r\n" + BODY, (400,), answers=2)
    yield Frame("a length beyond the limit", _HEAD + b"content-length: 10000000\r\n\r\n", (413,))


def _chunk_faults() -> Iterator[Frame]:
    start = _HEAD + b"transfer-encoding: chunked\r\n\r\n"
    for size in (b"zz", b"-1", b"", b" 5", b"0x5", b"f" * 30, b"+5"):
        yield Frame(f"chunk size {size[:12]!r}", start + size + b"\r\n12345\r\n0\r\n\r\n", (400,))
    yield Frame("a chunk longer than said", start + b"5\r\n1234567\r\n0\r\n\r\n", (400,))
    for size in (b"5 ", b"5;a=b", b"5;" + b"x" * 20_000):
        yield Frame(f"chunk size {size[:12]!r}", start + size + b"\r\n12345\r\n0\r\n\r\n", (400, 422, 431))
    yield Frame("a chunk ended by a line feed", start + b"5\n12345\n0\n\n")
    yield Frame("chunks with a trailer", start + _chunks(BODY, 40)[:-2] + b"x: y\r\n\r\n", (200, 400))
    yield Frame("chunks without an end", start + b"5\r\n12345\r\n")
    for coding in (
        b"xchunked",
        b"chunked, identity",
        b"gzip, chunked",
        b"chunked, chunked",
        b"identity",
        b"\x0bchunked",
    ):
        yield Frame(f"transfer-encoding {coding!r}", _chunked(BODY, coding=coding), (400, 501))
    yield Frame("transfer-encoding in capitals", _chunked(BODY, coding=b"CHUNKED"), (200, 400))
    yield Frame("transfer-encoding with a space", _chunked(BODY, name=b"transfer-encoding "), (400,))
    yield Frame("transfer-encoding on a folded line", _chunked(BODY, coding=b"\r\n chunked"), (400, 200))


def _smuggling() -> Iterator[Frame]:
    """CL.TE, TE.CL and TE.TE: the request inside must not be answered."""
    inside = b"0\r\n\r\n" + SMUGGLED
    both = _HEAD + b"content-length: %d\r\ntransfer-encoding: chunked\r\n\r\n" % len(inside)
    yield Frame("length and chunks", both + inside, (400,))
    both = _HEAD + b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n"
    yield Frame("chunks and length", both + b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED), (400,))
    for second in (b"identity", b"x", b"chunked"):
        twice = _HEAD + b"transfer-encoding: chunked\r\ntransfer-encoding: " + second + b"\r\n\r\n"
        yield Frame(f"chunks and {second!r}", twice + inside, (400, 501))
    for name in (b"transfer-encoding :", b"transfer\x00-encoding:", b"transfer_encoding:"):
        hidden = _HEAD + name + b" chunked\r\ncontent-length: %d\r\n\r\n" % len(inside)
        yield Frame(f"{name!r} and length", hidden + inside, (400,))
    yield Frame("a second host behind a bare line feed", b"GET / HTTP/1.1\r\nhost: localhost\nx: y\r\n\r\n", (200, 400))
    yield Frame("old protocol with chunks", _chunked(inside).replace(b"HTTP/1.1", b"HTTP/1.0"), (200, 400))
    yield Frame(
        "a body for GET", b"GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 47\r\n\r\n" + SMUGGLED[:47], (200,)
    )


def _header_faults() -> Iterator[Frame]:
    for line in (
        b"x : y",
        b": y",
        b"x",
        b"x y: z",
        b"x\x00: y",
        b"x: \x00",
        b"x: \x0b",
        b"\xff: y",
        b"x(: y",
    ):
        yield Frame(f"header {line!r}", _post(BODY, line), (400,))
    for line in (b"x: \xff", b"x:", b"x:y", b"x:\ty\t", b"x-%00: y", b"x: %00%0d%0a"):
        yield Frame(f"header {line!r}", _post(BODY, line), (200, 400))
    yield Frame("a folded line", _post(BODY, b" x: y"), (200, 400, 415))
    yield Frame("a return inside a header", _post(BODY, b"x: a\rb"), (400,))
    yield Frame("a header of 20 kB", _post(BODY, b"x: " + b"a" * 20_000), (431,))
    yield Frame("headers of 1 MB", _HEAD + b"x: yyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 33_000 + b"\r\n", (431,))
    yield Frame("a thousand headers", _post(BODY, *(b"x%d: y" % number for number in range(1000))), (200, 431))
    yield Frame("no host", b"GET / HTTP/1.1\r\n\r\n", (400, 421))
    yield Frame("two hosts", b"GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.test\r\n\r\n", (400, 421))
    yield Frame("another host", b"GET / HTTP/1.1\r\nhost: evil.test\r\n\r\n", (421,))
    yield Frame("100-continue", _post(BODY, b"expect: 100-continue"), (100, 200), answers=2)
    yield Frame("expects something else", _post(BODY, b"expect: x"), (200, 400, 417))
    yield Frame("wants a socket", _post(BODY, b"upgrade: websocket", b"connection: upgrade"), (200, 400, 426))
    yield Frame("wants HTTP/2", _post(BODY, b"upgrade: h2c", b"connection: upgrade, http2-settings"), (200, 400))


def _request_lines() -> Iterator[Frame]:
    host = b"\r\nhost: localhost\r\n\r\n"
    for target in (
        b"/%",
        b"/%zz",
        b"/%00",
        b"/%ff%fe",
        b"/%2e%2e/%2e%2e/etc/passwd",
        b"/%252e",
        b"//",
        b"/..",
        b"/a" * 4000,
    ):
        yield Frame(f"target {target[:30]!r}", b"GET " + target + b" HTTP/1.1" + host, (400, 404))
    for target in (b"*", b"localhost:80", b"\\", b"/#a", b"/ a", b"/\x00", b"/\x7f", b"/\xc3\xa9", b"", b"/\t"):
        yield Frame(f"target {target!r}", b"GET " + target + b" HTTP/1.1" + host, (200, 400, 404))
    yield Frame("a whole address", b"GET http://localhost/ HTTP/1.1" + host, (200, 400, 404))
    yield Frame("another server's address", b"GET http://evil.test/ HTTP/1.1" + host, (200, 400, 404, 421))
    yield Frame("a tunnel", b"CONNECT evil.test:443 HTTP/1.1" + host, (400, 404, 405))
    yield Frame("options of the server", b"OPTIONS * HTTP/1.1" + host, (400, 404, 405))
    yield Frame("a target of 20 kB", b"GET /" + b"a" * 20_000 + b" HTTP/1.1" + host, (400, 404, 414, 431))
    for method in (b"get", b"G\x00ET", b"GE T", b"", b"\xff", b"A" * 300):
        yield Frame(f"method {method[:9]!r}", method + b" / HTTP/1.1" + host, (400, 405))
    for version in (b"http/1.1", b"HTTP/1.1.1", b"HTTP/11", b"HTP/1.1", b""):
        yield Frame(f"version {version!r}", b"GET / " + version + host, (400, 505))
    for version in (b"HTTP/0.9", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9"):
        yield Frame(f"version {version!r}", b"GET / " + version + host, (200, 400, 505))
    yield Frame("no version", b"GET /\r\n")
    yield Frame("an empty line first", b"\r\nGET / HTTP/1.1" + host, (200, 400))
    yield Frame("line feeds only", b"GET / HTTP/1.1\nhost: localhost\n\n", (200, 400))
    yield Frame("returns only", b"GET / HTTP/1.1\rhost: localhost\r\r")


def _other_protocols() -> Iterator[Frame]:
    yield Frame(
        "HTTP/2 with prior knowledge", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", (400, 421, 505), answers=2
    )
    yield Frame("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2, (400,))
    yield Frame("SSH", b"SSH-2.0-OpenSSH_9.2\r\n")
    yield Frame("PostgreSQL", b"\0\0\0\x08\x04\xd2\x16\x2f")
    yield Frame("zeros", b"\0" * 70_000, (400, 431))
    yield Frame("a PROXY line", b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n" + _post(), (400,))
    yield Frame("half a request line", b"POST /pre")
    yield Frame("half the headers", _HEAD)
    yield Frame("half the body", _post()[:-20])
    yield Frame("nothing", b"")

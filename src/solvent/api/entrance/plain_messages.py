"""Reads the plain requests for decisions, which are nearly all, without the general parser of HTTP.

Nothing is read here that the parser would read in another way: what is not plain beyond doubt is left to it.
"""

import re
from typing import NamedTuple

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = rb"[\t\x20-\x7e]*"
_HEAD = re.compile(rb"POST (/predict|/predict-batch) HTTP/1\.1((?:\r\n" + _TOKEN + rb":" + _VALUE + rb")+)\r\n\r\n")
"""RFC 9112, section 5, without folded lines and without bytes beyond ASCII."""
_LENGTH = b"\r\ncontent-length:"
_HOST = b"\r\nhost:"
_CONNECTION = b"\r\nconnection:"
_KEPT = b"\r\nconnection: keep-alive\r\n"
_ELSEWHERE = re.compile(rb"\r\n(?:transfer-encoding|expect|upgrade):")
_KEY = b"\r\nauthorization: bearer slv_"
_KEY_ID_CHARACTERS = 12
_MAX_LENGTH_DIGITS = 8


class Message(NamedTuple):
    """The head of a plain request: `lines` are its headers, `size` counts its bytes with the body."""

    route: str
    head_size: int
    size: int
    lines: bytes
    key_id: str | None

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Names in lower case, values without the blanks around them, as an ASGI scope has them."""
        fields = [line.partition(b":") for line in self.lines.split(b"\r\n")[1:]]
        return [(name.lower(), value.strip(b"\t ")) for name, _, value in fields]


def read_plainly(data: bytes) -> Message | None:
    """Read the head of a message without its parser; None if it is not plain, so that the parser must look at it."""
    found = _HEAD.match(data)
    if found is None:
        return None
    route, lines = found.groups()
    lowered = lines.lower() + b"\r\n"
    if lowered.count(_LENGTH) != 1 or lowered.count(_HOST) != 1 or _ELSEWHERE.search(lowered):
        return None
    if lowered.count(_CONNECTION) != lowered.count(_KEPT):
        return None
    length = lowered.partition(_LENGTH)[2].partition(b"\r\n")[0].strip(b"\t ")
    if not length.isdigit() or len(length) > _MAX_LENGTH_DIGITS:
        return None
    key_id = lowered.partition(_KEY)[2][:_KEY_ID_CHARACTERS]
    size = found.end() + int(length)
    return Message(route.decode(), found.end(), size, lines, key_id.decode() or None)

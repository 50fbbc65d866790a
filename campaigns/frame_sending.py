"""Sends bytes over connections of their own, and reads what comes back."""

import asyncio
import random
import time
from dataclasses import dataclass

from answer_checks import Answer
from in_process import Request

QUIET_SECONDS = 0.4
"""Silence after which a caller hangs up: its message may be incomplete."""
FIRST_SECONDS = 5.0
"""The same where an answer must come: a caller who hangs up earlier may get none, and a busy machine is late."""
END_SECONDS = 5.0
"""After the caller has hung up the connection must end within this time."""


@dataclass(frozen=True)
class Heard:
    """What came back over a connection: answers, bytes that are none, and whether the connection ended at last."""

    answers: tuple[Answer, ...]
    rest: bytes
    is_ended: bool


def render_request(request: Request) -> bytes:
    """Write a request as HTTP/1.1."""
    body = b"".join(request.chunks)
    lines = [request.method.encode() + b" " + request.target + b" HTTP/1.1", b"host: localhost"]
    lines += [name + b": " + value for name, value in request.headers]
    return b"\r\n".join([*lines, b"content-length: %d" % len(body), b"", body])


def spoil_frame(data: bytes, chance: random.Random) -> bytes:
    """Change a message anywhere in it, rather in its head than in its body."""
    tokens = (b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b",", b"%00", b"\xff", b"transfer-encoding: chunked\r\n")
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, min(len(data), 200) if chance.random() < 0.8 else len(data))
        match chance.randrange(5):
            case 0:
                data = data[:at] + chance.choice(tokens) + data[at:]
            case 1:
                data = data[:at] + data[at + chance.randint(1, 12) :]
            case 2:
                data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
            case 3:
                data = data[:at] + data[at : at + 30] * chance.choice((2, 40, 900)) + data[at + 30 :]
            case _:
                data = data * chance.choice((1, 2, 3)) if len(data) < 10_000 else data[:at]
    return data


async def send_frame(port: int, data: bytes, *, must_answer: bool) -> Heard:
    """Send bytes over a connection of their own and hear until silence; then hang up and wait for its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = bytearray()
    started = heard_at = time.perf_counter()
    try:
        writer.write(data)
        patience = FIRST_SECONDS if must_answer else QUIET_SECONDS
        while piece := await asyncio.wait_for(reader.read(65536), patience):
            received += piece
            patience = QUIET_SECONDS
            heard_at = time.perf_counter()
        is_ended = True
    except TimeoutError:
        is_ended = await _hang_up(reader, writer)
    except ConnectionError:
        is_ended = True
    finally:
        writer.close()
    return _read_answers(bytes(received), heard_at - started, is_ended=is_ended)


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    try:
        writer.write_eof()
        async with asyncio.timeout(END_SECONDS):
            while await reader.read(65536):
                pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def _read_answers(received: bytes, seconds: float, *, is_ended: bool) -> Heard:
    """Cut what came into answers; of several, each gets its share of the time, since they came in turn."""
    parts = []
    while received.startswith(b"HTTP/1.1 ") and b"\r\n\r\n" in received:
        head, _, rest = received.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        size = int(headers.get(b"content-length", b"0"))
        parts.append((int(first.split()[1]), headers, rest[:size]))
        received = rest[size:]
    answers = (Answer(*part, seconds=seconds / len(parts)) for part in parts)
    return Heard(tuple(answers), received, is_ended)

"""A line to the database that fails at chosen messages of PostgreSQL's protocol.

It reads the messages of both sides (PostgreSQL documentation, "Frontend/Backend Protocol", message formats), so that it
can fail before or after exactly one of them.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SOCKET = ".s.PGSQL.5432"
DELAY_SECONDS, CUT_SECONDS, DRIBBLE_SECONDS = 0.5, 0.05, 0.002
DRIBBLE_BYTES = 200
"""Bytes of a message that go one by one; the rest follows whole."""


@dataclass(frozen=True)
class Point:
    """A message: who sends it, its type, and bytes that it must hold."""

    sender: str
    letter: bytes
    content: bytes = b""


POINTS = {
    "Parse": Point("client", b"P"),
    "Bind": Point("client", b"B"),
    "Execute": Point("client", b"E"),
    "Sync": Point("client", b"S"),
    "COMMIT": Point("client", b"Q", b"COMMIT"),
    "BindComplete": Point("server", b"2"),
    "CommandComplete": Point("server", b"C"),
    "COMMIT complete": Point("server", b"C", b"COMMIT"),
    "ReadyForQuery": Point("server", b"Z"),
}
KINDS = ("cut before", "cut after", "delay", "dribble", "silence", "blocked")
"""What happens at a message; `silence` keeps the connection and passes nothing on, `blocked` does so to the line."""
UNKNOWN = (("COMMIT", "cut after"), ("COMMIT", "silence"), ("COMMIT complete", "cut before"))
"""Faults after which only the database knows whether it committed."""


class _CutError(Exception):
    """The connection ends here."""


Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class FaultyLine:
    """Stands between clients and the socket of a server, and fails once after each `arm`."""

    server: Path
    blocked_seconds: float = 4.0
    has_struck: bool = True
    _point: Point = POINTS["Parse"]
    _kind: str = KINDS[0]
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def listen(self, folder: Path) -> asyncio.Server:
        """Take connections at a socket in the folder."""
        self._open.set()
        return await asyncio.start_unix_server(self._accept, folder / SOCKET)

    def arm(self, point: str, kind: str) -> None:
        """Fail at the next such message."""
        self._point, self._kind, self.has_struck = POINTS[point], kind, False

    def disarm(self) -> None:
        """Fail no more."""
        self.has_struck = True

    def cut_all(self) -> None:
        """End every connection."""
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """End every connection, and return when they have ended."""
        self.cut_all()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connect((reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, client: Pipe) -> None:
        writers = [client[1]]
        try:
            await self._open.wait()
            server = await asyncio.open_unix_connection(self.server)
            writers.append(server[1])
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(client[0], server[1], "client"))
                pumps.create_task(self._pump(server[0], client[1], "server"))
        except (ExceptionGroup, OSError):
            pass
        finally:
            for writer in writers:
                writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sender: str) -> None:
        if sender == "client":  # the first message has no type
            await _pass_on(await _read(reader, b""), writer)
        while True:
            letter = await reader.readexactly(1)
            message = await _read(reader, letter)
            await self._open.wait()
            if self._is_struck(Point(sender, letter), message):
                self.has_struck = True
                await self._fail(message, writer)
            else:
                await _pass_on(message, writer)

    def _is_struck(self, point: Point, message: bytes) -> bool:
        wanted = self._point
        is_there = (point.sender, point.letter) == (wanted.sender, wanted.letter)
        return not self.has_struck and is_there and wanted.content in message

    async def _fail(self, message: bytes, writer: asyncio.StreamWriter) -> None:
        match self._kind:
            case "cut before":
                raise _CutError
            case "cut after":
                await _pass_on(message, writer)
                await asyncio.sleep(CUT_SECONDS)
                raise _CutError
            case "silence":
                await asyncio.sleep(self.blocked_seconds)
                raise _CutError
            case "delay":
                await asyncio.sleep(DELAY_SECONDS)
                await _pass_on(message, writer)
            case "dribble":
                await _dribble(message, writer)
            case _:
                await self._block()
                await _pass_on(message, writer)

    async def _block(self) -> None:
        """Pass nothing on, for anybody, for a while, even if this connection ends meanwhile."""
        self._open.clear()
        asyncio.get_running_loop().call_later(self.blocked_seconds, self._open.set)
        await self._open.wait()


async def _read(reader: asyncio.StreamReader, letter: bytes) -> bytes:
    length = await reader.readexactly(4)
    return letter + length + await reader.readexactly(int.from_bytes(length) - 4)


async def _pass_on(message: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(message)
    with suppress(ConnectionError):
        await writer.drain()


async def _dribble(message: bytes, writer: asyncio.StreamWriter) -> None:
    for byte in message[:DRIBBLE_BYTES]:
        await _pass_on(bytes([byte]), writer)
        await asyncio.sleep(DRIBBLE_SECONDS)
    await _pass_on(message[DRIBBLE_BYTES:], writer)

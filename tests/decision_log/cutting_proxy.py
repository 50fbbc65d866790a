"""A proxy that cuts connections to the database at chosen points."""

import asyncio
from contextlib import suppress
from pathlib import Path


class CuttingProxy:
    """Stands between a client and the unix socket of the server.

    `cut_before` closes the connection when the client sends these bytes, before the server sees them; `cut_after`
    passes them on and closes before the answer; `silence_at` keeps the connection and passes nothing on. Each happens
    once.
    """

    def __init__(self, server_socket: Path) -> None:
        self.cut_before: bytes | None = None
        self.cut_after: bytes | None = None
        self.silence_at: bytes | None = None
        self._server_socket = server_socket
        self._tasks: set[asyncio.Task[None]] = set()

    def serve(self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter) -> None:
        """Take one connection."""
        self._tasks.add(asyncio.create_task(self._connect(client_reader, client_writer)))

    async def close(self) -> None:
        """Return when every connection has ended."""
        await asyncio.gather(*self._tasks)

    async def _connect(self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self._server_socket)
        back = asyncio.create_task(_copy(server_reader, client_writer))
        await self._pass_on(client_reader, client_writer, server_writer)
        for writer in (client_writer, server_writer):
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        await back

    async def _pass_on(
        self,
        client_reader: asyncio.StreamReader,
        client_writer: asyncio.StreamWriter,
        server_writer: asyncio.StreamWriter,
    ) -> None:
        while data := await client_reader.read(65536):
            if self.silence_at and self.silence_at in data:
                self.silence_at = None
                await client_reader.read()
                return
            if self.cut_before and self.cut_before in data:
                self.cut_before = None
                return
            server_writer.write(data)
            if self.cut_after and self.cut_after in data:
                self.cut_after = None
                client_writer.close()
                await asyncio.sleep(0.1)
                return


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)

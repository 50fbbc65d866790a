"""A real server inside the test's event loop, and callers who speak to it byte by byte."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import uvicorn

from solvent.api.entrance.doorman import Doorman
from solvent.api.processes.worker import _configure
from solvent.api.services import Services
from tiny_model import SAFE

BODY = json.dumps(SAFE).encode()


def plain_message(body: bytes = BODY, *headers: str, path: str = "/predict") -> bytes:
    """A whole POST, as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "host: solvent.test", "content-type: application/json",
             f"content-length: {len(body)}", *headers]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Caller:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(0.005)

    async def read(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(5):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            return int(head[0].split()[1]), headers, await self.reader.readexactly(int(headers["content-length"]))

    async def ask(self, *parts: bytes) -> int:
        await self.send(*parts)
        return (await self.read())[0]

    async def is_closed(self) -> bool:
        async with asyncio.timeout(5):
            with suppress(ConnectionError):
                return await self.reader.read(1) == b""
            return True


@dataclass
class Served:
    """A running server, its services, and a way to call it."""

    services: Services
    server: uvicorn.Server
    doorman: Doorman
    port: int

    callers: list[Caller] = field(default_factory=list)

    async def call(self) -> Caller:
        self.callers.append(Caller(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self.callers[-1]

    async def hang_up(self) -> None:
        for caller in self.callers:
            caller.writer.close()
            with suppress(ConnectionError):
                await caller.writer.wait_closed()


@asynccontextmanager
async def serving(services: Services, *, max_connections: int = 100) -> AsyncIterator[Served]:
    """Serve on a free port until the block ends."""
    doorman = Doorman(services, max_connections)
    server = uvicorn.Server(_configure(services, doorman))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve([listener]))
        while not server.started:
            await asyncio.sleep(0.005)
        served = Served(services, server, doorman, listener.getsockname()[1])
        yield served
        await served.hang_up()
        server.should_exit = True
        await task

"""The API in a process of its own, and a light HTTP client to drive it with."""

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

Process = subprocess.Popen[bytes]
START_SECONDS = 60.0

_SERVE = """
import sys
from pathlib import Path
from solvent.api.server import serve
from solvent.settings import read_settings

if __name__ == "__main__":
    serve(Path(sys.argv[1]), read_settings(), port=int(sys.argv[2]), workers=int(sys.argv[3]))
"""


class ConnectionLostError(Exception):
    """The server went away; nobody knows what became of the request."""


class HttpConnection(asyncio.Protocol):
    """One HTTP/1.1 connection that is kept open, for one request at a time.

    Made for this: an asyncio protocol without a general client's work, so that both cores stay with the servers.
    """

    def __init__(self) -> None:
        self._received = b""
        self._expected = -1
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int) -> "HttpConnection":
        """Connect; raises OSError if nobody listens."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    async def post(self, path: str, body: bytes, *, key: str | None = None) -> tuple[int, bytes]:
        """Send a body of JSON and return status and body of the answer; raises ConnectionLostError."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionLostError
        self._answer = asyncio.get_running_loop().create_future()
        extra = f"idempotency-key: {key}\r\n" if key else ""
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{extra}"
        self._transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        return await self._answer

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio calls it
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionLostError())

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._expected < 0:
            head, separator, _ = self._received.partition(b"\r\n\r\n")
            if not separator:
                return
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self._expected = len(head) + 4 + int(length)
        if len(self._received) >= self._expected and self._answer is not None:
            body = self._received[: self._expected].partition(b"\r\n\r\n")[2]
            status = int(self._received[9:12])
            self._received, self._expected = self._received[self._expected :], -1
            self._answer.set_result((status, body))


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def start_api(bundle: Path, home: Path, port: int, *, workers: int = 1) -> Process:
    """Start the API with its embedded database in `home`, and return once it is ready; its log goes to `home`."""
    variables = {"SOLVENT_HOME": str(home), "SOLVENT_LOG_FORMAT": "json", "SOLVENT_ENVIRONMENT": "local"}
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", _SERVE, str(bundle), str(port), str(workers)]
    with (home / "api.log").open("ab") as journal:
        process = subprocess.Popen(command, env={**os.environ, **variables}, stderr=journal)  # noqa: S603
    wait_until_answered(f"http://127.0.0.1:{port}/health/ready", process)
    return process


def wait_until_answered(address: str, process: Process) -> None:
    """Return once the address answers 200; raises RuntimeError if the process ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - our own address
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"{address} did not answer: see the log of the process")

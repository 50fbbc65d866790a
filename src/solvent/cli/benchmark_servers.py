"""The servers that a benchmark measures, and what the requests cost them."""

import asyncio
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import httpx

from solvent.bootstrap import open_log
from solvent.cli.children import Child, Children
from solvent.cli.load import LoadError
from solvent.cli.processor_time import cpu_seconds
from solvent.decision_log.database.connections import connect_sync
from solvent.domain.records import StoredHistory

START_SECONDS = 180.0


@dataclass(slots=True)
class Cost:
    """What requests cost: CPU seconds of the API with its workers, CPU seconds and bytes of the database."""

    api_seconds: float
    database_seconds: float
    database_bytes: int


@dataclass(frozen=True)
class Servers:
    """The API and the bare endpoint on each parser there is, as child processes on these ports, and the database."""

    api: Child
    api_port: int
    bare_port: int
    fast_bare_port: int | None
    database_url: str
    database_pid: int

    @contextmanager
    def counting(self) -> Iterator[Cost]:
        """Give an object that holds, after the block, what the requests in it cost."""
        before = self._used()
        cost = Cost(0.0, 0.0, 0)
        yield cost
        after = self._used()
        cost.api_seconds = after.api_seconds - before.api_seconds
        cost.database_seconds = after.database_seconds - before.database_seconds
        cost.database_bytes = after.database_bytes - before.database_bytes

    def _used(self) -> Cost:
        with connect_sync(self.database_url, application_name="solvent-benchmark") as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        stored = int(row[0]) if row else 0
        return Cost(cpu_seconds(self.api.process.pid), cpu_seconds(self.database_pid), stored)


class Starter:
    """Starts servers beside one database, whose folder is `home`/postgres."""

    def __init__(self, children: Children, bundle: Path, home: Path, database_url: str) -> None:
        self._children = children
        self._bundle = bundle
        self._home = home
        self._database_url = database_url
        self._bare_port = 0
        self._fast_bare_port: int | None = None

    def start(self, *, workers: int) -> Servers:
        """Start an API with so many workers, and with the first one the bare endpoint.

        Raises:
            LoadError: a server did not start.
        """
        if not self._bare_port:
            self._bare_port = _free_port()
            self._start("bare endpoint", ("-m", "solvent.api.bare", str(self._bare_port)), self._bare_port, "/")
            if find_spec("httptools") is not None:
                self._fast_bare_port = _free_port()
                command = ("-m", "solvent.api.bare", str(self._fast_bare_port), "httptools")
                self._start("bare endpoint on httptools", command, self._fast_bare_port, "/")
        port = _free_port()
        options = ("--bundle", str(self._bundle.resolve()), "--port", str(port), "--workers", str(workers))
        api = self._start("API", ("-m", "solvent.cli", "api", *options), port, "/health/ready")
        pid_file = next((self._home / "postgres").rglob("postmaster.pid"))
        pid = int(pid_file.read_text().split("\n", 1)[0])
        return Servers(api, port, self._bare_port, self._fast_bare_port, self._database_url, pid)

    def store(self, histories: Sequence[StoredHistory]) -> None:
        """Store histories, for which an API must have prepared the database."""
        asyncio.run(open_log(self._database_url).store_histories(histories))

    def _start(self, name: str, command: Sequence[str], port: int, path: str) -> Child:
        variables = {
            "SOLVENT_HOME": str(self._home),
            "SOLVENT_LOG_FORMAT": "json",
            "SOLVENT_ENVIRONMENT": "local",
            "SOLVENT_AUTHENTICATION": "false",
            "SOLVENT_DATABASE_URL": self._database_url,
        }
        log = self._home / f"{name.replace(' ', '_')}_{port}.log"
        child = self._children.start(name, command, environment=variables, log=log)
        _wait_for(child, f"http://127.0.0.1:{port}{path}")
        return child


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(child: Child, address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        child.check()
        try:
            if httpx.get(address, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise LoadError(f"the {child.name} did not answer within {START_SECONDS:.0f} s")

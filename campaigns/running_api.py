"""The API in processes of their own, to be driven and ended: none outlives the context that started it.

They are forked from a server that has imported everything: imports take 3 s of a core, a start without them a tenth.
"""

import multiprocessing
import os
import random
import signal
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from solvent.errors import SolventError

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

START_SECONDS = 60.0
STOP_SECONDS = 60.0
"""Longer than the API gives to requests under way (30 s) and to its last checkpoint."""

LOWEST_PORT, HIGHEST_PORT = 20_000, 32_000
"""Below the ports of outgoing connections: one of those could take the port of an instance that is being replaced."""

CONFIGURATION_CODE = 78
PRELOADED = ("lightgbm", "alembic.config", "psycopg", "solvent.api.server", "running_api")


class Process:
    """One process of the API; `plant`, if given, changes it before it serves."""

    def __init__(self, serve: Callable[..., None], *arguments: object) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(PRELOADED))
        self._process: ForkServerProcess = context.Process(target=serve, args=arguments)
        self._process.start()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal that ended it."""
        return self._process.exitcode

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.exit_code is None:
            os.kill(self.pid, number)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Return its exit code; raises TimeoutError if it does not end in time."""
        self._process.join(seconds)
        if self.exit_code is None:
            raise TimeoutError(f"an API process did not end within {seconds:g} s")
        return self.exit_code

    def kill(self) -> None:
        self._process.kill()
        self.wait()


class Instances:
    """API processes by port, on one bundle and one home; those that still run when the context ends are killed."""

    def __init__(
        self, bundle: Path, home: Path, *, variables: Mapping[str, str] | None = None, journal: Path | None = None
    ) -> None:
        """`journal` is the file of their logs, `api.log` in the home if it is not given."""
        self._bundle = bundle
        self._variables = {
            "SOLVENT_HOME": str(home),
            "SOLVENT_LOG_FORMAT": "json",
            "SOLVENT_ENVIRONMENT": "local",
            **(variables or {}),
        }
        self._journal = journal or home / "api.log"
        self.by_port: dict[int, Process] = {}
        home.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.by_port.values():
            process.kill()

    def start(self, port: int, *, plant: Callable[[], None] | None = None) -> Process:
        """Start an instance, and return when it answers, or has killed itself at a point that was planted.

        Raises:
            RuntimeError: it ended otherwise, or does not answer.
        """
        process = self.launch(port, plant=plant)
        deadline = time.monotonic() + START_SECONDS
        while process.exit_code is None and not is_answered(port, "/health/ready"):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the API does not answer: see {self._journal}")
            time.sleep(0.02)
        if process.exit_code not in {None, -signal.SIGKILL}:
            raise RuntimeError(f"the API ended with code {process.exit_code}: see {self._journal}")
        return process

    def launch(self, port: int, *, plant: Callable[[], None] | None = None) -> Process:
        """Start an instance, and return at once."""
        process = Process(_serve, self._bundle, port, self._journal, self._variables, plant)
        self.by_port[port] = process
        return process

    def stop(self) -> list[int]:
        """Stop every instance in order, and return their exit codes; raises TimeoutError if one does not end."""
        for process in self.by_port.values():
            process.signal(signal.SIGTERM)
        return [process.wait() for process in self.by_port.values()]


def _serve(
    bundle: Path, port: int, journal: Path, variables: Mapping[str, str], plant: Callable[[], None] | None
) -> None:
    from solvent.api.server import serve  # noqa: PLC0415 - only processes that serve import it
    from solvent.settings import read_settings  # noqa: PLC0415

    with journal.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(variables)
    tempfile.tempdir = None
    if plant is not None:
        plant()
    try:
        serve(bundle, read_settings(), port=port)
    except SolventError as error:
        print(error, file=sys.stderr)
        sys.exit(CONFIGURATION_CODE)


def free_port() -> int:
    """A port that nobody listens on now, and that no outgoing connection gets."""
    while True:
        port = random.SystemRandom().randint(LOWEST_PORT, HIGHEST_PORT)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port


def is_answered(port: int, path: str) -> bool:
    """Tell whether an instance answers 200."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).close()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
    return True

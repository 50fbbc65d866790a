"""Child processes of a command: each with a log file, all stopped when the command ends, however it ends."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from solvent.errors import SolventError

STOP_SECONDS = 15.0
"""Longest wait for a child that was asked to stop; the API finishes its requests in less than 10 s."""


_UNTROUBLED = re.compile(r'^\S+ \[(debug|info) *\] |"level":"(debug|info)"')
"""An event of the log below the level warning, in either format: it tells no cause."""


class ChildError(SolventError):
    """A process that the command needs ended, or never answered."""


@dataclass(frozen=True)
class Child:
    """A running child; `log` holds what it writes, None if it writes to our terminal."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None

    def check(self) -> None:
        """Return if it runs; raises ChildError if it has ended."""
        code = self.process.poll()
        if code is not None:
            how = f"was killed ({_signal_name(-code)})" if code < 0 else f"ended with code {code}"
            raise ChildError(f"the {self.name} {how}{self._last_words()}")

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask it to stop and wait; after `seconds`, kill it and its own children."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _last_words(self) -> str:
        if self.log is None:
            return ""
        lines = self.log.read_text(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "").removeprefix("error: ")
        return f" ({last}): see {self.log}" if last and not _UNTROUBLED.search(last) else f": see {self.log}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal: those have no names
        return f"signal {number}"


class Children:
    """Starts children and stops them, the last one first, when its context ends."""

    def __init__(self, *, stop_seconds: float = STOP_SECONDS) -> None:
        self._stop_seconds = stop_seconds
        self._children: list[Child] = []
        self._logs = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A second Ctrl-C must not leave a child behind; every wait below ends.
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        while self._children:
            self._children.pop().stop(self._stop_seconds)
        self._logs.close()
        for number, handler in before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Return if every child runs; raises ChildError if one has ended."""
        for child in self._children:
            child.check()

    def stop(self, child: Child) -> None:
        """Stop one child now."""
        self._children.remove(child)
        child.stop(self._stop_seconds)

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> Child:
        """Start a child in a process group of its own, so that Ctrl-C reaches only us and we stop it in order.

        Args:
            name: as messages call it.
            command: arguments for this Python, such as ("-m", "streamlit").
            environment: variables besides ours.
            log: file for its output; None is our own terminal.
        """
        output: IO[bytes] | None = self._logs.enter_context(log.open("wb")) if log else None
        process = subprocess.Popen(  # noqa: S603 - our own commands
            (sys.executable, *command),
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            process_group=0,
        )
        self._children.append(Child(name, process, log))
        return self._children[-1]

"""Several processes that do the same work, under one that watches them and replaces those that end."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

import structlog

from solvent.errors import SettingsError

FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 0.1, 10.0
"""From the end of a worker to its replacement; doubled each time that one ends young."""
YOUNG_SECONDS = 10.0
MAX_YOUNG_DEATHS = 5
"""After so many in a row of each worker, none of which lived, the cause will not go away by itself."""

log = structlog.get_logger(__name__)


@dataclass
class _Place:
    """A worker's place, whose number its replacement takes over."""

    number: int
    process: BaseProcess | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    young_deaths: int = 0


def run_workers(count: int, work: Callable[..., None], arguments: tuple[Any, ...], *, grace_seconds: float) -> None:
    """Run `work(*arguments, number)` in `count` fresh processes until the caller is interrupted; then stop them all.

    A worker that ends by itself is reported and replaced. SIGHUP is passed on to the oldest.

    Args:
        count: at least 1.
        work: a function of a module; it must end on SIGTERM.
        arguments: may hold listening sockets.
        grace_seconds: time from SIGTERM to SIGKILL.

    Raises:
        SettingsError: every worker ended young, again and again.
    """
    places = [_Place(number) for number in range(count)]
    with _passing_on_hangups(places):
        try:
            while True:
                _start_due(places, work, arguments)
                _wait_for_ends(places)
        finally:
            _stop([place.process for place in places if place.process is not None], grace_seconds)


def _start_due(places: list[_Place], work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    # Fresh ones, not forks: LightGBM's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    for place in places:
        if place.process is None and place.start_at <= time.monotonic():
            place.started_at = time.monotonic()
            place.process = context.Process(target=work, args=(*arguments, place.number))
            with _deaf_to_hangups():
                place.process.start()


def _wait_for_ends(places: list[_Place]) -> None:
    """Return when a worker has ended, or when one is due to start."""
    running = {place.process.sentinel: place for place in places if place.process is not None}
    due = [place.start_at for place in places if place.process is None]
    timeout = max(0.0, min(due) - time.monotonic()) if due else None
    if not running and timeout is not None:
        time.sleep(timeout)
    for sentinel in wait(list(running), timeout) if running else ():
        _note_end(running[int(str(sentinel))])
    if all(place.young_deaths >= MAX_YOUNG_DEATHS for place in places):
        raise SettingsError("every worker process ended by itself, again and again: the log above tells why")


def _note_end(place: _Place) -> None:
    now = time.monotonic()
    process, place.process = place.process, None
    if process is None:
        return
    process.join()
    is_young = now - place.started_at < YOUNG_SECONDS
    place.young_deaths = place.young_deaths + 1 if is_young else 1
    delay = min(FIRST_DELAY_SECONDS * 2 ** (place.young_deaths - 1), LONGEST_DELAY_SECONDS)
    place.start_at = now + delay
    log.error("worker_ended", worker=place.number, exit_code=process.exitcode, replaced_in_seconds=delay)


@contextmanager
def _passing_on_hangups(places: list[_Place]) -> Iterator[None]:
    def pass_on(number: int, _frame: FrameType | None) -> None:
        """To the oldest: a young one may not listen yet."""
        running = [place for place in places if place.process is not None and place.process.is_alive()]
        oldest = min(running, key=lambda place: place.started_at, default=None)
        if oldest is not None and oldest.process is not None and oldest.process.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(oldest.process.pid, number)

    before = signal.signal(signal.SIGHUP, pass_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def _deaf_to_hangups() -> Iterator[None]:
    """What starts now ignores SIGHUP until it has a handler; otherwise one during its start would end it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _stop(processes: list[BaseProcess], grace_seconds: float) -> None:
    started = [process for process in processes if process.pid is not None]
    for process in started:
        process.terminate()
    deadline = time.monotonic() + grace_seconds
    for process in started:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()

"""Several processes that do the same work, under one that watches them."""

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

import structlog

from solvent.errors import SettingsError

log = structlog.get_logger(__name__)


def run_workers(count: int, work: Callable[..., None], arguments: tuple[Any, ...], *, grace_seconds: float) -> None:
    """Run `work(*arguments)` in `count` fresh processes until the caller is interrupted; then stop them all.

    A worker that ends by itself is reported and not started again.

    Args:
        count: at least 1.
        work: a function of a module; it must end on SIGTERM.
        arguments: may hold listening sockets.
        grace_seconds: time from SIGTERM to SIGKILL.

    Raises:
        SettingsError: every worker ended by itself.
    """
    # Fresh ones, not forks: LightGBM's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    processes: list[BaseProcess] = [context.Process(target=work, args=arguments) for _ in range(count)]
    try:
        for process in processes:
            process.start()
        _wait_for_all(processes)
    finally:
        _stop(processes, grace_seconds)
    raise SettingsError("every worker process ended by itself: the log above tells why")


def _wait_for_all(processes: list[BaseProcess]) -> None:
    running = {process.sentinel: process for process in processes}
    while running:
        for sentinel in wait(list(running)):
            ended = running.pop(int(str(sentinel)))
            ended.join()
            log.error("worker_ended", exit_code=ended.exitcode, running=len(running))


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

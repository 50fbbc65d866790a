"""Repeats a task on a schedule until it is told to stop."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta


def repeat(
    task: Callable[[], None],
    *,
    every: timedelta,
    stop: threading.Event,
    time_source: Callable[[], float] = time.monotonic,
) -> int:
    """Run the task now and then at multiples of `every` from now on; return how often it ran once `stop` is set.

    A task is never cut off and never runs beside itself: rounds that it overruns are left out. What it raises passes
    through.
    """
    begun, runs = time_source(), 0
    while not stop.is_set():
        task()
        runs += 1
        passed = time_source() - begun
        step = every.total_seconds()
        stop.wait((passed // step + 1) * step - passed)
    return runs

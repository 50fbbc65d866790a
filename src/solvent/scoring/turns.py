"""Lets other requests go on while a batch is worked on."""

import asyncio
import time
from collections.abc import Callable

TURN_NS = 2_000_000
"""A batch works so long before others get a turn."""


class Turns:
    """The turns of one long work; `now` gives nanoseconds that never step back."""

    def __init__(self, now: Callable[[], int] = time.perf_counter_ns) -> None:
        self._now = now
        self._since = now()

    async def give_way(self) -> None:
        """Let others go first if this work has lasted for a while since they did."""
        if self._now() - self._since > TURN_NS:
            await asyncio.sleep(0)
            self._since = self._now()

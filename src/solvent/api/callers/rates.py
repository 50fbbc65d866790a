"""Requests per second of a key or an address, counted over all workers of this host."""

import hashlib
import mmap
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from solvent.api.problems import retry_headers

SLOTS = 65536
"""Counters in each of two rows; the smaller count holds. Of 1,000 names, one in 4,000 finds both of its counters shared
and is counted too high: (1000 / 65536) squared."""
ROWS = 2
WINDOW_SECONDS = 1.0
_SALT_BYTES = 16
_WORDS = 3
"""Of each counter: number of its window, count in that window, count in the one before."""
_BLOCK = ROWS * SLOTS * _WORDS
"""Words of one worker."""
MAX_KNOWN = 10_000
"""Names whose counters are remembered."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a name stands that is at its limit; `milliseconds` until there is room again."""

    limit: int
    remaining: int
    milliseconds: int


def rate_headers(standing: Standing) -> dict[str, str]:
    """What a refusal says about the limit (draft-ietf-httpapi-ratelimit-headers-03) and when to try again."""
    return {
        **retry_headers(standing.milliseconds),
        "RateLimit-Limit": str(standing.limit),
        "RateLimit-Remaining": str(standing.remaining),
        "RateLimit-Reset": str(-(-standing.milliseconds // 1000)),
    }


def make_rates_file(path: Path, *, workers: int) -> None:
    """Make the file that the workers of a host share."""
    with path.open("xb") as file:
        file.write(os.urandom(_SALT_BYTES))
        file.truncate(_SALT_BYTES + 8 * workers * _BLOCK)


class SharedRates:
    """A sliding window of one second over counters in shared memory.

    Each worker writes only its own counters and reads those of all: no lock, so that a worker that dies holds up
    nobody. What the workers count within the same few microseconds may pass beyond the limit.
    """

    def __init__(self, path: Path, *, worker: int, workers: int, time: Callable[[], float]) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        self._salt = bytes(self._memory[:_SALT_BYTES])
        self._words = memoryview(self._memory)[_SALT_BYTES:].cast("Q")
        self._own = worker * _BLOCK
        self._workers = tuple(at * _BLOCK for at in range(workers))
        self._time = time
        self._known: dict[str, tuple[int, ...]] = {}

    def take(self, name: str, limit: int) -> Standing | None:
        """Count a request of this name; if that would go beyond so many per second, do not, and return its standing."""
        now = self._time() / WINDOW_SECONDS
        window = int(now)
        cells = self._known.get(name) or self._find_cells(name)
        used = min([self._sum(cell, window, now - window) for cell in cells])
        if used + 1 > limit:
            left = int((window + 1 - now) * WINDOW_SECONDS * 1000) + 1
            return Standing(limit, max(0, int(limit - used)), left)
        for cell in cells:
            self._add(self._own + cell, window)
        return None

    def _find_cells(self, name: str) -> tuple[int, ...]:
        digest = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8, key=self._salt).digest())
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        cells = self._known[name] = digest % SLOTS * _WORDS, (SLOTS + (digest >> 32) % SLOTS) * _WORDS
        return cells

    def _sum(self, cell: int, window: int, passed: float) -> float:
        """Requests of all workers in the second that ends now."""
        words = self._words
        used = 0.0
        for block in self._workers:
            at = block + cell
            age = window - words[at]
            if age == 0:
                used += words[at + 1] + words[at + 2] * (1.0 - passed)
            elif age == 1:
                used += words[at + 1] * (1.0 - passed)
        return used

    def _add(self, at: int, window: int) -> None:
        words = self._words
        age = window - words[at]
        if age != 0:
            words[at + 2] = words[at + 1] if age == 1 else 0
            words[at + 1] = 0
            words[at] = window
        words[at + 1] += 1

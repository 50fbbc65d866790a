"""Places for the requests that decide: so many at work, so many waiting, each for a bounded time."""

import asyncio
from collections import Counter, deque
from dataclasses import dataclass

from solvent.api.problems import retry_headers
from solvent.api.refusals import Refusal, RequestRefusedError
from solvent.settings import MAX_AT_WORK, MAX_IN_QUEUE, QUEUE_MS

BATCH_PLACES = 8
"""Places at work that a batch takes: 100 applications cost what some dozens of single ones do, and wait less."""
MAX_BODIES_BYTES = 64 * 2**20
"""Bodies that one worker reads at one time: a thousand slow callers with 4 MB each would take its memory."""
CALLER_SHARE = 0.75
"""Of all places, at work and waiting, that one key may hold: the rest stays for the others."""
RETRY_MS = 250
"""A full queue is over after this time, by work or by its deadline."""


@dataclass(slots=True, eq=False)
class _Waiting:
    places: int
    turn: asyncio.Future[None]


class Admission:
    """Decides who may work; `closed_by` names what is exhausted, if anything is, so that nobody may."""

    def __init__(
        self,
        *,
        max_at_work: int = MAX_AT_WORK,
        max_in_queue: int = MAX_IN_QUEUE,
        queue_seconds: float = QUEUE_MS / 1000.0,
    ) -> None:
        self.at_work = 0
        self.closed_by: str | None = None
        self.bodies_bytes = 0
        self._max_at_work = max_at_work
        self._max_in_queue = max_in_queue
        self._queue_seconds = queue_seconds
        self._queue: deque[_Waiting] = deque()
        self._held: Counter[str] = Counter()
        self._share = max(1, int(CALLER_SHARE * (max_at_work + max_in_queue)))

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._queue)

    @property
    def is_full(self) -> bool:
        """Whether a request that comes now is refused."""
        if self.closed_by is not None:
            return True
        return self.at_work >= self._max_at_work and len(self._queue) >= self._max_in_queue

    def arrive(self, caller: str | None, body_bytes: int) -> None:
        """Let a request in before its body is read, or refuse it; `depart` must follow what was let in.

        Args:
            caller: whose share of the places is bounded; None is nobody's.
            body_bytes: the most that its body may take.

        Raises:
            RequestRefusedError: overloaded.
        """
        if self.is_full or self.bodies_bytes + body_bytes > MAX_BODIES_BYTES:
            raise _overloaded()
        if caller is not None:
            if self._held[caller] >= self._share:
                raise _overloaded()
            self._held[caller] += 1
        self.bodies_bytes += body_bytes

    def depart(self, caller: str | None, body_bytes: int) -> None:
        """Undo `arrive`."""
        self.bodies_bytes -= body_bytes
        if caller is not None:
            self._held[caller] -= 1
            if not self._held[caller]:
                del self._held[caller]

    async def enter(self, places: int) -> None:
        """Take places at work, after a wait if there are none; `leave` must follow.

        Raises:
            RequestRefusedError: overloaded: the queue is full, or the wait took too long.
        """
        if not self._queue and self._fits(places):
            self.at_work += places
            return
        if self.is_full:
            raise _overloaded()
        loop = asyncio.get_running_loop()
        waiting = _Waiting(places, loop.create_future())
        self._queue.append(waiting)
        timer = loop.call_later(self._queue_seconds, self._expire, waiting)
        try:
            await waiting.turn
        except asyncio.CancelledError:
            self._withdraw(waiting)
            raise
        finally:
            timer.cancel()

    def leave(self, places: int) -> None:
        """Give places back; who waits longest gets them."""
        self.at_work -= places
        self._admit()

    def _fits(self, places: int) -> bool:
        """A batch may start whatever its places where nothing is at work, or it never could."""
        return self.at_work + places <= self._max_at_work or self.at_work == 0

    def _admit(self) -> None:
        while self._queue and self._fits(self._queue[0].places):
            waiting = self._queue.popleft()
            if not waiting.turn.done():
                self.at_work += waiting.places
                waiting.turn.set_result(None)

    def _expire(self, waiting: _Waiting) -> None:
        if not waiting.turn.done():
            self._queue.remove(waiting)
            waiting.turn.set_exception(_overloaded())
            self._admit()

    def _withdraw(self, waiting: _Waiting) -> None:
        """Take back a wait that was cancelled, or the places that it had just got."""
        if waiting in self._queue:
            self._queue.remove(waiting)
            self._admit()
        elif not waiting.turn.cancelled() and waiting.turn.exception() is None:
            self.leave(waiting.places)


def _overloaded() -> RequestRefusedError:
    return RequestRefusedError(Refusal.OVERLOADED, headers=retry_headers(RETRY_MS))

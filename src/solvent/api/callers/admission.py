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
"""Bytes of bodies that one worker holds, counted as they come: a thousand slow callers with 4 MB each would take its
memory."""
CALLER_SHARE = 0.75
"""Of each pool - places at work, places in the queue, bytes of bodies - that one key may hold: the rest is others'."""
RETRY_MS = 250
"""A full queue is over after this time, by work or by its deadline."""


@dataclass(slots=True, eq=False)
class _Waiting:
    places: int
    caller: str | None
    turn: asyncio.Future[None]


class Admission:
    """Decides who may work; `closed_by` names what is exhausted, if anything is, so that nobody may.

    A caller is the key whose share is bounded; None is nobody's, and has no bound of its own.
    """

    def __init__(
        self,
        *,
        max_at_work: int = MAX_AT_WORK,
        max_in_queue: int = MAX_IN_QUEUE,
        queue_seconds: float = QUEUE_MS / 1000.0,
        max_bodies_bytes: int = MAX_BODIES_BYTES,
    ) -> None:
        self.closed_by: str | None = None
        self._max_at_work = max_at_work
        self._max_in_queue = max_in_queue
        self._announced = 0
        self._queue_seconds = queue_seconds
        self._queue: deque[_Waiting] = deque()
        self._bodies = _Pool(max_bodies_bytes)
        self._work = _Pool(max_at_work)
        self._visits = _Pool(max_at_work + max_in_queue)
        self._queue_share = _share_of(max_in_queue)

    @property
    def at_work(self) -> int:
        """Places that are taken."""
        return self._work.taken

    @property
    def bodies_bytes(self) -> int:
        """Bytes of the bodies that have come, of requests that are not answered."""
        return self._bodies.taken

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._queue)

    @property
    def is_full(self) -> bool:
        """Whether a request that comes now is refused: it could neither start nor wait."""
        if self.closed_by is not None:
            return True
        return len(self._queue) >= self._max_in_queue and (bool(self._queue) or not self._work.has_room(1))

    @property
    def is_spoken_for(self) -> bool:
        """Whether a request that comes now is refused once those that have come in this turn have asked."""
        free = self._max_at_work - self._work.taken + self._max_in_queue - len(self._queue)
        return self._announced >= free or self.is_full

    def announce(self) -> None:
        """Count a request that has come whole and will ask for a place within this turn of the event loop.

        Many can come in one turn, before the first of them asks; `forget` must follow when it has asked.
        """
        self._announced += 1

    def forget(self) -> None:
        """Undo `announce`."""
        self._announced -= 1

    def arrive(self, caller: str | None) -> None:
        """Let a request in before its body is read, or refuse it; `depart` must follow what was let in.

        Raises:
            RequestRefusedError: overloaded.
        """
        if self.is_full or not self._bodies.has_room(1) or not self._visits.is_within_share(1, caller):
            raise _overloaded()
        self._visits.take(1, caller)

    def charge(self, caller: str | None, body_bytes: int) -> None:
        """Count bytes of a body that have come.

        Raises:
            RequestRefusedError: overloaded: all bodies together, or this caller's, are beyond their limit.
        """
        if not self._bodies.has_room(body_bytes) or not self._bodies.is_within_share(body_bytes, caller):
            raise _overloaded()
        self._bodies.take(body_bytes, caller)

    def depart(self, caller: str | None, body_bytes: int) -> None:
        """Undo `arrive`, and what was charged since."""
        self._bodies.give_back(body_bytes, caller)
        self._visits.give_back(1, caller)

    async def enter(self, places: int, caller: str | None = None) -> None:
        """Take places at work, after a wait if there are none; `leave` must follow.

        Raises:
            RequestRefusedError: overloaded: the queue or this caller's share of it is full, or the wait took too long.
        """
        if not self._queue and self._fits(places, caller):
            self._work.take(places, caller)
            return
        if len(self._queue) >= self._max_in_queue or self._waiting_of(caller) >= self._queue_share:
            raise _overloaded()
        loop = asyncio.get_running_loop()
        waiting = _Waiting(places, caller, loop.create_future())
        self._queue.append(waiting)
        self._admit()
        timer = loop.call_later(self._queue_seconds, self._expire, waiting)
        try:
            await waiting.turn
        except asyncio.CancelledError:
            self._withdraw(waiting)
            raise
        finally:
            timer.cancel()

    def leave(self, places: int, caller: str | None = None) -> None:
        """Give places back; who waits longest gets them."""
        self._work.give_back(places, caller)
        self._admit()

    def _waiting_of(self, caller: str | None) -> int:
        return 0 if caller is None else sum(waiting.caller == caller for waiting in self._queue)

    def _fits(self, places: int, caller: str | None) -> bool:
        """A batch may start whatever its places where nothing is at work, or it never could."""
        if self._work.taken == 0:
            return True
        return self._work.has_room(places) and self._work.is_within_share(places, caller)

    def _admit(self) -> None:
        """Let in whoever waits longest; past a caller who has its share goes the next, past a lack of room nobody."""
        for waiting in list(self._queue):
            if self._work.taken and not self._work.has_room(waiting.places):
                return
            if self._fits(waiting.places, waiting.caller):
                self._queue.remove(waiting)
                if not waiting.turn.done():
                    self._work.take(waiting.places, waiting.caller)
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
            self.leave(waiting.places, waiting.caller)


class _Pool:
    """So much of something for all, of which one caller may hold its share."""

    def __init__(self, size: int) -> None:
        self.taken = 0
        self._size = size
        self._share = _share_of(size)
        self._held: Counter[str] = Counter()

    def has_room(self, amount: int) -> bool:
        return self.taken + amount <= self._size

    def is_within_share(self, amount: int, caller: str | None) -> bool:
        """Whether a caller who holds nothing, or who then holds no more than the share, asks."""
        return caller is None or not self._held[caller] or self._held[caller] + amount <= self._share

    def take(self, amount: int, caller: str | None) -> None:
        self.taken += amount
        if caller is not None:
            self._held[caller] += amount

    def give_back(self, amount: int, caller: str | None) -> None:
        self.taken -= amount
        if caller is not None:
            self._held[caller] -= amount
            if not self._held[caller]:
                del self._held[caller]


def _share_of(size: int) -> int:
    return max(1, int(CALLER_SHARE * size))


def _overloaded() -> RequestRefusedError:
    return RequestRefusedError(Refusal.OVERLOADED, headers=retry_headers(RETRY_MS))

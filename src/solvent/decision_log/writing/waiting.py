"""The line in which submissions wait for the writer: bounded in length, and each wait bounded in time."""

import asyncio
from collections import deque
from dataclasses import dataclass

from solvent.decision_log.writing.rows import Prepared
from solvent.domain.records import FailureRecord, Receipt
from solvent.errors import LogUnavailableError, OutcomeUnknownError

MAX_WAITING = 1024
MAX_FAILURES = 1024
WAIT_SECONDS = 1.4
"""How long a submission may wait for the database to come back (RELIABILITY.md, argument 2)."""
WRITE_SECONDS = 1.2
"""How much longer a submission that the writer has taken may go unanswered; its own bounds add up to 1 s."""


@dataclass(slots=True, eq=False)
class Waiting:
    """One submission and the caller who waits for it; `deadline` is in the time of the event loop."""

    prepared: Prepared
    receipt: asyncio.Future[Receipt]
    deadline: float

    def resolve(self, outcome: Receipt | Exception) -> None:
        """Tell the caller, if it still listens."""
        if self.receipt.done():
            return
        if isinstance(outcome, Exception):
            self.receipt.set_exception(outcome)
        else:
            self.receipt.set_result(outcome)


class WaitingLine:
    """What the writer has yet to write. Failures only fill up a transaction: they never keep a submission waiting."""

    def __init__(
        self,
        *,
        max_waiting: int = MAX_WAITING,
        max_failures: int = MAX_FAILURES,
        wait_seconds: float = WAIT_SECONDS,
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        self.dropped_failures = 0
        self._max_waiting = max_waiting
        self._max_failures = max_failures
        self._wait_seconds = wait_seconds
        self._write_seconds = write_seconds
        self._submissions: deque[Waiting] = deque()
        self._failures: deque[FailureRecord] = deque()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._submissions)

    @property
    def has_work(self) -> bool:
        return bool(self._submissions or self._failures)

    async def join(self, prepared: Prepared, *, within: float | None = None) -> Receipt:
        """Wait for the submission's turn and its commit; arguments and errors are those of `DecisionLog.record`."""
        if len(self._submissions) >= self._max_waiting:
            raise LogUnavailableError("too many decisions wait for the decision log: try again later")
        loop = asyncio.get_running_loop()
        longest = self._wait_seconds if within is None else min(self._wait_seconds, within - self._write_seconds)
        waiting = Waiting(prepared, loop.create_future(), loop.time() + max(0.0, longest))
        self._submissions.append(waiting)
        self._filled.set()
        timers = (
            loop.call_at(waiting.deadline, self._expire, waiting),
            loop.call_at(waiting.deadline + self._write_seconds, waiting.resolve, _unanswered()),
        )
        try:
            return await waiting.receipt
        finally:
            for timer in timers:
                timer.cancel()

    def add_failure(self, failure: FailureRecord) -> None:
        """Keep a failure for the next transaction; a full line drops it and counts the loss."""
        if len(self._failures) >= self._max_failures:
            self.dropped_failures += 1
            return
        self._failures.append(failure)
        self._filled.set()

    async def wait(self) -> None:
        """Return when there is something to write, or on `wake`."""
        if not self.has_work:
            self._filled.clear()
        await self._filled.wait()

    def wake(self) -> None:
        self._filled.set()

    def take(self, limit: int) -> tuple[list[Waiting], list[FailureRecord]]:
        """Remove up to `limit` of each kind, the oldest first; callers who left are passed over."""
        batch: list[Waiting] = []
        while self._submissions and len(batch) < limit:
            waiting = self._submissions.popleft()
            if not waiting.receipt.done():
                batch.append(waiting)
        failures = [self._failures.popleft() for _ in range(min(limit, len(self._failures)))]
        return batch, failures

    def put_back(self, batch: list[Waiting]) -> None:
        """Return submissions of which nothing was recorded to the head of the line; refuse those whose time is up."""
        now = asyncio.get_running_loop().time()
        for waiting in reversed(batch):
            if waiting.deadline <= now:
                waiting.resolve(_away())
            else:
                self._submissions.appendleft(waiting)
                self._filled.set()

    def _expire(self, waiting: Waiting) -> None:
        if waiting in self._submissions:
            self._submissions.remove(waiting)
            waiting.resolve(_away())


def _unanswered() -> OutcomeUnknownError:
    return OutcomeUnknownError("the writer gave no answer in time: retry with the same key")


def _away() -> LogUnavailableError:
    return LogUnavailableError("the decision log is away: nothing was recorded, try again later")

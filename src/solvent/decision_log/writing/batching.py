"""The one task per process that writes: it commits together what has gathered while the last commit was under way."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import psycopg
import structlog

from solvent.decision_log.audit.chain import Position
from solvent.decision_log.database.connections import Connection, bounded, connect, is_lost
from solvent.decision_log.database.roles import API
from solvent.decision_log.database.same_server import SameServer
from solvent.decision_log.writing.transaction import Outcome, probe, record_batch
from solvent.decision_log.writing.waiting import WAIT_SECONDS, Waiting, WaitingLine
from solvent.domain.ports import Clock
from solvent.domain.records import FailureRecord
from solvent.errors import DecisionLogError, KeyInFlightError, LogUnavailableError, OutcomeUnknownError

MAX_BATCH = 32
COMMIT_SECONDS = 0.8
"""With WAIT_SECONDS and GRACE_SECONDS this keeps every answer within 3 s (RELIABILITY.md, P-05)."""

GRACE_SECONDS = 0.2
LOCK_MILLISECONDS = 500
"""How long a claim waits for a transaction of another writer that holds the same key: then its caller is told so."""

PROBE_SECONDS = 0.5
"""After a failed write, and while nobody asks for another, how often to try one."""

EXAMINE_SECONDS = 10.0
"""Time to look at a server that is not known yet."""

MIN_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.05, 1.0

log = structlog.get_logger(__name__)


class _LostError(Exception):
    """The connection went away before COMMIT was sent: nothing of the batch is recorded."""


class BatchWriter:
    """Takes submissions from the line and commits them, up to 32 in one transaction.

    It waits for no time: a lone submission is written at once, and while a commit is under way the next batch gathers.
    """

    def __init__(
        self, url: str, line: WaitingLine, clock: Clock, *, on_commit: Callable[[int], None], server: SameServer
    ) -> None:
        self._url = url
        self._line = line
        self._clock = clock
        self._on_commit = on_commit
        self._server = server
        self._connection: Connection | None = None
        self._position = Position()
        self._backoff = MIN_BACKOFF_SECONDS
        self._is_closing = False
        self._is_in_doubt = False

    @property
    def is_in_doubt(self) -> bool:
        """Whether the last write failed, as on a full disk, which a connection alone does not notice."""
        return self._is_in_doubt

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def run(self) -> None:
        """Write until `close` was called and the line is empty."""
        while not self._is_done():
            try:
                await self._go_on()
            except Exception:  # noqa: BLE001 - this task outlives everything, even events that cannot be written
                await asyncio.sleep(MIN_BACKOFF_SECONDS)
            except asyncio.CancelledError:
                if _is_cancelled():
                    raise
                await self._disconnect()  # something that we waited for was cancelled, in the middle of a transaction
        await self._disconnect()

    async def _go_on(self) -> None:
        if self._connection is None:
            await self.connect()
        elif self._line.has_work:
            await self._let_others_join()
            await self._write(*self._line.take(MAX_BATCH))
        elif self._is_in_doubt:
            await self._try_a_write(self._connection)
        else:
            await self._line.wait()

    async def _let_others_join(self) -> None:
        """Let go first what is ready to run, as long as that brings submissions: together each costs less."""
        joined = 0
        while joined < len(self._line) < MAX_BATCH:
            joined = len(self._line)
            await asyncio.sleep(0)

    def close(self) -> None:
        """Ask `run` to return when everything is written, or refused because the database stayed away."""
        self._is_closing = True
        self._line.wake()

    async def connect(self) -> None:
        """Try once to connect; a failure is waited out, longer each time."""
        try:
            self._connection = await self._open()
        except (psycopg.Error, OSError, DecisionLogError) as error:
            log.warning("decision_log_connect_failed", error=type(error).__name__)
            await asyncio.sleep(self._backoff)
            self._backoff = min(2 * self._backoff, MAX_BACKOFF_SECONDS)
        else:
            self._backoff = MIN_BACKOFF_SECONDS

    async def _open(self) -> Connection:
        connection = await connect(self._url, "solvent-writer", role=API, lock_milliseconds=LOCK_MILLISECONDS)
        try:
            with bounded(connection, EXAMINE_SECONDS):
                await self._server.check(connection)
            await connection.set_autocommit(False)
        except BaseException:
            await connection.close()
            raise
        return connection

    def _is_done(self) -> bool:
        return self._is_closing and not (self._line.has_work if self.is_connected else self._line)

    async def _write(self, batch: list[Waiting], failures: list[FailureRecord]) -> None:
        if self._connection is None:
            self._return(batch, failures)
            return
        try:
            outcomes = await self._transact(self._connection, batch, failures)
        except _LostError:
            self._is_in_doubt = True
            await self._disconnect()
            self._return(batch, failures)
        except DecisionLogError as error:
            self._is_in_doubt = True
            await self._disconnect()
            self._refuse(batch, failures, error)
        except asyncio.CancelledError:
            self._refuse(batch, failures, OutcomeUnknownError("the writer was interrupted: retry with the same key"))
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one record, the task must outlive it
            await self._roll_back(self._connection)
            await self._write_alone(batch, failures, error)
        else:
            self._is_in_doubt = False
            for waiting, outcome in zip(batch, outcomes, strict=True):
                waiting.resolve(outcome)

    async def _try_a_write(self, connection: Connection) -> None:
        """Find out whether writing works again, unless somebody comes to write in earnest."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PROBE_SECONDS):
                await self._line.wait()
                return
        try:
            with bounded(connection, COMMIT_SECONDS):
                await probe(connection)
        except (psycopg.Error, OSError):
            await self._disconnect()
        else:
            self._is_in_doubt = False

    async def _transact(
        self, connection: Connection, batch: list[Waiting], failures: list[FailureRecord]
    ) -> list[Outcome]:
        prepared = [waiting.prepared for waiting in batch]
        try:
            with bounded(connection, _seconds_left(batch) + GRACE_SECONDS):
                outcomes, end = await record_batch(
                    connection, prepared, failures, position=self._position, now=self._clock()
                )
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.LockNotAvailable):
            raise
        except psycopg.Error as error:
            if is_lost(connection, error):
                raise _LostError from error
            raise LogUnavailableError(f"the decision log cannot be written now ({_cause(error)})") from error
        await self._commit(connection)
        records = end.records - self._position.records
        self._position = end
        self._on_commit(records)
        return outcomes

    async def _commit(self, connection: Connection) -> None:
        try:
            with bounded(connection, COMMIT_SECONDS):
                await connection.commit()
        except BaseException as error:
            if isinstance(error, psycopg.Error) and not is_lost(connection, error):
                raise LogUnavailableError(f"the decision log refused the commit ({_cause(error)})") from error
            # The old commit may still land, or has: its numbers must not be given again.
            self._position = Position()
            if not isinstance(error, Exception):
                raise
            raise OutcomeUnknownError("the commit was not confirmed: retry with the same key") from error

    async def _write_alone(self, batch: list[Waiting], failures: list[FailureRecord], error: Exception) -> None:
        """Write each record of a failed batch by itself, so that a bad one does not take its neighbours along."""
        if len(batch) + len(failures) == 1:
            self._refuse(batch, failures, _explain(batch, error))
            log.error("record_refused", cause=_cause(error))
            return
        for waiting in batch:
            await self._write([waiting], [])
        for failure in failures:
            await self._write([], [failure])

    def _return(self, batch: list[Waiting], failures: list[FailureRecord]) -> None:
        self._line.put_back(batch)
        self._line.dropped_failures += len(failures)

    def _refuse(self, batch: list[Waiting], failures: list[FailureRecord], error: DecisionLogError) -> None:
        for waiting in batch:
            waiting.resolve(type(error)(*error.args))
        self._line.dropped_failures += len(failures)

    async def _roll_back(self, connection: Connection) -> None:
        try:
            with bounded(connection, GRACE_SECONDS):
                await connection.rollback()
        except psycopg.Error:
            await self._disconnect()

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _seconds_left(batch: list[Waiting]) -> float:
    now = asyncio.get_running_loop().time()
    return max(0.0, min((waiting.deadline - now for waiting in batch), default=WAIT_SECONDS))


def _explain(batch: list[Waiting], error: Exception) -> DecisionLogError:
    """Say why a record that was written by itself is refused."""
    if not isinstance(error, psycopg.errors.LockNotAvailable):
        return DecisionLogError(f"the record does not fit the decision log: {_cause(error)}")
    if batch and batch[0].prepared.submission.claim is not None:
        return KeyInFlightError("a request with the same Idempotency-Key is under way: try again later")
    return LogUnavailableError(f"the decision log cannot be written now ({_cause(error)})")


def _cause(error: Exception) -> str:
    """Name the kind of an error. Its text stays out: it quotes the values of the row."""
    constraint = error.diag.constraint_name if isinstance(error, psycopg.Error) else None
    return " ".join(filter(None, (type(error).__name__, constraint)))

"""The decision log on PostgreSQL, as the port of the domain."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import psycopg

from solvent.decision_log.database.connections import Connection, SharedConnection, connect
from solvent.decision_log.database.roles import API
from solvent.decision_log.database.same_server import SameServer
from solvent.decision_log.reading.histories import HistoryReader
from solvent.decision_log.registers.models import register
from solvent.decision_log.writing.batching import BatchWriter
from solvent.decision_log.writing.rows import prepare
from solvent.decision_log.writing.waiting import WaitingLine
from solvent.domain.clock import utc_now
from solvent.domain.ports import Clock
from solvent.domain.records import FailureRecord, Receipt, ServedModel, StoredHistory, Submission
from solvent.errors import DecisionLogError, LogUnavailableError

STORE_SECONDS = 60
"""Time that storing a model or the histories of a whole portfolio may take."""

STAGE = "CREATE TEMP TABLE stored (client_id bigint, program_digest text, payload bytea)"
COPY_STAGE = "COPY stored FROM STDIN (FORMAT BINARY)"
# Sorted, so that two loads of the same clients cannot deadlock.
KEEP_STAGE = """
INSERT INTO client_features (client_id, program_digest, payload) SELECT * FROM stored ORDER BY 1, 2
ON CONFLICT (client_id, program_digest) DO UPDATE SET payload = excluded.payload, stored_at = excluded.stored_at
"""


class Companion(Protocol):
    """A task that goes along with the writer: it starts with it, hears of every commit, and closes after it."""

    def start(self) -> None: ...

    def count(self, records: int) -> None: ...

    @property
    def figures(self) -> dict[str, float]: ...

    async def close(self) -> None: ...


class PostgresDecisionLog:
    """Implements `solvent.domain.ports.DecisionLog`: open it, share it between requests, close it.

    It belongs to one event loop. It opens even if the database is away, and finds it when it comes back; `server` has
    it looked at before anything is written there.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock = utc_now,
        companions: Sequence[Companion] = (),
        server: SameServer | None = None,
    ) -> None:
        self._url = url
        self._line = WaitingLine()
        self._companions = companions
        self._writer = BatchWriter(url, self._line, clock, on_commit=self._count, server=server or SameServer())
        self._reading = SharedConnection(url, "solvent-reader")
        self._histories = HistoryReader(self._reading)
        self._task: asyncio.Task[None] | None = None

    @property
    def dropped_failures(self) -> int:
        """How many failure records were lost because the log was away."""
        return self._line.dropped_failures

    @property
    def figures(self) -> dict[str, float]:
        """How the companions are, by name of the figure."""
        return {name: value for companion in self._companions for name, value in companion.figures.items()}

    async def open(self) -> None:
        """Connect, and start the writer and its companions."""
        await self._writer.connect()
        self._task = asyncio.create_task(self._writer.run(), name="decision log writer")
        for companion in self._companions:
            companion.start()

    async def close(self) -> None:
        """Write what waits, close the companions, disconnect; returns within 5 s even if the database is away."""
        self._writer.close()
        if self._task is not None:
            await self._task
        for companion in self._companions:
            await companion.close()
        await self._reading.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def record(self, submission: Submission, *, within: float | None = None) -> Receipt:
        self._check_writer()
        return await self._line.join(prepare(submission), within=within)

    async def record_failure(self, failure: FailureRecord) -> None:
        self._line.add_failure(failure)

    async def register_model(self, model: ServedModel) -> None:
        """Make a model known.

        Raises:
            LogUnavailableError: the database is away.
            DecisionLogError: another bundle has the same version.
        """
        try:
            async with await connect(
                self._url, "solvent-models", role=API, statement_seconds=STORE_SECONDS
            ) as connection:
                await register(connection, model)
        except psycopg.Error as error:
            raise LogUnavailableError(f"the model cannot be registered now ({type(error).__name__})") from error

    async def find_history(
        self, client_id: int, program_digest: str, *, within: float | None = None
    ) -> StoredHistory | None:
        return (await self.find_histories((client_id,), program_digest, within=within)).get(client_id)

    async def find_histories(
        self, client_ids: Sequence[int], program_digest: str, *, within: float | None = None
    ) -> Mapping[int, StoredHistory]:
        found = await self._histories.find(client_ids, program_digest, within=within)
        return {client: StoredHistory(client, program_digest, payload) for client, payload in found.items()}

    async def store_histories(self, histories: Sequence[StoredHistory]) -> None:
        latest = {(one.client_id, one.program_digest): one.payload for one in histories}
        rows = [(*key, payload) for key, payload in latest.items()]
        try:
            async with await connect(self._url, "solvent-histories", statement_seconds=STORE_SECONDS) as connection:
                await _replace_histories(connection, rows)
        except (psycopg.DataError, psycopg.IntegrityError, OverflowError) as error:
            raise DecisionLogError(f"no history was stored: one does not fit ({type(error).__name__})") from None
        except psycopg.Error as error:
            raise LogUnavailableError(f"no history was stored ({type(error).__name__}): try again") from error

    async def check(self) -> None:
        self._check_writer()
        if not self._writer.is_connected:
            raise LogUnavailableError("the decision log is away")
        if self._writer.is_in_doubt:
            raise LogUnavailableError("the last write failed, and none has succeeded since")
        await self._reading.fetch("SELECT 1")

    def _count(self, records: int) -> None:
        for companion in self._companions:
            companion.count(records)

    def _check_writer(self) -> None:
        if self._task is None or self._task.done():
            raise LogUnavailableError("the decision log is not open")


async def _replace_histories(connection: Connection, rows: list[tuple[int, str, bytes]]) -> None:
    async with connection.transaction(), connection.cursor() as cursor:
        await cursor.execute(STAGE)
        async with cursor.copy(COPY_STAGE) as copy:
            copy.set_types(["int8", "text", "bytea"])
            for row in rows:
                await copy.write_row(row)
        await cursor.execute(KEEP_STAGE)

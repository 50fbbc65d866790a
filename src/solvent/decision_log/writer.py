"""The decision log on PostgreSQL, as the port of the domain."""

import asyncio
from collections.abc import Sequence
from typing import Self

import psycopg

from solvent.decision_log.batching import BatchWriter
from solvent.decision_log.connections import Connection, SharedConnection, connect
from solvent.decision_log.rows import prepare
from solvent.decision_log.waiting import WaitingLine
from solvent.domain.clock import utc_now
from solvent.domain.ports import Clock
from solvent.domain.records import FailureRecord, Receipt, ServedModel, StoredHistory, Submission
from solvent.errors import DecisionLogError, LogUnavailableError

STORE_SECONDS = 60
"""Time that storing the histories of a whole portfolio may take."""

REGISTER = """
INSERT INTO models (model_version, bundle_digest, program_digest, threshold, top_features, manifest)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
FIND_DIGEST = "SELECT bundle_digest FROM models WHERE model_version = %s"
FIND_HISTORY = "SELECT payload FROM client_features WHERE client_id = %s AND program_digest = %s"

STAGE = "CREATE TEMP TABLE stored (client_id bigint, program_digest text, payload bytea)"
COPY_STAGE = "COPY stored FROM STDIN (FORMAT BINARY)"
# Sorted, so that two loads of the same clients cannot deadlock.
KEEP_STAGE = """
INSERT INTO client_features (client_id, program_digest, payload) SELECT * FROM stored ORDER BY 1, 2
ON CONFLICT (client_id, program_digest) DO UPDATE SET payload = excluded.payload, stored_at = excluded.stored_at
"""


class PostgresDecisionLog:
    """Implements `solvent.domain.ports.DecisionLog`: open it, share it between requests, close it.

    It belongs to one event loop. It opens even if the database is away, and finds it when it comes back.
    """

    def __init__(self, url: str, *, clock: Clock = utc_now) -> None:
        self._url = url
        self._line = WaitingLine()
        self._writer = BatchWriter(url, self._line, clock)
        self._reading = SharedConnection(url, "solvent-reader")
        self._task: asyncio.Task[None] | None = None

    @property
    def dropped_failures(self) -> int:
        """How many failure records were lost because the log was away."""
        return self._line.dropped_failures

    async def open(self) -> None:
        """Connect, and start the writer."""
        await self._writer.connect()
        self._task = asyncio.create_task(self._writer.run(), name="decision log writer")

    async def close(self) -> None:
        """Write what waits, then disconnect; returns within about 3 s even if the database is away."""
        self._writer.close()
        if self._task is not None:
            await self._task
        await self._reading.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def record(self, submission: Submission) -> Receipt:
        self._check_writer()
        return await self._line.join(prepare(submission))

    async def record_failure(self, failure: FailureRecord) -> None:
        self._line.add_failure(failure)

    async def register_model(self, model: ServedModel) -> None:
        """Make a model known.

        Raises:
            LogUnavailableError: the database is away.
            DecisionLogError: another bundle has the same version.
        """
        values = (model.model_version, model.bundle_digest, model.program_digest, model.threshold)
        await self._reading.fetch(REGISTER, (*values, list(model.top_features), model.manifest))
        if await self._reading.fetch(FIND_DIGEST, (model.model_version,)) != [(model.bundle_digest,)]:
            raise DecisionLogError(
                f"model version {model.model_version} is registered with another bundle: give this one its own version"
            )

    async def find_history(self, client_id: int, program_digest: str) -> StoredHistory | None:
        rows = await self._reading.fetch(FIND_HISTORY, (client_id, program_digest))
        return StoredHistory(client_id, program_digest, rows[0][0]) if rows else None

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
        await self._reading.fetch("SELECT 1")

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

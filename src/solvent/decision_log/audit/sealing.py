"""The task that makes checkpoints while decisions are recorded."""

import asyncio
from contextlib import suppress
from pathlib import Path

import psycopg
import structlog

from solvent.decision_log.audit.checkpoints import make_checkpoint
from solvent.decision_log.audit.ledger import keep_outside
from solvent.decision_log.audit.signing import Signer
from solvent.decision_log.database.connections import bounded, connect
from solvent.decision_log.database.roles import API
from solvent.domain.ports import Clock

EVERY_SECONDS = 50.0
"""No record stays out of a checkpoint for more than 60 s (RELIABILITY.md, P-04), the making of one included."""
EVERY_RECORDS = 4_000
"""Nor do more than 10,000 records: what comes in while a checkpoint is made counts too."""
CHECKPOINT_SECONDS = 1.0
"""Time that connecting, and then making a checkpoint, may take: a shutdown waits for both."""

log = structlog.get_logger(__name__)


class Sealer:
    """Makes a checkpoint every 50 s, every 4,000 records, and when it is closed."""

    def __init__(self, url: str, *, signer: Signer, folder: Path, clock: Clock) -> None:
        self._url = url
        self._signer = signer
        self._folder = folder
        self._clock = clock
        self._new_records = 0
        self._is_closing = False
        self._enough = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def count(self, records: int) -> None:
        """Note that records were committed."""
        self._new_records += records
        if self._new_records >= EVERY_RECORDS:
            self._enough.set()

    def start(self) -> None:
        """Begin, with a checkpoint over what earlier processes left."""
        self._task = asyncio.create_task(self._run(), name="sealer")

    async def close(self) -> None:
        """Make the last checkpoint, within about two seconds; if the database is away, the next process makes it."""
        self._is_closing = True
        self._enough.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._is_closing
            await self._seal()
            if not self._is_closing:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._enough.wait(), EVERY_SECONDS)

    async def _seal(self) -> None:
        """Make one checkpoint; a failure is logged and left to the next one."""
        self._new_records = 0
        self._enough.clear()
        try:
            async with asyncio.timeout(CHECKPOINT_SECONDS):
                connection = await connect(self._url, "solvent-checkpoint", role=API)
            async with connection:
                with bounded(connection, CHECKPOINT_SECONDS):
                    entry = await make_checkpoint(connection, self._signer, now=self._clock())
            if entry is not None:
                await asyncio.to_thread(keep_outside, self._folder, entry)
                log.info("checkpoint_made", number=entry.number)
        except (psycopg.Error, OSError) as error:
            log.warning("checkpoint_failed", error=type(error).__name__)

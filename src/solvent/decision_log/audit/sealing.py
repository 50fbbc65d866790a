"""The task that makes checkpoints while decisions are recorded."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import structlog

from solvent.decision_log.audit.checkpoints import make_checkpoint
from solvent.decision_log.audit.outside import complete_outside
from solvent.decision_log.audit.signing import Signer
from solvent.decision_log.database.connections import bounded, connect
from solvent.decision_log.database.roles import API
from solvent.decision_log.database.same_server import SameServer
from solvent.domain.ports import Clock

EVERY_SECONDS = 50.0
"""No record stays out of a checkpoint for more than 60 s (RELIABILITY.md, P-04), the making of one included."""
EVERY_RECORDS = 4_000
"""Nor do more than 10,000 records: what comes in while a checkpoint is made counts too."""
CONNECT_SECONDS = 1.5
CHECKPOINT_SECONDS = 2.0
"""Time that connecting may take, then making a checkpoint, then comparing with the files: a shutdown waits for all."""
AGAIN_SECONDS = 5.0
"""From a checkpoint that failed to the next."""
MAX_UNCOVERED_SECONDS = 120.0
MAX_UNCOVERED = 20_000
"""Twice what P-04 allows: beyond either, the process is not ready."""

log = structlog.get_logger(__name__)


class Sealer:
    """Makes a checkpoint every 50 s, every 4,000 records, and when it is closed."""

    def __init__(
        self, url: str, *, signer: Signer, folder: Path, clock: Clock, server: SameServer | None = None
    ) -> None:
        self._url = url
        self._signer = signer
        self._folder = folder
        self._clock = clock
        self._server = server or SameServer()
        self._uncovered = 0
        self._uncovered_since: float | None = None
        self._has_failed = False
        self._is_closing = False
        self._enough = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def figures(self) -> dict[str, float]:
        """How many records of this process no checkpoint covers, for how many seconds, and whether that is too much."""
        seconds = 0.0 if self._uncovered_since is None else time.monotonic() - self._uncovered_since
        return {
            "uncovered_records": self._uncovered,
            "uncovered_seconds": seconds,
            "checkpoints_overdue": float(self._uncovered > MAX_UNCOVERED or seconds > MAX_UNCOVERED_SECONDS),
        }

    def count(self, records: int) -> None:
        """Note that records were committed."""
        if self._uncovered_since is None:
            self._uncovered_since = time.monotonic()
        self._uncovered += records
        if self._uncovered >= EVERY_RECORDS and not self._has_failed:
            self._enough.set()

    def start(self) -> None:
        """Begin, with a checkpoint over what earlier processes left."""
        self._task = asyncio.create_task(self._run(), name="sealer")

    async def close(self) -> None:
        """Make the last checkpoint, within a few seconds; if the database is away, the next process makes it."""
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
                seconds = AGAIN_SECONDS if self._has_failed else EVERY_SECONDS
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._enough.wait(), seconds)

    async def _seal(self) -> None:
        """Make one checkpoint; a failure is logged, and the next one is made soon."""
        self._enough.clear()
        covered, started = self._uncovered, time.monotonic()
        try:
            await self._make_checkpoint()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next checkpoint is to be made
            self._has_failed = True
            log.warning("checkpoint_failed", error=type(error).__name__)
            return
        self._has_failed = False
        self._uncovered -= covered
        self._uncovered_since = started if self._uncovered else None

    async def _make_checkpoint(self) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await connect(self._url, "solvent-checkpoint", role=API)
        async with connection:
            with bounded(connection, CHECKPOINT_SECONDS):
                await self._server.check(connection)
                entry = await make_checkpoint(connection, self._signer, now=self._clock())
            # Also what another process, or an earlier one, committed and did not live to keep.
            with bounded(connection, CHECKPOINT_SECONDS):
                await complete_outside(connection, self._folder)
        if entry is not None:
            log.info("checkpoint_made", number=entry.number)

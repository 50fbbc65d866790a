"""The task that keeps a running log tidy: partitions of the coming months, and idempotency claims that expired."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import psycopg
import structlog

from solvent.decision_log.keeping.partitions import ensure_partitions
from solvent.decision_log.keeping.retention import expire_claims
from solvent.domain.ports import Clock
from solvent.errors import DecisionLogError

EVERY_SECONDS = 3600.0

log = structlog.get_logger(__name__)


class Housekeeper:
    """Tidies every hour.

    A login that may not make tables leaves the partitions to `solvent db upgrade`; until then rows of a new month go to
    the default partition, from where they move later.
    """

    def __init__(self, url: str, *, claims_kept: timedelta, clock: Clock) -> None:
        self._url = url
        self._claims_kept = claims_kept
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="housekeeper")

    def count(self, records: int) -> None:
        """Nothing to do after a commit."""

    @property
    def figures(self) -> dict[str, float]:
        """None."""
        return {}

    async def close(self) -> None:
        """Stop at once; nothing is ever half done."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.tidy()

    async def tidy(self) -> None:
        """Do it once; a failure is logged and left to the next hour."""
        now = self._clock()
        try:
            made = await asyncio.to_thread(ensure_partitions, self._url, now)
            log.info("partitions_made", count=len(made))
        except DecisionLogError as error:
            log.warning("partitions_not_made", error=type(error).__name__)
        try:
            removed = await expire_claims(self._url, now - self._claims_kept)
            log.info("claims_expired", count=removed)
        except (psycopg.Error, OSError) as error:
            log.warning("claims_not_expired", error=type(error).__name__)

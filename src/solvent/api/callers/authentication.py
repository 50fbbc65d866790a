"""Knows the callers by their keys, from a copy in memory that is never older than the promise allows."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from solvent.api.refusals import Refusal, RequestRefusedError
from solvent.decision_log.registers.api_keys import KeyInForce, find_key
from solvent.domain.ports import Clock
from solvent.errors import LogUnavailableError

REFRESH_SECONDS = 1.5
"""A refresh takes at most 2 s more (`connections.FETCH_SECONDS`): a revoked key ends within 5 s (P-31)."""
MAX_AGE_SECONDS = 4.5
"""Without a newer copy, no key is taken: it may have been revoked."""

ReadKeys = Callable[[], Awaitable[Mapping[str, KeyInForce]]]

log = structlog.get_logger(__name__)


class Authenticator:
    """The keys in force, as this process knows them. Until `refresh` has succeeded it knows none."""

    def __init__(self, read_keys: ReadKeys, clock: Clock, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._read_keys = read_keys
        self._clock = clock
        self._monotonic = monotonic
        self._keys: Mapping[str, KeyInForce] = {}
        self._read_at = float("-inf")

    @property
    def is_fresh(self) -> bool:
        """Whether the copy is new enough to trust."""
        return self._monotonic() - self._read_at <= MAX_AGE_SECONDS

    async def refresh(self) -> None:
        """Read the keys; if that fails the copy gets older."""
        started = self._monotonic()
        try:
            self._keys = await self._read_keys()
        except LogUnavailableError:
            log.warning("keys_not_read")
        else:
            self._read_at = started

    async def keep_fresh(self) -> None:
        """Refresh until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(REFRESH_SECONDS)

    def identify(self, authorization: bytes | None) -> KeyInForce:
        """Return the key that an Authorization header holds.

        Raises:
            RequestRefusedError: there is none in force, or nobody can tell now.
        """
        if not self.is_fresh:
            raise RequestRefusedError(Refusal.KEYS_UNAVAILABLE)
        scheme, _, given = (authorization or b"").decode("latin-1").partition(" ")
        found = find_key(given, self._keys, self._clock()) if scheme.lower() == "bearer" else None
        if found is None:
            raise RequestRefusedError(Refusal.NOT_AUTHENTICATED)
        return found

"""Reads stored histories: what is asked for while one read is under way is read together by the next."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from solvent.decision_log.database.connections import FETCH_SECONDS, SharedConnection
from solvent.errors import LogUnavailableError

MAX_WAITING = 1024
MAX_TOGETHER = 64
"""Requests of one read. A batch is one of up to a hundred clients; admission lets in few enough that a read holds
some 400 histories of 5 kB."""

FIND_HISTORIES = """
SELECT client_id, payload FROM client_features WHERE client_id = ANY(%t::int8[]) AND program_digest = %t
"""


@dataclass(slots=True, eq=False)
class _Waiting:
    client_ids: Sequence[int]
    program_digest: str
    found: asyncio.Future[dict[int, bytes]]


class HistoryReader:
    """Finds histories over a shared connection, one read at a time; nothing is kept between reads."""

    def __init__(self, connection: SharedConnection) -> None:
        self._connection = connection
        self._line: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def find(
        self, client_ids: Sequence[int], program_digest: str, *, within: float | None = None
    ) -> dict[int, bytes]:
        """Return what is stored of these clients for that feature program, as it is now, by client.

        Raises:
            LogUnavailableError: it cannot be read `within` so many seconds, or too many wait.
        """
        if len(self._line) >= MAX_WAITING:
            raise LogUnavailableError("too many requests wait for stored histories: try again later")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(client_ids, program_digest, loop.create_future())
        self._line.append(waiting)
        if self._task is None:
            self._task = loop.create_task(self._read_all(), name="history reader")
        seconds = FETCH_SECONDS if within is None else min(FETCH_SECONDS, within)
        timer = loop.call_later(seconds, _refuse, [waiting], "it takes too long")
        try:
            return await waiting.found
        finally:
            timer.cancel()

    async def _read_all(self) -> None:
        try:
            while self._line:
                digest = self._line[0].program_digest
                together = [one for one in self._line if one.program_digest == digest][:MAX_TOGETHER]
                taken = set(map(id, together))
                self._line = [one for one in self._line if id(one) not in taken]
                await self._read([one for one in together if not one.found.done()])
        finally:
            self._task = None

    async def _read(self, together: Sequence[_Waiting]) -> None:
        if not together:
            return
        clients = ",".join([str(client) for one in together for client in one.client_ids])
        try:
            rows = await self._connection.fetch(FIND_HISTORIES, (f"{{{clients}}}", together[0].program_digest))
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            _refuse(together, type(error).__name__)
            return
        found: dict[int, bytes] = dict(rows)
        for one in together:
            if not one.found.done():
                one.found.set_result({client: found[client] for client in one.client_ids if client in found})


def _refuse(together: Sequence[_Waiting], cause: str) -> None:
    for one in together:
        if not one.found.done():
            one.found.set_exception(LogUnavailableError(f"a stored history cannot be read now ({cause})"))

"""Stored histories are read together, and nobody waits for ever."""

import asyncio
from collections.abc import Sequence

import pytest

from solvent.decision_log.database.connections import SharedConnection
from solvent.decision_log.reading.histories import MAX_TOGETHER, MAX_WAITING, HistoryReader
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.records import StoredHistory
from solvent.errors import LogUnavailableError

pytestmark = pytest.mark.anyio


class CountingConnection(SharedConnection):
    """A connection to nowhere that answers with the payloads it was given, after a turn of the event loop."""

    def __init__(self, payloads: dict[tuple[int, str], bytes], *, error: Exception | None = None) -> None:
        self.payloads = payloads
        self.error = error
        self.asked: list[tuple[str, str]] = []

    async def fetch(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[int, bytes]]:
        clients, digest = map(str, parameters)
        self.asked.append((clients, digest))
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        wanted = [int(client) for client in clients.strip("{}").split(",")]
        return [(client, self.payloads[client, digest]) for client in wanted if (client, digest) in self.payloads]


async def test_what_is_asked_for_meanwhile_is_read_together_by_program() -> None:
    connection = CountingConnection({(1, "p1"): b"one", (2, "p1"): b"two", (2, "p2"): b"other"})
    reader = HistoryReader(connection)
    found = await asyncio.gather(
        reader.find((1,), "p1"),
        reader.find((2,), "p1"),
        reader.find((2,), "p2"),
        reader.find((3,), "p1"),
        reader.find((1,), "p1"),
    )
    assert list(found) == [{1: b"one"}, {2: b"two"}, {2: b"other"}, {}, {1: b"one"}]
    assert connection.asked == [("{1,2,3,1}", "p1"), ("{2}", "p2")]


async def test_a_batch_is_read_in_one_statement_with_what_else_waits() -> None:
    connection = CountingConnection({(1, "p1"): b"one", (2, "p1"): b"two"})
    reader = HistoryReader(connection)
    found = await asyncio.gather(reader.find((2, 3, 1, 2), "p1"), reader.find((1,), "p1"))
    assert list(found) == [{2: b"two", 1: b"one"}, {1: b"one"}]
    assert connection.asked == [("{2,3,1,2,1}", "p1")]


async def test_a_later_request_sees_what_was_erased_since() -> None:
    connection = CountingConnection({(1, "p1"): b"one"})
    reader = HistoryReader(connection)
    assert await reader.find((1,), "p1") == {1: b"one"}
    connection.payloads.clear()
    assert await reader.find((1,), "p1") == {}


async def test_one_read_has_a_largest_number_of_clients() -> None:
    connection = CountingConnection({})
    reader = HistoryReader(connection)
    await asyncio.gather(*(reader.find((client,), "p1") for client in range(MAX_TOGETHER + 1)))
    assert [clients.count(",") + 1 for clients, _ in connection.asked] == [MAX_TOGETHER, 1]


async def test_a_read_that_fails_refuses_all_who_wait_for_it_and_the_next_goes_on() -> None:
    connection = CountingConnection({(1, "p1"): b"one"}, error=LogUnavailableError("away"))
    reader = HistoryReader(connection)
    refusals = await asyncio.gather(reader.find((1,), "p1"), reader.find((2,), "p1"), return_exceptions=True)
    assert [type(refusal) for refusal in refusals] == [LogUnavailableError] * 2
    connection.error = None
    assert await reader.find((1,), "p1") == {1: b"one"}


async def test_the_line_has_a_largest_length() -> None:
    reader = HistoryReader(CountingConnection({}))
    waiting = [asyncio.create_task(reader.find((client,), "p1")) for client in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(LogUnavailableError, match="too many requests wait for stored histories"):
        await reader.find((0,), "p1")
    assert await asyncio.gather(*waiting) == [{}] * MAX_WAITING


async def test_a_caller_who_leaves_disturbs_nobody() -> None:
    reader = HistoryReader(CountingConnection({(2, "p1"): b"two"}))
    leaving = asyncio.create_task(reader.find((1,), "p1"))
    staying = asyncio.create_task(reader.find((2,), "p1"))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == {2: b"two"}


@pytest.mark.postgres
async def test_many_clients_get_their_own_history_from_the_database(postgres_log: PostgresDecisionLog) -> None:
    stored = [StoredHistory(client, "p1", b"%d" % client) for client in (2**53 - 1, *range(1, 40, 2))]
    await postgres_log.store_histories(stored)
    clients = [2**53 - 1, *range(40)]
    found = await asyncio.gather(*(postgres_log.find_history(client, "p1") for client in clients))
    assert [one for one in found if one is not None] == stored
    assert [client for client, one in zip(clients, found, strict=True) if one is None] == list(range(0, 40, 2))

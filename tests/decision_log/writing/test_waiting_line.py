import asyncio
import time

import pytest
from log_examples import FAILURE, make_submission

from solvent.decision_log.writing.rows import prepare
from solvent.decision_log.writing.waiting import WaitingLine
from solvent.domain.records import Receipt
from solvent.errors import LogUnavailableError, OutcomeUnknownError

pytestmark = pytest.mark.anyio


async def _join(line: WaitingLine, count: int) -> list[asyncio.Task[Receipt]]:
    tasks = [asyncio.create_task(line.join(prepare(make_submission(number)))) for number in range(1, count + 1)]
    await asyncio.sleep(0)
    return tasks


async def test_hands_out_the_oldest_first_up_to_the_limit() -> None:
    line = WaitingLine()
    tasks = await _join(line, 3)
    batch, failures = line.take(2)
    assert [one.prepared.submission for one in batch] == [make_submission(1), make_submission(2)]
    assert failures == []
    for one in (*batch, *line.take(2)[0]):
        one.resolve(Receipt(b"done", repeated=False))
    assert await asyncio.gather(*tasks) == [Receipt(b"done", repeated=False)] * 3


async def test_refuses_at_once_when_full() -> None:
    line = WaitingLine(max_waiting=2)
    tasks = await _join(line, 3)
    with pytest.raises(LogUnavailableError, match="too many decisions wait"):
        await tasks[2]
    assert len(line) == 2
    for one in line.take(2)[0]:
        one.resolve(Receipt(b"done", repeated=False))
    await asyncio.gather(*tasks[:2])


async def test_refuses_who_waited_too_long_and_makes_room() -> None:
    line = WaitingLine(wait_seconds=0.02)
    tasks = await _join(line, 2)
    with pytest.raises(LogUnavailableError, match="nothing was recorded"):
        await tasks[0]
    with pytest.raises(LogUnavailableError):
        await tasks[1]
    assert len(line) == 0


async def test_who_has_little_time_left_keeps_enough_of_it_for_the_write() -> None:
    line = WaitingLine(wait_seconds=60.0, write_seconds=1.0)
    started = time.monotonic()
    with pytest.raises(LogUnavailableError, match="nothing was recorded"):
        await line.join(prepare(make_submission(1)), within=1.02)
    assert 0.01 < time.monotonic() - started < 0.9


async def test_who_is_being_written_does_not_time_out_but_is_refused_when_put_back_late() -> None:
    line = WaitingLine(wait_seconds=0.02)
    (task,) = await _join(line, 1)
    batch, _ = line.take(32)
    await asyncio.sleep(0.03)
    assert not task.done()
    line.put_back(batch)
    with pytest.raises(LogUnavailableError):
        await task


async def test_put_back_keeps_the_order() -> None:
    line = WaitingLine()
    tasks = await _join(line, 3)
    batch, _ = line.take(2)
    line.put_back(batch)
    assert [one.prepared.submission.decisions[0].request_id.int % 16 for one in line.take(3)[0]] == [1, 2, 3]
    for task in tasks:
        task.cancel()


async def test_passes_over_callers_who_left() -> None:
    line = WaitingLine()
    tasks = await _join(line, 2)
    tasks[0].cancel()
    await asyncio.sleep(0)
    batch, _ = line.take(32)
    assert [one.prepared.submission for one in batch] == [make_submission(2)]
    batch[0].resolve(Receipt(b"done", repeated=False))
    assert (await tasks[1]).answer == b"done"


async def test_drops_and_counts_failures_beyond_the_limit() -> None:
    line = WaitingLine(max_failures=2)
    for _ in range(5):
        line.add_failure(FAILURE)
    assert line.dropped_failures == 3
    assert line.take(32) == ([], [FAILURE, FAILURE])
    assert not line.has_work


async def test_an_empty_line_is_waited_for_even_after_its_last_submission_expired() -> None:
    line = WaitingLine(wait_seconds=0.01)
    (task,) = await _join(line, 1)
    with pytest.raises(LogUnavailableError):
        await task
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(line.wait(), 0.01)
    line.add_failure(FAILURE)
    await asyncio.wait_for(line.wait(), 0.01)


async def test_who_is_taken_and_never_answered_learns_that_the_outcome_is_unknown() -> None:
    line = WaitingLine(wait_seconds=0.02, write_seconds=0.02)
    (task,) = await _join(line, 1)
    line.take(1)
    with pytest.raises(OutcomeUnknownError, match="retry with the same key"):
        await asyncio.wait_for(task, timeout=2)

import asyncio

import pytest

from solvent.api.callers.admission import BATCH_PLACES, MAX_BODIES_BYTES, Admission
from solvent.api.refusals import Refusal, RequestRefusedError

pytestmark = pytest.mark.anyio


def _admission(*, at_work: int = 2, in_queue: int = 2, seconds: float = 5.0) -> Admission:
    return Admission(max_at_work=at_work, max_in_queue=in_queue, queue_seconds=seconds)


async def _enter_later(admission: Admission, places: int = 1, caller: str | None = None) -> "asyncio.Task[None]":
    task = asyncio.create_task(admission.enter(places, caller))
    await asyncio.sleep(0)
    return task


async def test_beyond_the_places_requests_wait_and_beyond_the_queue_they_are_refused() -> None:
    admission = _admission()
    await admission.enter(1)
    await admission.enter(1)
    first, second = [await _enter_later(admission) for _ in range(2)]
    assert (admission.at_work, admission.waiting, admission.is_full) == (2, 2, True)
    for refuse in (admission.enter(1), asyncio.to_thread(admission.arrive, None)):
        with pytest.raises(RequestRefusedError) as caught:
            await refuse
        assert caught.value.refusal is Refusal.OVERLOADED
        assert caught.value.headers == {"Retry-After": "1", "Retry-After-Ms": "250"}
    admission.leave(1)
    await first
    assert not second.done()
    assert (admission.at_work, admission.waiting, admission.is_full) == (2, 1, False)
    admission.leave(1)
    await second
    admission.leave(1)
    admission.leave(1)
    assert (admission.at_work, admission.waiting) == (0, 0)


async def test_a_wait_ends_at_its_deadline() -> None:
    admission = _admission(at_work=1, seconds=0.02)
    await admission.enter(1)
    with pytest.raises(RequestRefusedError, match="overloaded"):
        await admission.enter(1)
    assert (admission.at_work, admission.waiting) == (1, 0)


async def test_a_caller_who_leaves_the_queue_or_has_just_been_called_gives_the_place_back() -> None:
    admission = _admission(at_work=1)
    await admission.enter(1)
    waiting, called = [await _enter_later(admission) for _ in range(2)]
    waiting.cancel()
    await asyncio.sleep(0)
    assert admission.waiting == 1
    admission.leave(1)
    called.cancel()
    await asyncio.gather(waiting, called, return_exceptions=True)
    assert (admission.at_work, admission.waiting) == (0, 0)


async def test_a_batch_waits_for_all_its_places_and_single_ones_do_not_overtake_it() -> None:
    admission = _admission(at_work=BATCH_PLACES)
    await admission.enter(1)
    batch, single = await _enter_later(admission, BATCH_PLACES), await _enter_later(admission)
    assert not batch.done()
    admission.leave(1)
    await batch
    assert not single.done()
    admission.leave(BATCH_PLACES)
    await single


async def test_a_batch_of_more_places_than_there_are_starts_alone() -> None:
    admission = _admission(at_work=2)
    await admission.enter(BATCH_PLACES)
    assert admission.at_work == BATCH_PLACES
    admission.leave(BATCH_PLACES)


async def test_one_caller_cannot_hold_every_place() -> None:
    admission = _admission(at_work=2, in_queue=2)
    for _ in range(3):
        admission.arrive("greedy")
    with pytest.raises(RequestRefusedError, match="overloaded"):
        admission.arrive("greedy")
    admission.arrive("polite")
    admission.depart("greedy", 0)
    admission.arrive("greedy")


async def test_batches_of_one_caller_leave_places_at_work_to_others() -> None:
    admission = _admission(at_work=32, in_queue=32)
    for _ in range(3):
        await admission.enter(BATCH_PLACES, "greedy")
    waiting = await _enter_later(admission, BATCH_PLACES, "greedy")
    assert (admission.at_work, admission.waiting) == (24, 1)
    await asyncio.wait_for(admission.enter(BATCH_PLACES, "polite"), 1.0)
    admission.leave(BATCH_PLACES, "greedy")
    await waiting
    assert (admission.at_work, admission.waiting) == (32, 0)


async def test_one_caller_cannot_fill_the_queue() -> None:
    admission = _admission(at_work=1, in_queue=4)
    await admission.enter(1, "greedy")
    waiting = [await _enter_later(admission, 1, "greedy") for _ in range(4)]
    with pytest.raises(RequestRefusedError, match="overloaded"):
        await waiting[3]
    polite = await _enter_later(admission, 1, "polite")
    assert admission.waiting == 4
    for task in (*waiting[:3], polite):
        admission.leave(1, "greedy")
        await task
    admission.leave(1, "polite")
    assert admission.at_work == 0


async def test_a_batch_at_the_head_of_the_queue_does_not_lift_its_limit() -> None:
    admission = _admission(at_work=32, in_queue=32)
    for _ in range(31):
        await admission.enter(1)
    waiting = [await _enter_later(admission, BATCH_PLACES)]
    waiting += [await _enter_later(admission) for _ in range(1000)]
    assert (admission.at_work, admission.waiting, admission.is_full) == (31, 32, True)
    for task in waiting:
        task.cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(isinstance(result, RequestRefusedError) for result in results) == 969


async def test_without_a_queue_a_free_place_is_not_full() -> None:
    admission = _admission(at_work=1, in_queue=0)
    assert not admission.is_full
    await admission.enter(1)
    assert admission.is_full


async def test_bodies_under_way_have_a_limit_in_bytes() -> None:
    admission = _admission()
    admission.charge(None, MAX_BODIES_BYTES)
    with pytest.raises(RequestRefusedError, match="overloaded"):
        admission.charge(None, 1)
    with pytest.raises(RequestRefusedError, match="overloaded"):
        admission.arrive(None)
    admission.depart(None, MAX_BODIES_BYTES)
    admission.arrive(None)
    assert admission.bodies_bytes == 0


async def test_the_bodies_of_one_caller_leave_room_to_others() -> None:
    admission = _admission()
    for _ in range(12):
        admission.charge("greedy", 4 * 2**20)
    with pytest.raises(RequestRefusedError, match="overloaded"):
        admission.charge("greedy", 1)
    admission.charge("polite", 4 * 2**20)
    assert admission.bodies_bytes == 52 * 2**20


async def test_what_is_exhausted_closes_the_door() -> None:
    admission = _admission()
    admission.closed_by = "memory"
    with pytest.raises(RequestRefusedError, match="overloaded"):
        admission.arrive(None)


async def test_places_are_spoken_for_by_requests_that_came_in_the_same_turn() -> None:
    admission = _admission(at_work=1, in_queue=1)
    for _ in range(2):
        assert not admission.is_spoken_for
        admission.announce()
    assert (admission.is_spoken_for, admission.is_full) == (True, False)
    admission.arrive(None)  # the first of them asks: what came behind it does not stand in its way
    admission.forget()
    await admission.enter(1)
    assert admission.is_spoken_for
    admission.forget()
    assert not admission.is_spoken_for

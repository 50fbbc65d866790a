"""A batch gives way in time, and not after every row."""

import asyncio

import pytest

from solvent.scoring.turns import TURN_NS, Turns

pytestmark = pytest.mark.anyio


async def count_turns(moments: list[int]) -> int:
    """Ask once per moment whether it is time, and count how often another task got its turn."""
    turns = Turns(iter(moments).__next__)
    count = 0

    async def other() -> None:
        nonlocal count
        while True:
            await asyncio.sleep(0)
            count += 1

    task = asyncio.create_task(other())
    await asyncio.sleep(0)
    for _ in range(3):
        await turns.give_way()
    task.cancel()
    return count


async def test_goes_on_while_its_time_lasts() -> None:
    assert await count_turns([0, 1, TURN_NS - 1, TURN_NS]) == 0


async def test_gives_way_when_its_time_is_over_and_counts_from_then() -> None:
    assert await count_turns([0, TURN_NS + 1, TURN_NS + 5, 2 * TURN_NS + 5, 2 * TURN_NS + 6, 0]) == 2

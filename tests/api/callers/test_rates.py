import subprocess
import sys
import time
from pathlib import Path

import pytest

from solvent.api.callers.rates import SharedRates, Standing, make_rates_file

WORKER = """
import sys, time
from pathlib import Path
from solvent.api.callers.rates import SharedRates

rates = SharedRates(Path(sys.argv[1]), worker=int(sys.argv[2]), workers=3, time=time.monotonic)
print("ready", flush=True)
end = float(sys.stdin.readline())
taken = refused = 0
while time.monotonic() < end:
    is_counted = time.monotonic() > end - 3.0  # the first second may hold a second's burst
    if rates.take("key", 100) is None:
        taken += is_counted
    else:
        refused += 1
    time.sleep(0.0005)
print(taken, refused)
"""


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pair(tmp_path: Path, clock: Clock) -> tuple[SharedRates, SharedRates]:
    """Two workers that share the counters."""
    make_rates_file(tmp_path / "rates", workers=2)
    with (tmp_path / "rates").open("r+b") as file:
        file.write(bytes(16))  # the salt, or some run would find two names on the same counters
    first, second = (SharedRates(tmp_path / "rates", worker=number, workers=2, time=clock) for number in (0, 1))
    return first, second


def test_what_one_worker_let_in_counts_for_the_other(pair: tuple[SharedRates, SharedRates]) -> None:
    first, second = pair
    assert [first.take("key", 3), second.take("key", 3), first.take("key", 3)] == [None] * 3
    assert second.take("key", 3) == first.take("key", 3) == Standing(limit=3, remaining=0, milliseconds=1001)


def test_names_do_not_disturb_each_other(pair: tuple[SharedRates, SharedRates]) -> None:
    first, _ = pair
    assert [first.take(f"key {number}", 1) for number in range(500)] == [None] * 500


def test_room_comes_back_as_the_second_moves_on(pair: tuple[SharedRates, SharedRates], clock: Clock) -> None:
    first, second = pair
    assert [first.take("key", 4) for _ in range(4)] == [None] * 4
    clock.now = 1001.5  # half of the second before still counts
    assert [second.take("key", 4) for _ in range(2)] == [None] * 2
    assert second.take("key", 4) == Standing(limit=4, remaining=0, milliseconds=501)
    clock.now = 1003.0
    assert [first.take("key", 4) for _ in range(4)] == [None] * 4


def test_what_is_refused_is_not_counted(pair: tuple[SharedRates, SharedRates], clock: Clock) -> None:
    first, _ = pair
    for _ in range(10):
        first.take("key", 1)
    clock.now = 1002.0
    assert first.take("key", 1) is None


@pytest.mark.slow
def test_a_limit_holds_within_a_tenth_over_three_processes(tmp_path: Path) -> None:
    make_rates_file(tmp_path / "rates", workers=3)
    processes = [
        subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", WORKER, str(tmp_path / "rates"), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    end = time.monotonic() + 4.0
    counts = [process.communicate(f"{end}\n")[0].split() for process in processes]
    taken, refused = (sum(int(count[column]) for count in counts) for column in (0, 1))
    assert refused > 0
    assert 100 * 3 * 0.9 <= taken <= 100 * 3 * 1.1

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from solvent.api.workers import run_workers
from solvent.errors import SettingsError

pytestmark = pytest.mark.slow

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


class Interruption(BaseException):
    """What a signal handler of the caller raises."""


@pytest.fixture
def _interrupted() -> Iterator[None]:
    """Interrupt the test after two seconds."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interruption

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 2.0)
    yield
    signal.signal(signal.SIGALRM, before)


def test_workers_that_all_end_by_themselves_are_an_error() -> None:
    with pytest.raises(SettingsError, match="every worker process ended by itself"):
        run_workers(2, time.sleep, (0,), grace_seconds=5.0)


@pytest.mark.usefixtures("_interrupted")
@pytest.mark.parametrize(
    ("work", "argument", "grace_seconds"),
    [pytest.param(time.sleep, 60, 5.0, id="obedient"), pytest.param(exec, DEAF, 0.5, id="deaf to SIGTERM")],
)
def test_an_interrupted_caller_leaves_no_worker_behind(
    work: Callable[..., None], argument: Any, grace_seconds: float
) -> None:
    with pytest.raises(Interruption):
        run_workers(2, work, (argument,), grace_seconds=grace_seconds)
    assert multiprocessing.active_children() == []

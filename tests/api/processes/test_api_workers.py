import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest
from structlog.testing import capture_logs

from solvent.api.processes.workers import MAX_YOUNG_DEATHS, run_workers
from solvent.errors import SettingsError

pytestmark = pytest.mark.slow

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
NOTE = """
import os, pathlib, signal, time
folder = pathlib.Path({folder!r})
number = len(list(folder.iterdir()))
signal.signal(signal.SIGHUP, lambda *_: (folder / "hangup").touch())
(folder / str(os.getpid())).touch()
if number == 0:
    os._exit(3)
time.sleep(60)
"""


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


def _end(_number: int) -> None:
    """A worker that ends at once."""


def _run(code: str, _number: int) -> None:
    exec(code, {})  # noqa: S102 - our own code


def test_workers_that_end_young_again_and_again_are_an_error() -> None:
    with capture_logs() as events, pytest.raises(SettingsError, match="ended by itself, again and again"):
        run_workers(1, _end, (), grace_seconds=5.0)
    assert [event["replaced_in_seconds"] for event in events] == [0.1, 0.2, 0.4, 0.8, 1.6]
    assert len(events) == MAX_YOUNG_DEATHS


@pytest.mark.usefixtures("_interrupted")
@pytest.mark.parametrize(
    ("work", "grace_seconds"), [pytest.param("import time; time.sleep(60)", 5.0, id="obedient"),
                                pytest.param(DEAF, 0.5, id="deaf to SIGTERM")],
)  # fmt: skip
def test_an_interrupted_caller_leaves_no_worker_behind(work: str, grace_seconds: float) -> None:
    with pytest.raises(Interruption):
        run_workers(2, _run, (work,), grace_seconds=grace_seconds)
    assert multiprocessing.active_children() == []


def test_a_worker_that_ends_is_replaced_and_a_hangup_reaches_one_that_runs(tmp_path: Path) -> None:
    def operate() -> None:
        _wait(lambda: len(list(tmp_path.iterdir())) == 2)
        os.kill(os.getpid(), signal.SIGHUP)
        _wait((tmp_path / "hangup").exists)
        os.kill(os.getpid(), signal.SIGALRM)

    alarm, hangup = signal.signal(signal.SIGALRM, _interrupt), signal.getsignal(signal.SIGHUP)
    operator = threading.Thread(target=operate)
    operator.start()
    with capture_logs() as events, pytest.raises(Interruption):
        run_workers(1, _run, (NOTE.format(folder=str(tmp_path)),), grace_seconds=5.0)
    operator.join()
    assert signal.signal(signal.SIGALRM, alarm) is _interrupt
    assert [(event["event"], event["worker"], event["exit_code"]) for event in events] == [("worker_ended", 0, 3)]
    assert signal.getsignal(signal.SIGHUP) is hangup


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interruption


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60.0
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)

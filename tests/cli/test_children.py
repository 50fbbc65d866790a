import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from solvent.cli.children import ChildError, Children

READY = "print('ready', flush=True); "
SLEEP = "import time; " + READY + "time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY + "time.sleep(60)"


def wait_until_ready(log: Path) -> None:
    for _ in range(1000):
        if "ready" in log.read_text():
            return
        subprocess.run([sys.executable, "-c", ""], check=True)
    raise AssertionError("the child never started")


def test_stops_its_children_when_the_context_ends(tmp_path: Path) -> None:
    with Children() as children:
        child = children.start("sleeper", ("-c", SLEEP), log=tmp_path / "log")
        wait_until_ready(tmp_path / "log")
        children.check()
    assert child.process.returncode == -15


def test_stops_its_children_when_the_context_fails(tmp_path: Path) -> None:
    children = Children()
    with suppress(ZeroDivisionError), children:
        child = children.start("sleeper", ("-c", SLEEP), log=tmp_path / "log")
        wait_until_ready(tmp_path / "log")
        raise ZeroDivisionError
    assert child.process.returncode == -15


def test_kills_a_child_that_does_not_stop(tmp_path: Path) -> None:
    with Children(stop_seconds=0.1) as children:
        child = children.start("stubborn one", ("-c", STUBBORN), log=tmp_path / "log")
        wait_until_ready(tmp_path / "log")
    assert child.process.returncode == -9


def test_names_a_child_that_ended_and_its_log(tmp_path: Path) -> None:
    with Children() as children:
        silent = children.start("API", ("-c", "raise SystemExit(3)"), log=tmp_path / "api.log")
        silent.process.wait()
        with pytest.raises(ChildError, match=rf"^the API ended with code 3: see {tmp_path}/api\.log$"):
            children.check()


def test_repeats_the_last_words_of_a_child_that_ended(tmp_path: Path) -> None:
    with Children() as children:
        child = children.start("API", ("-c", "raise SystemExit('error: no space')"), log=tmp_path / "api.log")
        child.process.wait()
        with pytest.raises(ChildError, match=rf"^the API ended with code 1 \(no space\): see {tmp_path}/api\.log$"):
            children.check()


@pytest.mark.parametrize(
    "line", ["2026-11-28T00:33:29Z [info     ] decision_made", '{"event":"decision_made","level":"info"}']
)
def test_names_the_signal_that_killed_a_child_and_blames_no_event_of_its_log(tmp_path: Path, line: str) -> None:
    with Children() as children:
        code = f"import os; print({line!r}, flush=True); os.kill(os.getpid(), 9)"
        child = children.start("API", ("-c", code), log=tmp_path / "api.log")
        child.process.wait()
        with pytest.raises(ChildError, match=rf"^the API was killed \(SIGKILL\): see {tmp_path}/api\.log$"):
            children.check()


def test_repeats_a_last_warning_of_the_log(tmp_path: Path) -> None:
    line = "2026-11-28T00:33:29Z [warning  ] disk_full"
    with Children() as children:
        child = children.start("API", ("-c", f"print({line!r}); raise SystemExit(1)"), log=tmp_path / "api.log")
        child.process.wait()
        with pytest.raises(ChildError, match=r"^the API ended with code 1 \(2026\S+ \[warning  \] disk_full\): see"):
            children.check()


def test_keeps_what_a_child_writes_and_gives_it_its_variables(tmp_path: Path) -> None:
    code = "import os; print(os.environ['FOR_THE_CHILD'])"
    with Children() as children:
        child = children.start("one", ("-c", code), environment={"FOR_THE_CHILD": "yes"}, log=tmp_path / "log")
        child.process.wait()
    assert (tmp_path / "log").read_text() == "yes\n"

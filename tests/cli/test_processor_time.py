import os
import subprocess
import sys

import pytest

from solvent.cli.processor_time import cpu_seconds

BURN = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
PARENT = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}], check=True)"


def test_counts_the_work_of_a_child_of_a_child() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:  # noqa: S603
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdout.readline()
        assert 0.3 <= cpu_seconds(parent.pid) < 3.0
        parent.communicate(b"\n")


def test_a_process_that_has_ended_has_used_nothing_more() -> None:
    assert cpu_seconds(2**22 + 1) == pytest.approx(0.0)
    assert cpu_seconds(os.getpid()) > 0.0

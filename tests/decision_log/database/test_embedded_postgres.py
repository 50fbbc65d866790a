import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from solvent.decision_log.database.embedded import start_embedded
from solvent.errors import DecisionLogError

pytestmark = pytest.mark.postgres

START = (
    "import os, sys, time, warnings; warnings.simplefilter('error'); from pathlib import Path; "
    "from solvent.decision_log.database.embedded import start_embedded; server = start_embedded(Path(sys.argv[1]))"
)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that was served before and is not served now."""
    directory = tmp_path_factory.mktemp("used")
    with start_embedded(directory) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    return directory


def _ask(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        ((answer,),) = connection.execute(query.encode()).fetchall()
    return answer


def _answers(url: str) -> bool:
    try:
        return _ask(url, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def _start_elsewhere(directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    program = f"{START}; server.stop(); print(os.environ['XDG_RUNTIME_DIR'])"
    command = [sys.executable, "-c", program, str(directory)]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)  # noqa: S603, PLW1510


def test_keeps_its_data_and_its_safe_settings_over_a_stop_and_a_start(used: Path) -> None:
    with start_embedded(used) as server:
        assert _ask(server.url, "SELECT number FROM kept") == 7
        assert _ask(server.url, "SHOW fsync") == "on"
        assert _ask(server.url, "SHOW data_checksums") == "on"
    assert not _answers(server.url)


def test_heals_a_pid_file_whose_pid_now_belongs_to_another_program(used: Path) -> None:
    with start_embedded(used):
        pid_file = used / "pgdata" / "postmaster.pid"
        text = pid_file.read_text()
        lock = (used / "pgdata" / ".s.PGSQL.5432.lock").read_text()
    stale = re.sub(r"^\d+", str(os.getpid()), text)
    pid_file.write_text(stale)
    (used / "pgdata" / ".s.PGSQL.5432.lock").write_text(re.sub(r"^\d+", str(os.getpid()), lock))
    (used / "pgdata" / ".s.PGSQL.5432").touch()
    (used / "pgdata" / ".handle_pids.json").write_text(f"[{os.getpid()}]")
    with start_embedded(used) as server:
        assert _answers(server.url)
        assert not (used / "pgdata" / ".handle_pids.json").exists()


@pytest.mark.parametrize("text", ["", "not a number\n"])
def test_heals_a_pid_file_that_was_half_written(used: Path, text: str) -> None:
    start_embedded(used).stop()
    (used / "pgdata" / "postmaster.pid").write_text(text)
    with start_embedded(used) as server:
        assert _answers(server.url)


def test_starts_again_after_the_server_was_killed(used: Path) -> None:
    server = start_embedded(used)
    os.kill(int((used / "pgdata" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    with start_embedded(used) as healed:
        assert _ask(healed.url, "SELECT number FROM kept") == 7
        server.stop()
        assert _answers(healed.url)
    assert not _answers(healed.url)


def test_a_handle_revives_a_server_that_was_ended_by_hand_and_leaves_one_that_runs(used: Path) -> None:
    with start_embedded(used) as server:
        assert not server.revive()
        os.kill(int((used / "pgdata" / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
        while _answers(server.url):
            time.sleep(0.01)
        assert server.revive()
        assert _ask(server.url, "SELECT number FROM kept") == 7
    assert not server.revive()


def test_forgets_a_first_start_that_was_killed_half_way(tmp_path: Path) -> None:
    (tmp_path / "pgdata.new").mkdir()
    (tmp_path / "pgdata.new" / "PG_VERSION").write_text("18\n")
    with start_embedded(tmp_path) as server:
        assert _answers(server.url)


def test_the_last_of_several_handles_stops_the_server(used: Path) -> None:
    first, second = start_embedded(used), start_embedded(used)
    assert first.url == second.url
    first.stop()
    first.stop()
    assert _answers(second.url)
    second.stop()
    assert not _answers(second.url)


def test_an_owner_that_was_killed_does_not_keep_the_server_alive(used: Path) -> None:
    program = f"{START}; print('started', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", program, str(used)]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert other.stdout is not None
    assert other.stdout.readline() == "started\n"
    with start_embedded(used) as server:
        other.kill()
        other.communicate()
        assert _answers(server.url)
    assert not _answers(server.url)


@pytest.mark.parametrize("name", ["x" * 120, "with a blank"])
def test_a_folder_that_no_socket_can_be_named_after_is_reached_by_a_short_link(tmp_path: Path, name: str) -> None:
    with start_embedded(tmp_path / name) as server:
        assert _answers(server.url)
        assert len(server.url) < 110


def test_a_temporary_folder_that_is_too_long_as_well_is_refused_with_the_remedy(tmp_path: Path) -> None:
    temporary = tmp_path / ("y" * 100)
    temporary.mkdir()
    done = _start_elsewhere(tmp_path / ("x" * 120), TMPDIR=str(temporary))
    assert "choose another data folder or a shorter TMPDIR" in done.stderr.splitlines()[-1]


def test_a_runtime_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / f"solvent-{os.getuid()}-runtime").symlink_to("/")
    done = _start_elsewhere(tmp_path / "data", TMPDIR=str(tmp_path))
    assert "belongs to another user: remove it, or set TMPDIR" in done.stderr.splitlines()[-1]


def test_is_silent_and_leaves_the_runtime_folder_of_the_user_as_it_was(tmp_path: Path) -> None:
    done = _start_elsewhere(tmp_path, XDG_RUNTIME_DIR="/nowhere")
    assert (done.returncode, done.stdout, done.stderr) == (0, "/nowhere\n", "")


def test_gives_up_with_the_name_of_the_log_when_the_server_cannot_start(tmp_path: Path) -> None:
    start_embedded(tmp_path).stop()
    with Path(tmp_path / "pgdata" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    started = time.monotonic()
    with pytest.raises(DecisionLogError, match=r"did not start: see .*pgdata/log"):
        start_embedded(tmp_path, start_seconds=0.0)
    assert time.monotonic() - started < 5.0

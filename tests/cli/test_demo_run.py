"""The whole product on one machine, started as people start it."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
TITLES = (
    "simulated lender",
    "check of tables",
    "model",
    "database",
    "stored histories",
    "API",
    "dashboard",
    "traffic",
    "example request",
)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """One home for the runs of this module, in their order: the first fills it."""
    with TemporaryDirectory(prefix="solvent-demo-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def start_demo(home: Path, ports: tuple[int, int], *options: str) -> subprocess.Popen[str]:
    port, dashboard_port = map(str, ports)
    command = ("demo", "--clients", "3000", "--port", port, "--dashboard-port", dashboard_port, *options)
    environment = {name: value for name, value in os.environ.items() if name != "SOLVENT_DATABASE_URL"}
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "solvent.cli", *command],
        env={**environment, "SOLVENT_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in the background, SIGINT comes ignored, and Python then leaves it so.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )


def is_listening(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def words_by_step(out: str) -> dict[str, str]:
    found = re.findall(rf"^\d/9  ({'|'.join(TITLES)}) +(.*)  \([\d.]+ s\)$", out, re.MULTILINE)
    return dict(found)


def test_goes_through_every_step_and_stops(home: Path, ports: tuple[int, int]) -> None:
    demo = start_demo(home, ports, "--once")
    out, err = demo.communicate()
    assert (demo.returncode, err) == (0, "")
    words = words_by_step(out)
    assert tuple(words) == TITLES
    assert words["simulated lender"].startswith("3,000 clients, ")
    assert words["stored histories"] == "3,000 clients"
    assert re.fullmatch(r"\d+ approved, \d+ refused, 0 errors, \d+ shifted; p50 [\d.]+ ms", words["traffic"])
    assert f"http://127.0.0.1:{ports[0]}/docs" in out
    assert f"http://127.0.0.1:{ports[1]}" in out
    assert not any(map(is_listening, ports))
    assert not list((home / "demo").glob(".*"))


def test_reuses_what_is_there_and_serves_until_it_is_stopped(home: Path, ports: tuple[int, int]) -> None:
    demo = start_demo(home, ports)
    assert demo.stdout is not None
    out = ""
    for line in demo.stdout:
        out += line
        if line.startswith("Ctrl-C"):
            break
    try:
        words = words_by_step(out)
        assert [title for title, word in words.items() if word.startswith("there already")] == [
            "simulated lender",
            "check of tables",
            "model",
            "stored histories",
            "traffic",
        ]
        (curl,) = [line for line in out.splitlines() if line.startswith("curl ")]
        answer = post_like_curl(curl)
        assert answer.status_code == 200
        assert answer.json()["decision"] in ("approve", "refuse")
        assert httpx.get(f"http://127.0.0.1:{ports[1]}/", trust_env=False).status_code == 200
    finally:
        demo.send_signal(signal.SIGINT)
        _, err = demo.communicate()
    assert (demo.returncode, err) == (130, "stopped\n")
    assert not any(map(is_listening, ports))


def post_like_curl(line: str) -> httpx.Response:
    _, _, url, _, header, _, body = shlex.split(line)
    name, value = header.split(": ")
    content = Path(body.removeprefix("@")).read_bytes()
    return httpx.post(url, headers={name: value}, content=content, trust_env=False)


def test_does_again_what_a_killed_run_left_half_done(home: Path, ports: tuple[int, int]) -> None:
    (home / "demo" / "receipts" / "world.json").unlink()
    (home / "demo" / "world" / "bureau.parquet").write_bytes(b"half")
    (home / "demo" / "receipts" / "histories.json").unlink()
    demo = start_demo(home, ports, "--once")
    out, err = demo.communicate()
    assert (demo.returncode, err) == (0, "")
    words = words_by_step(out)
    assert words["simulated lender"].startswith("3,000 clients, ")
    assert words["stored histories"] == "3,000 clients"


def test_stops_everything_on_sigterm_in_the_middle(home: Path, ports: tuple[int, int]) -> None:
    demo = start_demo(home, ports)
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.startswith("6/9"):
            break
    demo.terminate()
    demo.communicate()
    assert demo.returncode == 143
    assert not any(map(is_listening, ports))


def test_keeps_simulated_data_only_in_the_example() -> None:
    example = json.loads((Path(__file__).parents[2] / "examples" / "one_client.json").read_bytes())
    assert example["SK_ID_CURR"] == 103005
    assert len(example["bureau"]) == 3

"""The commands that take long or keep running: training, the registry, the servers."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from raw_folder import write_raw_folder
from tiny_model import RISKY, SAFE

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with TemporaryDirectory(prefix="solvent-job-") as folder:
        yield Path(folder)


@pytest.fixture
def port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        number: int = trial.getsockname()[1]
        return number


def start(home: Path, *arguments: str | Path | int) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "SOLVENT_DATABASE_URL"}
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "solvent.cli", *map(str, arguments)],
        env={**inherited, "SOLVENT_HOME": str(home)},
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(home: Path, *arguments: str | Path | int) -> str:
    process = start(home, *arguments)
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out


def wait_for(process: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + 60
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
    raise AssertionError(f"{url} never answered: {process.communicate()[1]}")


GATES = """
auc_loss = 0.5
calibration_error_gain = 0.5
cost_gain = 1.0
approval_ratio_loss = 0.5
opportunity_gap_gain = 0.5
fairness_by = []
fewest_rows = 1
fewest_defaults = 1
whole_interval = false
"""
"""Wide enough for models of so few clients: here it is the way that counts, not the models."""


def test_trains_registers_promotes_and_rolls_back(home: Path) -> None:
    (home / "gates.toml").write_text(GATES)
    (home / ".env").write_text("SOLVENT_PROMOTION_GATES=gates.toml\n")
    assert "no models yet" in finish(home, "model", "list")
    finish(home, "world", "make", "--clients", 3000, "--seed", 7, "--out", "world", "--format", "parquet")
    trained = finish(home, "train", "--data", "world", "--out", "first")
    assert re.search(r"^AUC +0\.\d{4}  \(0\.\d{4} to 0\.\d{4}\)$", trained, re.MULTILINE)
    assert trained.endswith("registered as version 1: see `solvent model list`\n")
    finish(home, "train", "--data", "world", "--out", "second", "--seed", 1)
    assert [line.split()[-1] for line in finish(home, "model", "list").splitlines()] == [
        "aliases",
        "challenger",
        "champion",
    ]
    promoted = finish(home, "model", "promote", 2, "--who", "ada", "--why", "a test")
    assert promoted.splitlines()[0] == "champion: version 2 (before: version 1); recorded for ada"
    rolled_back = finish(home, "model", "rollback", "--who", "ada", "--why", "a test")
    assert rolled_back.splitlines()[0] == "champion: version 1 (before: version 2); recorded for ada"
    untracked = finish(home, "train", "--data", "world", "--out", "second", "--replace", "--no-tracking")
    assert "registered" not in untracked


def test_serves_decisions_to_traffic_until_sigterm(home: Path, port: int, tiny_bundle: Path) -> None:
    write_raw_folder(home / "tables", {"application_test": [SAFE, RISKY]})
    api = start(home, "api", "--bundle", tiny_bundle, "--port", port)
    try:
        wait_for(api, f"http://127.0.0.1:{port}/health/ready")
        sent = finish(
            home,
            *("traffic", "--url", f"http://127.0.0.1:{port}", "--data", "tables"),
            *("--num-predictions", 6, "--delay", 0, "--drift-prob", 0),
        )
        assert re.fullmatch(r"3 approved, 3 refused, 0 errors, 0 shifted; p50 [\d.]+ ms\n", sent)
    finally:
        api.terminate()
        api.communicate()


def test_serves_the_dashboard_until_sigterm(home: Path, port: int) -> None:
    dashboard = start(home, "dashboard", "--port", port)
    try:
        wait_for(dashboard, f"http://127.0.0.1:{port}/_stcore/health")
    finally:
        dashboard.terminate()
        dashboard.communicate()
    assert dashboard.returncode == 143
    with socket.socket() as trial:
        assert trial.connect_ex(("127.0.0.1", port)) != 0


def test_refuses_a_damaged_bundle_before_it_listens(home: Path, port: int) -> None:
    (home / "damaged").mkdir()
    api = start(home, "api", "--bundle", "damaged", "--port", port)
    _, err = api.communicate()
    assert api.returncode == 78
    assert err.splitlines()[-1].startswith("error: calibration.json is missing in damaged")

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from solvent.api.server import _bind, _find_allowed_hosts, serve
from solvent.decision_log.audit.signing import make_signer
from solvent.decision_log.database.embedded import start_embedded
from solvent.errors import BundleError, DecisionLogError, SettingsError
from solvent.settings import Environment, Settings
from tiny_model import SAFE

Process = subprocess.Popen[bytes]
SERVE = """
import sys
from pathlib import Path
from solvent.api.server import serve
from solvent.settings import read_settings

if __name__ == "__main__":
    serve(Path(sys.argv[1]), read_settings(), port=0, workers=int(sys.argv[2]))
"""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.org", ""])  # noqa: S104 - refused
def test_refuses_a_host_that_others_can_reach_without_a_key(tiny_bundle: Path, host: str) -> None:
    with pytest.raises(SettingsError, match="SOLVENT_AUTHENTICATION=on and make keys with `solvent keys create`"):
        serve(tiny_bundle, Settings(), host=host)


def test_refuses_to_go_without_keys_in_production(tiny_bundle: Path) -> None:
    settings = Settings(environment=Environment.PRODUCTION, authentication=False)
    with pytest.raises(SettingsError, match="SOLVENT_AUTHENTICATION is off outside the environment local"):
        serve(tiny_bundle, settings)


@pytest.mark.parametrize(
    ("host", "settings", "allowed"),
    [
        ("127.0.0.2", Settings(), {"localhost", "127.0.0.1", "[::1]", "127.0.0.2", "[127.0.0.2]"}),
        ("127.0.0.1", Settings(authentication=True), None),
        ("0.0.0.0", Settings(authentication=True, allowed_hosts=" API.lender.test, b "), {"api.lender.test", "b"}),  # noqa: S104
    ],
)
def test_without_keys_only_the_names_of_this_machine_are_served(
    host: str, settings: Settings, allowed: set[str] | None
) -> None:
    assert _find_allowed_hosts(host, settings) == allowed


def test_a_refused_shadow_is_refused_before_the_port_is_touched(tiny_bundle: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BundleError):
        serve(tiny_bundle, Settings(shadow_bundle=tmp_path / "none"), port=taken.getsockname()[1])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_a_bad_bundle_is_refused_before_the_port_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BundleError):
        serve(tmp_path / "none", Settings(), port=taken.getsockname()[1])


def test_an_unsigned_bundle_is_refused_where_a_key_is_trusted(tiny_bundle: Path, tmp_path: Path) -> None:
    make_signer(tmp_path / "release.key")
    settings = Settings(bundle_public_key=tmp_path / "release.pub")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BundleError, match=r"manifest\.sig is missing"):
        serve(tiny_bundle, settings, port=taken.getsockname()[1])


def test_a_port_that_is_taken_is_refused_before_the_database_is_opened(tiny_bundle: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port} of 127.0.0.1 cannot be used"):
            serve(tiny_bundle, Settings(home=tmp_path), port=port)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_the_listener_names_its_protocol_so_that_answers_are_not_delayed(host: str) -> None:
    # asyncio sets TCP_NODELAY only then; without it, answers on kept connections took 48 ms instead of 2.
    with _bind(host, 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_database_that_is_away_is_refused_and_the_port_given_back(tiny_bundle: Path) -> None:
    port = _free_port()
    settings = Settings(database_url=f"postgresql://nobody@127.0.0.1:{_free_port()}/none")
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with pytest.raises(DecisionLogError):
        serve(tiny_bundle, settings, port=port)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == handlers
    socket.create_server(("127.0.0.1", port)).close()


def test_the_answering_process_imports_no_batch_library() -> None:
    # LightGBM itself imports pandas, pyarrow and scikit-learn where they are installed, so they stay out of this list.
    program = """
import sys
import solvent.api.server
batch = ("mlflow", "evidently", "ibis", "duckdb", "streamlit", "pyspark", "plotly")
print(*(name for name in batch if name in sys.modules))
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own command
    assert done.stdout.split() == []


@contextmanager
def _served(bundle: Path, journal: Path, *, workers: int, **settings: str) -> Iterator[tuple[Process, str]]:
    """Run `serve` in a process of its own, which logs to `journal`; give the process and its address."""
    command = [sys.executable, "-c", SERVE, str(bundle), str(workers)]
    variables = {f"SOLVENT_{name.upper()}": value for name, value in settings.items()}
    with journal.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stderr=errors, env={**os.environ, **variables, "SOLVENT_LOG_FORMAT": "json"}
        )
    try:
        yield process, f"http://127.0.0.1:{_wait_for_port(journal, workers)}"
    finally:
        process.kill()
        process.wait()


def _wait_for_port(journal: Path, workers: int) -> int:
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        ports = [event["port"] for event in _events(journal) if event["event"] == "api_listening"]
        if len(ports) == workers:
            port: int = ports[0]
            return port
        time.sleep(0.05)
    pytest.fail(f"the API did not start: {journal.read_text()}")


def _events(journal: Path) -> list[Any]:
    return [json.loads(line) for line in journal.read_text().splitlines(keepends=True) if line.endswith("\n")]


def _stop(process: Process, number: signal.Signals) -> int:
    process.send_signal(number)
    return process.wait(timeout=30)


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_process_brings_its_database_answers_records_and_ends_in_order(
    tiny_bundle: Path, tmp_path: Path, number: signal.Signals
) -> None:
    home = tmp_path / "home"
    journal = tmp_path / "journal"
    with _served(tiny_bundle, journal, workers=1, home=str(home)) as (process, address):
        decided = httpx.post(f"{address}/predict", json=SAFE)
        refused = httpx.post(f"{address}/predict", json={})
        ready = httpx.get(f"{address}/health/ready")
        large = httpx.post(f"{address}/predict", content=b" " * 5_000_000, headers={"content-type": "application/json"})
        assert _stop(process, number) == 0
    assert [answer.status_code for answer in (decided, refused, ready, large)] == [200, 422, 200, 413]
    assert "server" not in decided.headers
    assert [event["event"] for event in _events(journal)] == [
        "api_listening", *["request_answered"] * 4, "checkpoint_made", "api_stopped"
    ]  # fmt: skip
    assert not (home / "postgres" / "pgdata" / "postmaster.pid").exists()
    query = "SELECT request_id::text, http_status_code, endpoint, decision FROM predictions ORDER BY timestamp"
    assert _read(home, query) == [
        (decided.headers["x-request-id"], 200, "/predict", "approve"),
        (refused.headers["x-request-id"], 422, "/predict", None),
        (large.headers["x-request-id"], 413, "/predict", None),
    ]


def _read(home: Path, query: str) -> list[tuple[Any, ...]]:
    with start_embedded(home / "postgres") as server, psycopg.connect(server.url) as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.mark.postgres
@pytest.mark.slow
def test_workers_share_a_port_and_end_with_their_parent(
    tiny_bundle: Path, tmp_path: Path, database_url: str, rows: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    with _served(tiny_bundle, tmp_path / "journal", workers=2, database_url=database_url) as (process, address):
        # A new connection each time: the kernel gives it to either worker.
        answers = [httpx.post(f"{address}/predict", json=SAFE) for _ in range(10)]
        assert _stop(process, signal.SIGTERM) == 0
    assert {answer.status_code for answer in answers} == {200}
    recorded = rows("SELECT request_id::text FROM predictions")
    assert sorted(row[0] for row in recorded) == sorted(answer.json()["request_id"] for answer in answers)

"""One service of two workers, with keys and a shadow model, that is called all the time while it is operated."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from edge_examples import bearer, write_other_bundle
from solvent.bundle.files import read_bundle
from solvent.decision_log.registers.api_keys import Scope, create_key, revoke_key
from tiny_model import SAFE

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

SERVE = """
import sys
from pathlib import Path
from solvent.api.server import serve
from solvent.settings import read_settings

if __name__ == "__main__":
    serve(Path(sys.argv[1]), read_settings(), port=0, workers=2)
"""
FOREVER = datetime(2100, 1, 1, tzinfo=UTC)
ReadRows = Callable[[str], list[tuple[Any, ...]]]


@dataclass
class Load:
    """Callers that send an application again and again, each over its own connection, and keep every answer."""

    address: str
    key: str
    answers: list[tuple[int, Any]] = field(default_factory=list)
    lost: int = 0
    is_over: bool = False

    def __enter__(self) -> "Load":
        self._threads = [threading.Thread(target=self._call) for _ in range(2)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over = True
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        while not self.is_over:
            with httpx.Client(base_url=self.address, headers=bearer(self.key), timeout=10.0) as client:
                try:
                    for _ in range(10):
                        answer = client.post("/predict", json=SAFE)
                        self.answers.append((answer.status_code, answer.json()))
                except httpx.TransportError:
                    self.lost += 1

    def wait_for(self, count: int) -> None:
        target = len(self.answers) + count
        _wait(lambda: len(self.answers) >= target)


def _wait(is_so: Callable[[], bool], *, seconds: float = 30.0) -> float:
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < seconds
        time.sleep(0.02)
    return time.monotonic() - started


def _events(journal: Path) -> list[Any]:
    return [json.loads(line) for line in journal.read_text().splitlines(keepends=True) if line.endswith("\n")]


@dataclass(frozen=True)
class Service:
    process: "subprocess.Popen[bytes]"
    address: str
    journal: Path
    source: Path
    keys: dict[str, str]

    def post(self, path: str, scope: str) -> httpx.Response:
        return httpx.post(f"{self.address}{path}", headers=bearer(self.keys[scope]), timeout=30.0)

    def versions(self) -> dict[str, int]:
        """How many workers serve which version, as the metrics say."""
        text = httpx.get(f"{self.address}/metrics", headers=bearer(self.keys["read"]), timeout=10.0).text
        lines = [line for line in text.splitlines() if line.startswith("solvent_model_info{")]
        return {line.split('"')[1]: int(float(line.split()[-1])) for line in lines}

    def count(self, metric: str) -> float:
        text = httpx.get(f"{self.address}/metrics", headers=bearer(self.keys["read"]), timeout=10.0).text
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(metric))

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


@pytest.fixture
def service(tiny_bundle: Path, tmp_path: Path, database_url: str) -> Iterator[Service]:
    source = write_other_bundle(tiny_bundle, tmp_path / "source", threshold=0.3)
    shadow = write_other_bundle(tiny_bundle, tmp_path / "shadow", threshold=0.01)
    keys = {
        scope.value: create_key(database_url, scope.value, {scope}, expires_at=FOREVER, who="test") for scope in Scope
    }
    variables = {
        "SOLVENT_HOME": str(tmp_path / "home"),
        "SOLVENT_DATABASE_URL": database_url,
        "SOLVENT_LOG_FORMAT": "json",
        "SOLVENT_AUTHENTICATION": "on",
        "SOLVENT_SHADOW_BUNDLE": str(shadow),
        "SOLVENT_DRAIN_SECONDS": "1.5",
    }
    journal = tmp_path / "journal"
    with journal.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", SERVE, str(source)], stderr=errors, env={**os.environ, **variables}
        )
    try:
        _wait(lambda: [event["event"] for event in _events(journal)].count("api_listening") == 2, seconds=60.0)
        port = next(event["port"] for event in _events(journal) if event["event"] == "api_listening")
        yield Service(process, f"http://127.0.0.1:{port}", journal, source, keys)
    finally:
        process.kill()
        process.wait()


def test_what_an_operator_does_under_load_fails_no_request(
    service: Service, tiny_bundle: Path, rows: ReadRows, database_url: str
) -> None:
    first = read_bundle(service.source).version
    with Load(service.address, service.keys["score"]) as load:
        load.wait_for(20)
        second = _reload_with_another_threshold(service, tiny_bundle)
        _wait(lambda: service.versions() == {second: 2}, seconds=5.0)
        load.wait_for(20)
        started = time.monotonic()
        assert service.post("/admin/rollback", "admin").json()["model_version"] == first
        _wait(lambda: service.versions() == {first: 2}, seconds=5.0 - (time.monotonic() - started))
        _refuse_a_broken_bundle(service, first)
        write_other_bundle(tiny_bundle, service.source, threshold=0.2)
        service.process.send_signal(signal.SIGHUP)
        _wait(lambda: service.versions() == {second: 2}, seconds=5.0)
        load.wait_for(20)
        _wait(lambda: service.count("solvent_shadow_offered_total") > 0)
    assert Counter(status for status, _ in load.answers) == {200: len(load.answers)}
    assert load.lost == 0
    thresholds = {first: 0.3, second: 0.2}
    assert {answer["model_version"] for _, answer in load.answers} == set(thresholds)
    assert all(answer["threshold_used"] == thresholds[answer["model_version"]] for _, answer in load.answers)
    recorded = rows("SELECT request_id::text, model_version, decision_threshold FROM decisions")
    told = {(one["request_id"], one["model_version"], one["threshold_used"]) for _, one in load.answers}
    assert set(recorded) == told
    switches = rows("SELECT id, kind, model_version, refusal IS NULL FROM model_switches ORDER BY 1")
    assert [row[1:] for row in switches] == [
        ("start", first, True), ("reload", second, True), ("rollback", first, True), ("reload", None, False),
        ("reload", second, True),
    ]  # fmt: skip
    _check_shadow(rows, {answer["request_id"] for _, answer in load.answers})
    _revoke(service, database_url)


def _reload_with_another_threshold(service: Service, tiny_bundle: Path) -> str:
    write_other_bundle(tiny_bundle, service.source, threshold=0.2)
    answer = service.post("/admin/reload", "admin")
    assert answer.status_code == 200
    version: str = answer.json()["model_version"]
    return version


def _refuse_a_broken_bundle(service: Service, version: str) -> None:
    (service.source / "policy.json").write_text("{}")
    answer = service.post("/admin/reload", "admin")
    assert (answer.status_code, answer.json()["code"]) == (422, "bundle-refused")
    assert answer.json()["problems"][0].startswith("policy.json does not match its digest")
    assert service.versions() == {version: 2}


def _check_shadow(rows: ReadRows, answered: set[str]) -> None:
    """Wait for the scores of the shadow model, which refuses from 0.01 on: they changed no answer."""
    _wait(lambda: rows("SELECT count(*) FROM shadow_scores")[0][0] > 0)
    found = rows(
        "SELECT s.request_id::text, s.decision, d.decision, s.score = d.score "
        "FROM shadow_scores s JOIN decisions d USING (request_id, timestamp)"
    )
    assert {row[1:] for row in found} == {("refuse", "approve", True)}
    assert {row[0] for row in found} <= answered


def _revoke(service: Service, database_url: str) -> None:
    """A revoked key ends on both workers within 5 s: each new connection may meet either."""
    key = service.keys["erase"]

    def statuses() -> set[int]:
        url = f"{service.address}/model-info"
        return {httpx.get(url, headers=bearer(key), timeout=10.0).status_code for _ in range(6)}

    assert statuses() == {403}
    revoke_key(database_url, key[4:16], who="test")
    assert _wait(lambda: statuses() == {401}, seconds=10.0) < 5.0


def test_a_killed_worker_is_replaced_and_a_drain_loses_nothing(service: Service, rows: ReadRows) -> None:
    victim = service.workers()[0]
    victim.kill()
    _wait(lambda: [event["event"] for event in _events(service.journal)].count("api_listening") == 3)
    ended = [event for event in _events(service.journal) if event["event"] == "worker_ended"]
    assert [(event["exit_code"], event["replaced_in_seconds"]) for event in ended] == [(-9, 0.1)]
    assert len(service.workers()) == 2
    with Load(service.address, service.keys["score"]) as load:
        load.wait_for(10)
        service.process.send_signal(signal.SIGTERM)
        ready = _wait_until_not_ready(service)
        load.wait_for(4)
        load.is_over = True
    assert service.process.wait(timeout=30) == 0
    assert ready["problems"] == ["draining"]
    assert Counter(status for status, _ in load.answers) == {200: len(load.answers)}
    told = {answer["request_id"] for _, answer in load.answers}
    assert {row[0] for row in rows("SELECT request_id::text FROM decisions")} == told
    assert _events(service.journal)[-1]["event"] == "api_stopped"


def _wait_until_not_ready(service: Service) -> Any:
    """Readiness is false at once: within the tenth of a second in which uvicorn looks for signals."""
    started = time.monotonic()
    while time.monotonic() - started < 1.0:
        answer = httpx.get(f"{service.address}/health/ready", timeout=10.0)
        if answer.status_code == 503:
            return answer.json()
    pytest.fail("it stayed ready")


def test_what_is_under_way_at_a_signal_is_answered(service: Service) -> None:
    answers: list[int] = []

    def slowly() -> Iterator[bytes]:
        yield b'{"clients": ['
        time.sleep(2.5)
        yield json.dumps(SAFE).encode() + b"]}"

    def call() -> None:
        headers = {**bearer(service.keys["score"]), "content-type": "application/json"}
        answers.append(
            httpx.post(f"{service.address}/predict-batch", content=slowly(), headers=headers, timeout=30.0).status_code
        )

    thread = threading.Thread(target=call)
    thread.start()
    time.sleep(0.3)
    service.process.send_signal(signal.SIGTERM)
    thread.join()
    assert answers == [200]
    assert service.process.wait(timeout=30) == 0

"""Runs a benchmark: first in this process, then against servers of its own."""

import asyncio
import socket
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from solvent.bootstrap import build_service, load_model, open_log
from solvent.cli.applications import read_bodies
from solvent.cli.benchmark_results import Measured
from solvent.cli.children import Child, Children
from solvent.cli.load import Latencies, LoadError, send_at_rate, send_in_turn
from solvent.decision_log.embedded import start_embedded
from solvent.decision_log.memory import MemoryDecisionLog
from solvent.domain.clock import utc_now
from solvent.domain.policy import Decision
from solvent.domain.progress import Progress
from solvent.domain.records import StoredHistory
from solvent.features.request_engine import ReducedHistory
from solvent.scoring.applications import accept_application
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id
from solvent.scoring.service import RequestContext
from solvent.tables.schemas import HISTORY_TABLES

MANY = 32
BATCH = 100
START_SECONDS = 60.0


@dataclass(frozen=True)
class Bodies:
    """Requests of the same clients: application alone, and with history rows; and what to store for the former."""

    alone: list[bytes]
    nested: list[bytes]
    histories: list[StoredHistory]


def measure(bundle: Path, data: Path, *, clients: int, requests: int, seed: int, progress: Progress) -> list[Measured]:
    """Measure every way of asking that the issue names a goal for.

    Raises:
        BundleError, TablesError: bundle or data cannot be used.
        LoadError: a request failed, or a server did not start.
    """
    model = load_model(bundle)
    progress("reading clients", 0.0)
    bodies = make_bodies(data, model, clients=clients, seed=seed)
    progress("measuring in process", 0.1)
    results = measure_in_process(model, bodies, requests=requests)
    with (
        tempfile.TemporaryDirectory(prefix="solvent-benchmark-") as folder,
        start_embedded(Path(folder) / "postgres") as database,
        Children() as children,
    ):
        servers = _start_servers(children, bundle, Path(folder), database.url, bodies.histories)
        for share, step in enumerate((_one_connection, _many_connections, _nested, _batches)):
            progress("measuring over HTTP", 0.3 + 0.15 * share)
            results.extend(step(servers, bodies, requests))
    return results


def make_bodies(data: Path, model: Model, *, clients: int, seed: int) -> Bodies:
    """Read clients of the raw tables, and reduce their histories as `solvent features store` does."""
    made = Bodies([], [], [])
    for body in read_bodies(data, clients, seed=seed):
        history = {name: body[name] for name in HISTORY_TABLES if name in body}
        application = {name: value for name, value in body.items() if name not in history}
        made.alone.append(orjson.dumps(application))
        made.nested.append(orjson.dumps(body))
        payload = model.engine.reduce_history(history).to_bytes()
        made.histories.append(StoredHistory(application["SK_ID_CURR"], model.bundle.program.digest, payload))
    return made


def measure_in_process(model: Model, bodies: Bodies, *, requests: int) -> list[Measured]:
    """Score, and decide on a log in memory: what the service itself costs."""
    payloads = {stored.client_id: stored.payload for stored in bodies.histories}
    known = [accept_application(orjson.loads(body)) for body in bodies.alone]
    pairs = [(one.columns, ReducedHistory.from_bytes(payloads[one.client_id])) for one in known]
    outcomes = [model.assess(model.compute_features(*pair)).decision for pair in pairs]
    approved = [pair for pair, outcome in zip(pairs, outcomes, strict=True) if outcome is Decision.APPROVE]
    refused = [body for body, outcome in zip(bodies.alone, outcomes, strict=True) if outcome is Decision.REFUSE]
    decide = _decider(model, bodies.histories)
    return [
        _repeat(
            "in process: score", lambda pair: model.assess(model.compute_features(*pair)), approved or pairs, requests
        ),
        _repeat("in process: stored history", decide, bodies.alone, requests),
        *([_repeat("in process: a refusal", decide, refused, requests)] if refused else []),
        _repeat("in process: history rows", decide, bodies.nested, requests // 3),
    ]


def _decider(model: Model, histories: Sequence[StoredHistory]) -> Callable[[bytes], object]:
    log = MemoryDecisionLog()
    service = build_service(model, log)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(log.store_histories(histories))

    def decide(body: bytes) -> object:
        context = RequestContext(new_request_id(), utc_now(), time.perf_counter_ns(), "/predict")
        # The log in memory never waits, so the coroutine ends in one step.
        return _finish(service.decide(orjson.loads(body), context))

    loop.close()
    return decide


def _finish(coroutine: Coroutine[Any, Any, object]) -> object:
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise LoadError("a decision in memory waited for something")


def _repeat(name: str, run: Callable[[Any], object], items: Sequence[Any], requests: int) -> Measured:
    for number in range(requests // 10):
        run(items[number % len(items)])
    milliseconds = []
    started, cpu = time.perf_counter(), time.process_time()
    for number in range(requests):
        began = time.perf_counter()
        run(items[number % len(items)])
        milliseconds.append((time.perf_counter() - began) * 1000.0)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    goal = {"in process: score": "p50 ≤ 0.15 ms", "in process: a refusal": "p50 ≤ 3 ms"}.get(name, "")
    return Measured(name, tuple(milliseconds), requests / seconds, cpu_us=cpu / requests * 1e6, goal=goal)


@dataclass(frozen=True)
class Servers:
    """The API and the bare endpoint, as child processes on these ports."""

    api: Child
    api_port: int
    bare_port: int


def _start_servers(
    children: Children, bundle: Path, home: Path, database_url: str, histories: Sequence[StoredHistory]
) -> Servers:
    api_port, bare_port = _free_port(), _free_port()
    variables = {
        "SOLVENT_HOME": str(home),
        "SOLVENT_LOG_FORMAT": "json",
        "SOLVENT_ENVIRONMENT": "local",
        "SOLVENT_AUTHENTICATION": "false",
        "SOLVENT_DATABASE_URL": database_url,
    }
    command = ("-m", "solvent.cli", "api", "--bundle", str(bundle.resolve()), "--port", str(api_port))
    api = children.start("API", command, environment=variables, log=home / "api.log")
    bare = children.start("bare endpoint", ("-m", "solvent.api.bare", str(bare_port)), log=home / "bare.log")
    for child, address in (
        (api, f"http://127.0.0.1:{api_port}/health/ready"),
        (bare, f"http://127.0.0.1:{bare_port}/"),
    ):
        _wait_for(child, address)
    asyncio.run(open_log(database_url).store_histories(histories))
    return Servers(api, api_port, bare_port)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(child: Child, address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        child.check()
        try:
            if httpx.get(address, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise LoadError(f"the {child.name} did not answer within {START_SECONDS:.0f} s")


def _one_connection(servers: Servers, bodies: Bodies, requests: int) -> Iterator[Measured]:
    yield _beside_bare(servers, "stored history", bodies.alone, 1, requests, goal="p50 ≤ 2 ms, p99 ≤ 6 ms")


def _many_connections(servers: Servers, bodies: Bodies, requests: int) -> Iterator[Measured]:
    goal = "≥ 2,500/s, ratio ≥ 0.25"
    full = _beside_bare(servers, "stored history", bodies.alone, MANY, requests, goal=goal)
    yield full
    half = full.rate / 2.0
    with _counting_cpu(servers.api) as cpu:
        latencies = asyncio.run(send_at_rate(servers.api_port, bodies.alone, per_second=half, requests=requests))
    yield _measured("stored history, half of that rate", latencies, cpu[0], goal="p99 ≤ 15 ms")


def _nested(servers: Servers, bodies: Bodies, requests: int) -> Iterator[Measured]:
    for connections in (1, MANY):
        yield _beside_bare(servers, "history rows", bodies.nested, connections, requests // 3)


def _batches(servers: Servers, bodies: Bodies, requests: int) -> Iterator[Measured]:
    clients = [orjson.loads(bodies.alone[number % len(bodies.alone)]) for number in range(BATCH)]
    batch = [orjson.dumps({"clients": clients})]
    with _counting_cpu(servers.api) as cpu:
        latencies = asyncio.run(
            send_in_turn(
                servers.api_port, batch, connections=1, requests=max(10, requests // BATCH), path="/predict-batch"
            )
        )
    yield _measured(f"a batch of {BATCH}, 1 connection", latencies, cpu[0], goal="p50 ≤ 40 ms")


def _beside_bare(
    servers: Servers, kind: str, bodies: Sequence[bytes], connections: int, requests: int, *, goal: str = ""
) -> Measured:
    """Measure both servers, the first tenth of the requests being for warming up."""
    for port in (servers.api_port, servers.bare_port):
        asyncio.run(send_in_turn(port, bodies, connections=connections, requests=requests // 10))
    with _counting_cpu(servers.api) as cpu:
        latencies = asyncio.run(send_in_turn(servers.api_port, bodies, connections=connections, requests=requests))
    bare = asyncio.run(send_in_turn(servers.bare_port, bodies, connections=connections, requests=requests))
    name = f"{kind}, {connections} connection{'s' if connections > 1 else ''}"
    return _measured(name, latencies, cpu[0], bare_rate=bare.rate, goal=goal)


def _measured(name: str, latencies: Latencies, cpu: float, *, bare_rate: float | None = None, goal: str) -> Measured:
    cpu_us = cpu / len(latencies.milliseconds) * 1e6
    return Measured(name, latencies.milliseconds, latencies.rate, cpu_us=cpu_us, bare_rate=bare_rate, goal=goal)


@contextmanager
def _counting_cpu(child: Child) -> Iterator[list[float]]:
    """Give a list that holds, after the block, the CPU seconds that the child's threads took in it."""
    used: list[float] = []
    before = _cpu_seconds(child.process.pid)
    yield used
    used.append(_cpu_seconds(child.process.pid) - before)


def _cpu_seconds(pid: int) -> float:
    """First number of /proc/PID/task/*/schedstat: nanoseconds on a core."""
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9

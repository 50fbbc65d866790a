"""Runs a benchmark: first in this process, then against servers of its own."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from solvent.bootstrap import build_service, load_model
from solvent.cli.applications import read_bodies
from solvent.cli.benchmark_results import Measured
from solvent.cli.benchmark_servers import Cost, Servers, Starter
from solvent.cli.children import Children
from solvent.cli.load import Latencies, LoadError, send_at_rate, send_in_turn
from solvent.decision_log.database.embedded import start_embedded
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


@dataclass(frozen=True, slots=True)
class Extent:
    """How much to measure: clients whose applications are sent, requests per figure, workers of the second API."""

    clients: int
    requests: int
    workers: int
    seed: int


@dataclass(frozen=True)
class Bodies:
    """Requests of the same clients: application alone, and with their rows of all the raw tables.

    `histories` is what to store for the former.
    """

    alone: list[bytes]
    nested: list[bytes]
    histories: list[StoredHistory]

    @property
    def typical(self) -> list[bytes]:
        """The nested request of median size."""
        return [sorted(self.nested, key=len)[len(self.nested) // 2]]


def measure(bundle: Path, data: Path, extent: Extent, *, progress: Progress) -> list[Measured]:
    """Measure every way of asking that the issue names a goal for.

    Raises:
        BundleError, TablesError: bundle or data cannot be used.
        LoadError: a request failed, or a server did not start.
    """
    model = load_model(bundle)
    progress("reading clients", 0.0)
    bodies = make_bodies(data, model, clients=extent.clients, seed=extent.seed)
    progress("measuring in process", 0.1)
    results = measure_in_process(model, bodies, requests=extent.requests)
    with (
        tempfile.TemporaryDirectory(prefix="solvent-benchmark-") as folder,
        start_embedded(Path(folder) / "postgres") as database,
        Children() as children,
    ):
        starter = Starter(children, bundle, Path(folder), database.url)
        servers = starter.start(workers=1)
        starter.store(bodies.histories)
        for share, step in enumerate((_one_connection, _many_connections, _nested, _batches)):
            progress("measuring over HTTP", 0.3 + 0.12 * share)
            results.extend(step(servers, bodies, extent.requests))
        children.stop(servers.api)
        progress(f"measuring {extent.workers} workers", 0.85)
        results.append(_several_workers(starter.start(workers=extent.workers), bodies, extent))
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


def _one_connection(servers: Servers, bodies: Bodies, requests: int) -> Iterator[Measured]:
    yield _beside_bare(servers, "stored history", bodies.alone, 1, requests, goal="p50 ≤ 2 ms, p99 ≤ 6 ms")


def _many_connections(servers: Servers, bodies: Bodies, requests: int) -> Iterator[Measured]:
    goal = "≥ 2,500/s, ratio ≥ 0.25"
    full = _beside_bare(servers, "stored history", bodies.alone, MANY, requests, goal=goal)
    yield full
    if servers.fast_bare_port is not None:
        fast = asyncio.run(send_in_turn(servers.fast_bare_port, bodies.alone, connections=MANY, requests=requests))
        yield replace(full, name="the same, beside a parser in C", bare_rate=fast.rate, goal="")
    half = full.rate / 2.0
    with servers.counting() as cost:
        latencies = asyncio.run(send_at_rate(servers.api_port, bodies.alone, per_second=half, requests=requests))
    yield _measured("stored history, half of that rate", latencies, cost, goal="p99 ≤ 15 ms")


def _nested(servers: Servers, bodies: Bodies, requests: int) -> Iterator[Measured]:
    for connections in (1, MANY):
        yield _beside_bare(servers, "history rows of a typical client", bodies.typical, connections, requests // 3)
        yield _beside_bare(servers, "all seven raw tables", bodies.nested, connections, requests // 3)


def _batches(servers: Servers, bodies: Bodies, requests: int) -> Iterator[Measured]:
    clients = [orjson.loads(bodies.alone[number % len(bodies.alone)]) for number in range(BATCH)]
    batch = [orjson.dumps({"clients": clients})]
    times = max(10, requests // BATCH)
    with servers.counting() as cost:
        latencies = asyncio.run(
            send_in_turn(servers.api_port, batch, connections=1, requests=times, path="/predict-batch")
        )
    yield _measured(f"a batch of {BATCH}, 1 connection", latencies, cost, goal="p50 ≤ 40 ms")


def _several_workers(servers: Servers, bodies: Bodies, extent: Extent) -> Measured:
    name = f"stored history, {extent.workers} workers"
    return _beside_bare(servers, name, bodies.alone, MANY, extent.requests)


def _beside_bare(
    servers: Servers, kind: str, bodies: Sequence[bytes], connections: int, requests: int, *, goal: str = ""
) -> Measured:
    """Measure both servers, the first tenth of the requests being for warming up."""
    for port in (servers.api_port, servers.bare_port):
        asyncio.run(send_in_turn(port, bodies, connections=connections, requests=requests // 10))
    with servers.counting() as cost:
        latencies = asyncio.run(send_in_turn(servers.api_port, bodies, connections=connections, requests=requests))
    bare = asyncio.run(send_in_turn(servers.bare_port, bodies, connections=connections, requests=requests))
    name = f"{kind}, {connections} connection{'s' if connections > 1 else ''}"
    return _measured(name, latencies, cost, bare_rate=bare.rate, goal=goal)


def _measured(name: str, latencies: Latencies, cost: Cost, *, bare_rate: float | None = None, goal: str) -> Measured:
    count = len(latencies.milliseconds)
    return Measured(
        name,
        latencies.milliseconds,
        latencies.rate,
        cpu_us=cost.api_seconds / count * 1e6,
        database_us=cost.database_seconds / count * 1e6,
        database_bytes=cost.database_bytes / count,
        bare_rate=bare_rate,
        goal=goal,
    )

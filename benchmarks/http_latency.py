"""Measures one decision, in process and over HTTP, beside a bare FastAPI endpoint that reads the same body.

    python benchmarks/http_latency.py --bundle BUNDLE --data DIR [--clients 200] [--requests 3000]

The API runs in a process of its own on an embedded PostgreSQL, and commits every decision before it answers. Both
servers and the client (asyncio, raw protocol, connections kept open) share this machine. Two kinds of body: the
application alone, with the history stored beforehand, and the application with its history rows.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson

from engines import read_clients
from running_api import HttpConnection, free_port, start_api, wait_until_answered
from solvent.bootstrap import build_service, load_model, open_log
from solvent.decision_log.embedded import start_embedded
from solvent.decision_log.memory import MemoryDecisionLog
from solvent.domain.records import StoredHistory
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id
from solvent.scoring.service import RequestContext
from solvent.tables.reading import open_tables
from solvent.tables.schemas import TARGET

BARE = """
import sys
import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

app = FastAPI()

@app.get("/")
async def root() -> Response:
    return Response(b"{}")

@app.post("/predict")
async def read(request: Request) -> Response:
    document = orjson.loads(await request.body())
    return Response(orjson.dumps({"fields": len(document)}), media_type="application/json")

uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
"""


@dataclass(frozen=True)
class Bodies:
    """Requests of the same clients: application alone, and with history rows; and what to store for the former."""

    alone: list[bytes]
    nested: list[bytes]
    histories: list[StoredHistory]


@dataclass(frozen=True)
class Figures:
    """Latencies of answered requests in milliseconds, and the time that all of them took in seconds."""

    milliseconds: Sequence[float]
    seconds: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.milliseconds) / self.seconds

    def describe(self) -> str:
        """P50, p99 and rate."""
        p50, p99 = np.percentile(self.milliseconds, [50, 99])
        return f"p50 {p50:7.2f} ms   p99 {p99:7.2f} ms   {self.rate:8.0f}/s"


def read_bodies(data: Path, model: Model, *, clients: int) -> Bodies:
    """Make requests of the first clients of a folder of raw tables."""
    bodies = Bodies([], [], [])
    with open_tables(data) as tables:
        found = tables.connection.execute(
            "SELECT SK_ID_CURR FROM application ORDER BY 1 LIMIT ?", [clients]
        ).fetchnumpy()
        for application, history in read_clients(tables, found["SK_ID_CURR"]):
            application.pop(TARGET, None)
            bodies.alone.append(orjson.dumps(application))
            bodies.nested.append(orjson.dumps(application | history))
            payload = model.engine.reduce_history(history).to_bytes()
            bodies.histories.append(StoredHistory(application["SK_ID_CURR"], model.bundle.program.digest, payload))
    return bodies


async def measure_in_process(model: Model, bodies: Bodies, chosen: list[bytes], *, requests: int) -> Figures:
    """Decode and decide on a log in memory: what the service itself costs."""
    log = MemoryDecisionLog()
    await log.store_histories(bodies.histories)
    service = build_service(model, log)
    milliseconds = []
    started = time.perf_counter()
    for number in range(requests):
        began = time.perf_counter_ns()
        context = RequestContext(new_request_id(), datetime.now(UTC), began, "/predict")
        await service.decide(orjson.loads(chosen[number % len(chosen)]), context)
        milliseconds.append((time.perf_counter_ns() - began) / 1e6)
    return Figures(milliseconds, time.perf_counter() - started)


async def measure_over_http(port: int, bodies: list[bytes], *, connections: int, requests: int) -> Figures:
    """Send requests over so many connections, each waiting for its answer before it sends the next."""
    milliseconds: list[float] = []
    numbers = iter(range(requests))

    async def call() -> None:
        connection = await HttpConnection.open(port)
        for number in numbers:
            began = time.perf_counter_ns()
            status, _ = await connection.post("/predict", bodies[number % len(bodies)])
            milliseconds.append((time.perf_counter_ns() - began) / 1e6)
            if status != 200:
                raise RuntimeError(f"a request was answered with {status}")
        connection.close()

    started = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(connections)))
    return Figures(milliseconds, time.perf_counter() - started)


@contextmanager
def running_servers(bundle: Path, home: Path, bodies: Bodies) -> Iterator[tuple[int, int]]:
    """Start the API, with the histories stored, and the bare endpoint; give their ports."""
    api_port, bare_port = free_port(), free_port()
    api = start_api(bundle, home, api_port)
    bare = subprocess.Popen([sys.executable, "-c", BARE, str(bare_port)])  # noqa: S603
    try:
        with start_embedded(home / "postgres") as server:
            asyncio.run(open_log(server.url).store_histories(bodies.histories))
        wait_until_answered(f"http://127.0.0.1:{bare_port}/", bare)
        yield api_port, bare_port
    finally:
        for process in (bare, api):
            process.terminate()
            process.wait(timeout=60)


def main() -> None:
    """Run the measurement and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--data", type=Path, required=True, help="folder of the raw tables")
    parser.add_argument("--clients", type=int, default=200, help="how many clients to take, the first by id")
    parser.add_argument("--requests", type=int, default=3000, help="requests per figure")
    options = parser.parse_args()

    model = load_model(options.bundle)
    bodies = read_bodies(options.data, model, clients=options.clients)
    kinds = {"application, stored history": bodies.alone, "application with history rows": bodies.nested}
    with (
        tempfile.TemporaryDirectory(prefix="solvent-http-") as folder,
        running_servers(options.bundle, Path(folder), bodies) as (api_port, bare_port),
    ):
        for kind, chosen in kinds.items():
            print(f"{kind}: {np.mean([len(body) for body in chosen]):.0f} bytes on average")
            figures = asyncio.run(measure_in_process(model, bodies, chosen, requests=options.requests // 3))
            print(f"  in process                      {figures.describe()}")
            for connections in (1, 32):
                _compare(api_port, bare_port, chosen, connections=connections, requests=options.requests)


def _compare(api_port: int, bare_port: int, bodies: list[bytes], *, connections: int, requests: int) -> None:
    """Measure both servers, the first tenth of the requests being for warming up."""
    figures = []
    for port in (api_port, bare_port):
        asyncio.run(measure_over_http(port, bodies, connections=connections, requests=requests // 10))
        figures.append(asyncio.run(measure_over_http(port, bodies, connections=connections, requests=requests)))
    api, bare = figures
    print(f"  API over HTTP, {connections:2} connection(s) {api.describe()}")
    print(f"  bare endpoint, {connections:2} connection(s) {bare.describe()}   ratio {api.rate / bare.rate:.3f}")


if __name__ == "__main__":
    main()

"""Measures what recording costs by the size of a transaction, here and in PostgreSQL, and what a timer costs.

    python benchmarks/writing.py --bundle BUNDLE --data DIR [--clients 96]

Prints CPU microseconds per decision, the least of three rounds, from an embedded server of its own.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import orjson
import uvloop

from solvent.bootstrap import build_service, load_model, prepare_database
from solvent.cli.benchmark_run import Bodies, make_bodies
from solvent.cli.processor_time import cpu_seconds
from solvent.decision_log.audit.chain import Position
from solvent.decision_log.database.connections import connect
from solvent.decision_log.database.embedded import start_embedded
from solvent.decision_log.database.roles import API
from solvent.decision_log.memory import MemoryDecisionLog
from solvent.decision_log.writing.rows import prepare
from solvent.decision_log.writing.transaction import record_batch
from solvent.domain.clock import utc_now
from solvent.domain.records import DecisionRecord, Submission
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id
from solvent.scoring.service import RequestContext

ROUNDS = 3
SIZES = (1, 4, 8, 16, 32)
TIMERS = 5000


async def decide(model: Model, bodies: Bodies) -> list[DecisionRecord]:
    """Decide on every client by a log in memory, and return the records."""
    log = MemoryDecisionLog()
    await log.store_histories(bodies.histories)
    service = build_service(model, log)
    records: list[DecisionRecord] = []
    service.watch(lambda found, _context: records.extend(found))
    for body in bodies.alone:
        context = RequestContext(new_request_id(), utc_now(), time.perf_counter_ns(), "/predict")
        await service.decide(orjson.loads(body), context)
    return records


async def measure(url: str, records: Sequence[DecisionRecord]) -> None:
    """Record them in transactions of each size, and print the cost."""
    connection = await connect(url, "benchmark", role=API)
    await connection.set_autocommit(False)
    position = Position()
    for size in SIZES:
        costs = []
        for _ in range(ROUNDS):
            fresh = [replace(record, request_id=new_request_id()) for record in records]
            waiting = [prepare(Submission((record,), b"{}", None)) for record in fresh]
            own, server = time.process_time(), cpu_seconds(connection.info.backend_pid)
            for first in range(0, len(waiting), size):
                batch = waiting[first : first + size]
                _, position = await record_batch(connection, batch, [], position=position, now=utc_now())
                await connection.commit()
            spent = time.process_time() - own, cpu_seconds(connection.info.backend_pid) - server
            costs.append([seconds / len(records) * 1e6 for seconds in spent])
        ours, theirs = (min(column) for column in zip(*costs, strict=True))
        print(f"{size:3} in a transaction: {ours:5.0f} here, {theirs:5.0f} in PostgreSQL")
    await connection.close()


async def measure_timers() -> None:
    """Print what making and cancelling a timer costs."""
    loop = asyncio.get_running_loop()
    started = time.process_time()
    for _ in range(TIMERS):
        loop.call_later(60.0, print).cancel()
        await asyncio.sleep(0)
    with_timers = time.process_time() - started
    started = time.process_time()
    for _ in range(TIMERS):
        await asyncio.sleep(0)
    print(f"a timer: {(with_timers - time.process_time() + started) / TIMERS * 1e6:.1f}")


def main() -> None:
    """Run the measurement and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--data", type=Path, required=True, help="folder of the raw tables")
    parser.add_argument("--clients", type=int, default=96, help="how many decisions a round records")
    options = parser.parse_args()

    model = load_model(options.bundle)
    bodies = make_bodies(options.data, model, clients=options.clients, seed=1)
    records = asyncio.run(decide(model, bodies))
    with tempfile.TemporaryDirectory() as folder, start_embedded(Path(folder) / "postgres") as server:
        prepare_database(server.url)
        uvloop.run(measure(server.url, records))
    uvloop.run(measure_timers())


if __name__ == "__main__":
    main()

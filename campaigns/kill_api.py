"""Kills the API with SIGKILL under load, again and again, and judges the decision log.

    python benchmarks/kill_api.py --bundle BUNDLE [--kills 20] [--tasks 8] [--seed 0]

Callers write to `history.jsonl` before they send and after they receive. Each sends one application of a client of its
own with a new Idempotency-Key, and repeats it until it is answered. At the end every 200 must stand in `predictions`
exactly once, and no client or request id twice. Exit code 0 if so, otherwise 1.
"""

import argparse
import asyncio
import itertools
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import psycopg

from judge import Acknowledged, Recorded, judge
from running_api import ConnectionLostError, HttpConnection, Process, free_port, start_api
from solvent.decision_log.embedded import start_embedded

LOAD_SECONDS = (0.1, 1.5)
"""Bounds of the time between an API that is ready and its death."""
RETRY_SECONDS = 0.02


@dataclass
class Load:
    """What the callers share: numbers for new clients, their history, and whether they may begin another request."""

    port: int
    history: TextIO
    numbers: Iterator[int]
    is_ending: bool = False

    def note(self, **facts: Any) -> None:  # noqa: ANN401
        """Write a line of history."""
        self.history.write(json.dumps(facts) + "\n")
        self.history.flush()


async def call_until_ending(load: Load) -> None:
    """Send one application after the other; repeat each until it is answered with 200."""
    connection: HttpConnection | None = None
    while not load.is_ending:
        client = next(load.numbers)
        body = json.dumps(
            {"SK_ID_CURR": client, "NAME_CONTRACT_TYPE": "Cash loans", "AMT_INCOME_TOTAL": 120_000.0 + client,
             "AMT_CREDIT": 500_000.0, "DAYS_BIRTH": -14_000}
        ).encode()  # fmt: skip
        status = 0
        while status != 200:
            connection, status = await _send(load, connection, client, body)


async def _send(
    load: Load, connection: HttpConnection | None, client: int, body: bytes
) -> tuple[HttpConnection | None, int]:
    key = f"client-{client}"
    try:
        connection = connection or await HttpConnection.open(load.port)
        load.note(event="sent", key=key)
        status, answer = await connection.post("/predict", body, key=key)
    except (OSError, ConnectionLostError):
        await asyncio.sleep(RETRY_SECONDS)
        return None, 0
    request_id = json.loads(answer)["request_id"]
    load.note(event="received", key=key, status=status, client_id=client, request_id=request_id)
    return connection, status


async def run(bundle: Path, home: Path, *, kills: int, tasks: int, seed: int) -> None:
    """Load the API and kill it; at last let the callers get their answers, and stop it in order."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible load
    with (home / "history.jsonl").open("w") as history:
        load = Load(free_port(), history, itertools.count(1))
        callers = [asyncio.create_task(call_until_ending(load)) for _ in range(tasks)]
        for number in range(kills):
            process = await asyncio.to_thread(start_api, bundle, home, load.port)
            await asyncio.sleep(chance.uniform(*LOAD_SECONDS))
            process.kill()
            process.wait()
            print(f"killed {number + 1} of {kills} times", file=sys.stderr)
        process = await asyncio.to_thread(start_api, bundle, home, load.port)
        load.is_ending = True
        await asyncio.gather(*callers)
        await asyncio.to_thread(_stop, process)


def _stop(process: Process) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)


def read_history(path: Path) -> tuple[list[Acknowledged], int]:
    """Return the 200s that callers got, and how many requests they sent."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    told = [
        Acknowledged(line["key"], line["client_id"], line["request_id"])
        for line in lines
        if line["event"] == "received" and line["status"] == 200
    ]
    return told, sum(line["event"] == "sent" for line in lines)


def read_decisions(home: Path) -> list[Recorded]:
    """Return every decision in `predictions`."""
    query = "SELECT client_id, request_id::text FROM predictions WHERE http_status_code = 200"
    with start_embedded(home / "postgres") as server, psycopg.connect(server.url) as connection:
        return [Recorded(*row) for row in connection.execute(query)]


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--kills", type=int, default=20, help="how often to kill (default 20)")
    parser.add_argument("--tasks", type=int, default=8, help="callers at a time (default 8)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of killing (default 0)")
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="solvent-kill-") as folder:
        home = Path(folder)
        asyncio.run(run(options.bundle, home, kills=options.kills, tasks=options.tasks, seed=options.seed))
        told, sent = read_history(home / "history.jsonl")
        recorded = read_decisions(home)
    verdict = judge(told, recorded)
    print(f"{options.kills} kills, {sent} requests sent, {len(told)} answered 200, {len(recorded)} decisions recorded")
    print(", ".join(f"{name} {count}" for name, count in asdict(verdict).items()))
    print("every 200 is recorded exactly once" if verdict.is_clean else "THE LOG IS NOT WHAT CALLERS WERE TOLD")
    print(f"{time.monotonic() - started:.0f} s")
    return 0 if verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())

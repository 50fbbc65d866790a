"""T-05: callers race with one Idempotency-Key, some of them with another body, and the log must decide once.

    python campaigns/key_race.py --bundle BUNDLE [--keys 200] [--racers 16] [--instances 2] [--seed 0]

For each key all racers send at one instant, spread over the instances; three in ten have a changed body. All 200s of a
key must have one and the same body, every racer with the other body must get 422, and the log must hold one decision
for each key that was answered. 409 and 503 are honest answers while the first is in flight. The verdict goes to
`evidence/T-05.jsonl`.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psycopg

from callers import ANSWER_SECONDS, make_body
from evidence import add_evidence
from recorded_log import count_findings
from running_api import Instances, free_port
from solvent.cli.load import HttpConnection
from solvent.decision_log.database.embedded import start_embedded

CHANGED_SHARE = 0.3


@dataclass(frozen=True)
class Answer:
    """What one racer got; `is_changed` tells which of the two bodies it sent."""

    is_changed: bool
    status: int
    body: bytes


@dataclass(frozen=True)
class Race:
    """How many racers on which ports, and whence the chance comes."""

    connections: tuple[HttpConnection, ...]
    chance: random.Random

    async def run(self, client: int) -> list[Answer]:
        """Let all race for the key of one client."""
        start = asyncio.Event()
        racers = [self._send(client, connection, start) for connection in self.connections]
        running = [asyncio.create_task(racer) for racer in racers]
        await asyncio.sleep(0)
        start.set()
        return list(await asyncio.gather(*running))

    async def _send(self, client: int, connection: HttpConnection, start: asyncio.Event) -> Answer:
        is_changed = self.chance.random() < CHANGED_SHARE
        body = make_body(client)
        if is_changed:
            body = body.replace(b"500000.0", b"510000.0")
        await start.wait()
        async with asyncio.timeout(ANSWER_SECONDS):
            status, answer = await connection.post("/predict", body, key=f"key-{client}")
        return Answer(is_changed, status, answer)


def count_faults(answers: list[Answer]) -> Counter[str]:
    """Count what must not happen among the racers of one key."""
    told = [answer for answer in answers if answer.status == 200]
    winners = {answer.is_changed for answer in told}
    return Counter(
        {
            "several answers": max(0, len({answer.body for answer in told}) - 1),
            "both bodies answered": int(len(winners) > 1),
            "nobody answered": int(not told),
            "other body not refused": sum(
                answer.is_changed not in winners and answer.status not in {422, 409, 503} for answer in answers
            ),
            "same body refused": sum(answer.is_changed in winners and answer.status == 422 for answer in answers),
            "strange status": sum(answer.status not in {200, 409, 422, 503} for answer in answers),
        }
    )


async def run(options: argparse.Namespace, instances: Instances) -> tuple[Counter[str], Counter[int], dict[int, str]]:
    """Run every race; return faults, answers by status, and the decision that each client was told."""
    ports = [free_port() for _ in range(options.instances)]
    for port in ports:
        await asyncio.to_thread(instances.start, port)
    racers = range(options.racers * options.instances)
    connections = tuple([await HttpConnection.open(ports[number % len(ports)]) for number in racers])
    race = Race(connections, random.Random(options.seed))  # noqa: S311 - a reproducible load
    faults, statuses, told = Counter[str](), Counter[int](), dict[int, str]()
    for client in range(1, options.keys + 1):
        answers = await race.run(client)
        faults += count_faults(answers)
        statuses.update(answer.status for answer in answers)
        bodies = [answer.body for answer in answers if answer.status == 200]
        if bodies:
            told[client] = json.loads(bodies[0])["request_id"]
    for connection in connections:
        connection.close()
    await asyncio.to_thread(instances.stop)
    return faults, statuses, told


def count_rows(url: str, told: dict[int, str]) -> Counter[str]:
    """Count clients whose decisions in the log are not the one that was told."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT client_id, array_agg(request_id::text) FROM decision_payloads GROUP BY 1")
        kept: dict[int, list[str]] = dict(rows.fetchall())
    wrong = sum(kept.get(client) != [request_id] for client, request_id in told.items())
    return Counter({"not one row": wrong, "unasked rows": len(set(kept) - set(told))})


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--keys", type=int, default=200, help="races (default 200)")
    parser.add_argument("--racers", type=int, default=16, help="callers on each instance (default 16)")
    parser.add_argument("--instances", type=int, default=2, help="API processes on one database (default 2)")
    parser.add_argument("--seed", type=int, default=0, help="of who changes the body (default 0)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="solvent-race-") as folder:
        home = Path(folder)
        with start_embedded(home / "postgres") as server:
            with Instances(options.bundle, home) as instances:
                faults, statuses, told = asyncio.run(run(options, instances))
            faults += count_rows(server.url, told)
            faults["not verified"] += count_findings(server.url, home)
    print(f"{options.keys} keys, answers by status {dict(statuses)}")
    print(", ".join(f"{name} {count}" for name, count in faults.items()) or "no faults")
    failures = faults.total()
    racers = options.racers * options.instances
    print(add_evidence("T-05", seed=options.seed, trials=options.keys, failures=failures, racers=racers))
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

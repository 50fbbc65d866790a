"""T-06: fails the first call of the write path, then the second, and so on until a pass in which nothing fails.

    python campaigns/anomalies.py --bundle BUNDLE [--kind NAME ...]

After the anomaly tests of SQLite ("How SQLite Is Tested", section 3). Every exchange with the database, before and
after it happens, and every step that makes rows fails once with each kind of error. One pass decides on an application
and on a batch of ten, and repeats both with their keys until they are answered, as callers do. Then everything that was
answered must be recorded once, and the log must have one connection for writing, no open transaction and no lock. The
verdict goes to `evidence/T-06.jsonl`. Exit code 0 if that is so after every pass, otherwise 1.
"""

import argparse
import asyncio
import errno
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from callers import History, make_body
from death_points import rewrite
from evidence import add_evidence
from judge import Acknowledged
from recorded_log import judge_history
from solvent.bootstrap import build_service, load_model, open_log, prepare_database
from solvent.decision_log.database.embedded import start_embedded
from solvent.decision_log.writing import transaction, writer
from solvent.domain.clock import utc_now
from solvent.domain.records import Claim
from solvent.scoring.process import new_request_id
from solvent.scoring.service import RequestContext, ScoringService
from solvent.settings import Settings

Call = Callable[..., Any]

BATCH = 10
"""Enough rows for the way by COPY."""
PATIENCE_SECONDS = 15.0
"""After this time the log must have answered."""
MOST_CALLS = 500

KINDS: dict[str, Callable[[], BaseException]] = {
    "raise": lambda: psycopg.OperationalError("planted"),
    "timeout": TimeoutError,
    "statement cancelled": lambda: psycopg.errors.QueryCanceled("planted"),
    "deadlock": lambda: psycopg.errors.DeadlockDetected("planted"),
    "server's disk full": lambda: psycopg.errors.DiskFull("planted"),
    "ENOSPC": lambda: OSError(errno.ENOSPC, "planted"),
    "EIO": lambda: OSError(errno.EIO, "planted"),
    "MemoryError": MemoryError,
    "CancelledError": asyncio.CancelledError,
}
CLOSED = "connection closed"
SAID_BY_SERVER = ("statement cancelled", "deadlock", "server's disk full")
"""What the server says instead of doing what it was asked for, so never after it has done it."""

LEFT_OVER = """
SELECT (SELECT count(*) > 1 FROM pg_stat_activity WHERE application_name = 'solvent-writer')::int
     + (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'solvent-%' AND state LIKE 'idle in tr%')
     + (SELECT count(*) FROM pg_locks WHERE locktype IN ('relation', 'transactionid')
        AND mode IN ('RowExclusiveLock', 'ExclusiveLock') AND pid <> pg_backend_pid())
"""


@dataclass
class Injector:
    """Counts the calls of the write path, and fails the one that it was armed for."""

    kind: str = ""
    left: int = 0

    @property
    def has_struck(self) -> bool:
        return self.left <= 0

    def pass_by(self, connection: psycopg.AsyncConnection[Any] | None = None) -> None:
        self.left -= 1
        if self.left != 0:
            return
        if self.kind != CLOSED:
            raise KINDS[self.kind]()
        if connection is None:
            raise psycopg.OperationalError("planted")
        connection.pgconn.finish()

    def plant(self) -> None:
        """Put the injector around the calls."""
        rewrite(psycopg.AsyncConnection, "wait", self._around_exchange)
        for owner, name in ((writer, "prepare"), (transaction, "decision_row"), (transaction, "copy_rows")):
            rewrite(owner, name, self._around)

    def _around_exchange(self, wait: Call) -> Call:
        async def passing(connection: psycopg.AsyncConnection[Any], *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
            self.pass_by(connection)
            answer = await wait(connection, *arguments, **options)
            if self.kind not in SAID_BY_SERVER:
                self.pass_by(connection)
            return answer

        return passing

    def _around(self, call: Call) -> Call:
        def passing(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - any call
            self.pass_by()
            return call(*arguments, **options)

        return passing


@dataclass
class Passes:
    """Makes passes, and keeps what was told in them."""

    service: ScoringService
    injector: Injector
    url: str
    clients: Iterator[int] = field(default_factory=lambda: count(1))
    told: list[Acknowledged] = field(default_factory=list)
    asked: set[int] = field(default_factory=set)
    unanswered: int = 0
    left_over: int = 0

    async def run(self, kind: str, number: int) -> bool:
        """Make one pass in which call `number` fails; tell whether there was such a call."""
        single, batch = [next(self.clients)], [next(self.clients) for _ in range(BATCH)]
        self.asked.update(single, batch)
        self.injector.kind, self.injector.left = kind, number
        await asyncio.gather(self._ask(single), self._ask(batch))
        await asyncio.gather(self._ask(single), self._ask(batch))
        has_struck = self.injector.has_struck
        self.injector.left = -1
        self.left_over += await asyncio.to_thread(self._count_left_over)
        return has_struck

    async def _ask(self, clients: list[int]) -> None:
        """Repeat a request with its key until it is answered."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            task = asyncio.create_task(self._decide(clients))
            await asyncio.wait([task], timeout=PATIENCE_SECONDS)
            if task.done() and not task.cancelled() and task.exception() is None:
                self._keep(clients, task.result())
                return
            task.cancel()
            await asyncio.sleep(0.02)
        self.unanswered += 1

    async def _decide(self, clients: list[int]) -> bytes:
        documents = [json.loads(make_body(client)) for client in clients]
        key = f"key-{clients[0]}"
        claim = Claim("local", key, hashlib.sha256(key.encode()).digest())
        context = RequestContext(new_request_id(), utc_now(), time.perf_counter_ns(), "/predict", claim)
        if len(clients) == 1:
            return (await self.service.decide(documents[0], context)).answer
        return (await self.service.decide_batch(documents, context)).answer

    def _keep(self, clients: list[int], answer: bytes) -> None:
        document = json.loads(answer)
        decisions = [document] if len(clients) == 1 else [row["result"] for row in document["results"]]
        digest = hashlib.sha256(answer).hexdigest()
        for client, decision in zip(clients, decisions, strict=True):
            facts = decision["request_id"], decision["probability_default"], digest
            self.told.append(Acknowledged(f"key-{client}", client, *facts))

    def _count_left_over(self) -> int:
        """Count connections too many, open transactions and locks, once there is nothing to write any more."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for _ in range(50):
                row = connection.execute(LEFT_OVER).fetchone()
                if row == (0,):
                    return 0
                time.sleep(0.02)
        return 1


async def run(passes: Passes, log: Any, kinds: list[str]) -> int:  # noqa: ANN401 - the log that the passes write to
    """Make every pass of every kind; return how many calls failed."""
    failed = 0
    async with log:
        await passes.service.start()
        await passes.run("raise", MOST_CALLS)
        for kind in kinds:
            for number in range(1, MOST_CALLS):
                if not await passes.run(kind, number):
                    break
                failed += 1
            print(f"{kind}: {number - 1} calls failed", file=sys.stderr)
    return failed


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--kind", action="append", choices=[*KINDS, CLOSED], help="of error (default all)")
    options = parser.parse_args()
    kinds = options.kind or [*KINDS, CLOSED]
    with tempfile.TemporaryDirectory(prefix="solvent-anomaly-") as folder:
        home = Path(folder)
        with start_embedded(home / "postgres") as server:
            prepare_database(server.url)
            log = open_log(server.url, Settings(home=home))
            injector = Injector()
            passes = Passes(build_service(load_model(options.bundle), log), injector, server.url)
            injector.plant()
            failed = asyncio.run(run(passes, log, kinds))
            history = History(passes.told, passes.asked, set(), 0, {}, 0.0, {})
            verdict = judge_history(history, server.url, home)
    print(f"{failed} calls failed in {len(kinds)} kinds; left over {passes.left_over}, unanswered {passes.unanswered}")
    print(verdict.describe())
    failures = verdict.failures + passes.left_over + passes.unanswered
    print(add_evidence("T-06", seed=0, trials=failed, failures=failures, kinds=kinds))
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

"""T-02: kills PostgreSQL with SIGKILL under load, again and again, and judges the decision log.

    python campaigns/kill_database.py --bundle BUNDLE [--kills 6] [--tasks 8] [--seed 0]

Each time one of three is killed: a single backend, the postmaster, or the postmaster and every child at once. A dead
server is started again, as a service manager would; the API is never restarted. Every refusal meanwhile must be a 503
with Retry-After, and the API must be ready again within 10 s of the server. The verdict goes to `evidence/T-02.jsonl`.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from callers import Load, read_history, start_callers
from evidence import add_evidence
from recorded_log import judge_history
from running_api import Instances, free_port, is_answered
from solvent.decision_log.database.embedded import start_embedded

LOAD_SECONDS = (0.1, 1.5)
READY_SECONDS = 10.0
"""How long the API may need once the server accepts connections (RELIABILITY.md, P-05)."""

KINDS = ("backend", "postmaster", "everything")


def kill(database: Path, kind: str, chance: random.Random) -> None:
    """Kill a part of the server, or all of it."""
    postmaster = psutil.Process(int((database / "pgdata" / "postmaster.pid").read_text().split("\n", 1)[0]))
    children = postmaster.children()
    if kind == "backend":
        backends = [child for child in children if "solvent" in " ".join(child.cmdline())]
        victims = [chance.choice(backends or children)]
    else:
        victims = [postmaster, *(children if kind == "everything" else [])]
    for victim in victims:
        victim.kill()


def wait_until_ready(port: int) -> float:
    """Return after how many seconds the API calls itself ready."""
    started = time.monotonic()
    while time.monotonic() - started < 6 * READY_SECONDS:
        if is_answered(port, "/health/ready"):
            return time.monotonic() - started
        time.sleep(0.05)
    return float("inf")


async def run(options: argparse.Namespace, instances: Instances, home: Path) -> tuple[list[float], int]:
    """Load the API and kill its database so many times.

    Returns how long it took to be ready after each, and how many callers got no answer in the end.
    """
    chance = random.Random(options.seed)  # noqa: S311 - a reproducible load
    port = free_port()
    await asyncio.to_thread(instances.start, port)
    ready = []
    with (home / "history.jsonl").open("w") as history:
        load = Load((port,), history)
        callers = start_callers(load, options.tasks)
        for number in range(options.kills):
            await asyncio.sleep(chance.uniform(*LOAD_SECONDS))
            kill(home / "postgres", KINDS[number % len(KINDS)], chance)
            with await asyncio.to_thread(start_embedded, home / "postgres"):
                ready.append(await asyncio.to_thread(wait_until_ready, port))
            print(f"killed {number + 1} of {options.kills} times, ready after {ready[-1]:.1f} s", file=sys.stderr)
        unanswered = await load.finish(callers)
    await asyncio.to_thread(instances.stop)
    return ready, unanswered


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--kills", type=int, default=6, help="how often to kill (default 6)")
    parser.add_argument("--tasks", type=int, default=8, help="callers at a time (default 8)")
    parser.add_argument("--seed", type=int, default=0, help="of moments and victims (default 0)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="solvent-kill-") as folder:
        home = Path(folder)
        with start_embedded(home / "postgres") as server:
            with Instances(options.bundle, home) as instances:
                ready, unanswered = asyncio.run(run(options, instances, home))
            history = read_history(home / "history.jsonl")
            verdict = judge_history(history, server.url, home)
    slow = sum(seconds > READY_SECONDS for seconds in ready)
    print(f"{options.kills} kills, {history.sent} requests sent, answers by status {history.statuses}")
    print(f"ready again after at most {max(ready):.1f} s; refused otherwise than by 503: {history.refused}")
    print(f"slowest answer {history.slowest:.1f} s, callers without one in the end: {unanswered}")
    print(verdict.describe())
    failures = verdict.failures + history.refused + slow + unanswered
    print(
        add_evidence(
            "T-02",
            seed=options.seed,
            trials=options.kills,
            failures=failures,
            answers=len(history.told),
            slowest_ready_seconds=round(max(ready), 1),
        )
    )
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

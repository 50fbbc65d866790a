"""T-07: lets the line to the database fail at single messages of its protocol, under load, and judges the log.

    python campaigns/cut_line.py --bundle BUNDLE [--cuts 60] [--tasks 8] [--blocked 4] [--seed 0]

The line of `faulty_line.py` is cut, slowed, silenced or blocked at a message that is drawn; two in five of the faults
fall where only the database knows whether it committed. Every refusal must be a 503, or a 409 for a retry whose first
request is still under way, no answer may take more than 3 s, and the API must be ready again within 10 s of each fault.
The verdict goes to `evidence/T-07.jsonl`. Exit code 0 if all that is so and every 200 is recorded exactly once,
otherwise 1.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from callers import Load, read_history, start_callers
from evidence import add_evidence
from faulty_line import KINDS, POINTS, SOCKET, UNKNOWN, FaultyLine
from kill_database import READY_SECONDS, wait_until_ready
from recorded_log import judge_history
from running_api import Instances, free_port
from solvent.decision_log.database.embedded import start_embedded

UNKNOWN_SHARE = 0.4
STRIKE_SECONDS = 5.0
"""Time in which an armed fault must strike."""
NEXT_ANSWERS = 10
"""Decisions after a fault that show that all is well again."""
ANSWER_SECONDS = 3.0
"""Longest time to an answer (RELIABILITY.md, P-05)."""


@dataclass
class Findings:
    """What went wrong besides the log: faults after which the API was not ready in time, faults that did not strike."""

    slowest_ready: float = 0.0
    unready: int = 0
    unstruck: int = 0
    unknown: int = 0
    unanswered: int = 0


async def strike(line: FaultyLine, load: Load, fault: tuple[str, str], findings: Findings) -> None:
    """Let one fault happen, and wait until the API is ready and decides again."""
    line.arm(*fault)
    for turn in range(int(STRIKE_SECONDS / 0.05)):
        await asyncio.sleep(0.05)
        if line.has_struck:
            break
        if turn == 10:  # statements are parsed once in a connection: begin new ones
            line.cut_all()
    findings.unstruck += not line.has_struck
    findings.unknown += line.has_struck and fault in UNKNOWN
    line.disarm()
    started, told = time.monotonic(), load.statuses[200]
    await asyncio.to_thread(wait_until_ready, load.ports[0])
    while load.statuses[200] < told + NEXT_ANSWERS and time.monotonic() - started < 6 * READY_SECONDS:
        await asyncio.sleep(0.02)
    seconds = time.monotonic() - started
    longest = READY_SECONDS + (line.blocked_seconds if fault[1] in {"silence", "blocked"} else 0.0)
    findings.slowest_ready = max(findings.slowest_ready, seconds)
    findings.unready += seconds > longest


def draw_fault(chance: random.Random) -> tuple[str, str]:
    """Draw a message and what happens at it."""
    if chance.random() < UNKNOWN_SHARE:
        return chance.choice(UNKNOWN)
    return chance.choice(tuple(POINTS)), chance.choice(KINDS)


async def run(options: argparse.Namespace, home: Path, line: FaultyLine, socket: Path) -> Findings:
    """Load an API behind the line, and let the line fail so many times."""
    chance = random.Random(options.seed)  # noqa: S311 - a reproducible load
    findings = Findings()
    server = await line.listen(socket)
    url = f"postgresql://postgres@/postgres?host={quote(str(socket), safe='')}"
    port = free_port()
    with (
        Instances(options.bundle, home, variables={"SOLVENT_DATABASE_URL": url}) as instances,
        (home / "history.jsonl").open("w") as history,
    ):
        await asyncio.to_thread(instances.start, port)
        load = Load((port,), history)
        callers = start_callers(load, options.tasks)
        for number in range(options.cuts):
            await strike(line, load, draw_fault(chance), findings)
            if (number + 1) % 10 == 0:
                print(f"{number + 1} of {options.cuts} faults", file=sys.stderr)
        findings.unanswered = await load.finish(callers)
        await asyncio.to_thread(instances.stop)
    server.close()
    await line.close()
    return findings


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--cuts", type=int, default=60, help="how many faults (default 60)")
    parser.add_argument("--tasks", type=int, default=8, help="callers at a time (default 8)")
    parser.add_argument("--blocked", type=float, default=4.0, help="seconds of silence of a line (default 4)")
    parser.add_argument("--seed", type=int, default=0, help="of messages and faults (default 0)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="solvent-line-") as folder:
        home, socket = Path(folder) / "home", Path(folder) / "line"
        home.mkdir()
        socket.mkdir()
        with start_embedded(home / "postgres") as server:
            line = FaultyLine(home / "postgres" / "pgdata" / SOCKET, options.blocked)
            findings = asyncio.run(run(options, home, line, socket))
            history = read_history(home / "history.jsonl")
            verdict = judge_history(history, server.url, home)
    slow = int(history.slowest > ANSWER_SECONDS)
    print(f"{options.cuts} faults, {history.sent} requests sent, answers by status {history.statuses}")
    print(f"slowest answer {history.slowest:.2f} s, refused neither 503 nor 409: {history.refused}; {findings}")
    print(verdict.describe())
    failures = verdict.failures + history.refused + slow + findings.unready + findings.unanswered
    trials = options.cuts - findings.unstruck
    facts = {"answers": len(history.told), "unknown": findings.unknown, "slowest_seconds": round(history.slowest, 2)}
    print(add_evidence("T-07", seed=options.seed, trials=trials, failures=failures, **facts))
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

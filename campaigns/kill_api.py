"""T-01: kills the API with SIGKILL under load, again and again, and judges the decision log.

    python campaigns/kill_api.py --bundle BUNDLE [--kills 20] [--instances 2] [--tasks 8] [--seed 0] [--point NAME]

Callers (`callers.py`) write down what they ask and what they are told. Without `--point` an instance dies at a random
moment; with it, inside its own work: `before_insert`, `after_insert`, `before_commit`, `after_commit`, `before_send` or
`mid_body` (see `death_points.py`), or at `each` of them in turn. At the end every 200 must stand in the log exactly
once, as it was answered. The verdict goes to `evidence/T-01.jsonl`. Exit code 0 if it is clean, otherwise 1.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import death_points
from callers import Load, read_history, start_callers
from evidence import add_evidence
from recorded_log import judge_history
from running_api import Instances, free_port
from solvent.decision_log.database.embedded import start_embedded

LOAD_SECONDS = (0.05, 2.0)
"""Bounds of the time between an API that is ready and its death (RELIABILITY.md, T-01)."""

EACH = "each"
"""Stands for a point that is drawn anew for each life."""

DEATH_SECONDS = 60.0


@dataclass(frozen=True)
class Plan:
    """What to do: how many kills among how many instances, under how many callers, at which point if not at random."""

    bundle: Path
    kills: int
    instances: int
    tasks: int
    seed: int
    point: str | None


class Killer:
    """Kills one of several instances after the other, and starts it again."""

    def __init__(self, plan: Plan, instances: Instances) -> None:
        self._instances = instances
        self._point = plan.point
        self._chance = random.Random(plan.seed)  # noqa: S311 - a reproducible load

    def start(self, count: int) -> tuple[int, ...]:
        """Start so many instances, and return their ports."""
        ports = tuple(free_port() for _ in range(count))
        for port in ports:
            self._start(port)
        return ports

    def _start(self, port: int) -> None:
        plant = None
        if self._point is not None:
            point = self._chance.choice(death_points.POINTS) if self._point == EACH else self._point
            plant = partial(death_points.plant, point, self._chance.randint(1, 40))
        self._instances.start(port, plant=plant)

    def kill_one(self) -> None:
        """Kill an instance under load, or wait until one has died, and start it again; raises TimeoutError."""
        port = self._chance.choice(tuple(self._instances.by_port)) if self._point is None else self._wait_for_a_death()
        if self._point is None:
            time.sleep(self._chance.uniform(*LOAD_SECONDS))
            self._instances.by_port[port].kill()
        self._start(port)

    def _wait_for_a_death(self) -> int:
        deadline = time.monotonic() + DEATH_SECONDS
        while time.monotonic() < deadline:
            for port, process in self._instances.by_port.items():
                if process.exit_code is not None:
                    return port
            time.sleep(0.02)
        raise TimeoutError(f"no instance has passed {self._point} often enough")

    def revive_all(self) -> None:
        """Start every instance anew without a point, so that all callers can get their answers."""
        self._point = None
        for port, process in self._instances.by_port.items():
            process.kill()
            self._start(port)


async def run(plan: Plan, instances: Instances, history: Path) -> int:
    """Load the instances and kill them; at last let the callers get their answers, and count those who do not."""
    killer = Killer(plan, instances)
    ports = await asyncio.to_thread(killer.start, plan.instances)
    with history.open("w") as file:
        load = Load(ports, file)
        callers = start_callers(load, plan.tasks)
        for number in range(plan.kills):
            await asyncio.to_thread(killer.kill_one)
            print(f"killed {number + 1} of {plan.kills} times", file=sys.stderr)
        if plan.point is not None:
            await asyncio.to_thread(killer.revive_all)
        unanswered = await load.finish(callers)
    await asyncio.to_thread(instances.stop)
    return unanswered


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--kills", type=int, default=20, help="how often to kill (default 20)")
    parser.add_argument("--instances", type=int, default=2, help="API processes on one database (default 2)")
    parser.add_argument("--tasks", type=int, default=8, help="callers at a time (default 8)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of killing (default 0)")
    parser.add_argument(
        "--point", choices=(*death_points.POINTS, EACH), help="die inside the work, at this point or at each"
    )
    plan = Plan(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory(prefix="solvent-kill-") as folder:
        home = Path(folder)
        with start_embedded(home / "postgres") as server:
            with Instances(plan.bundle, home) as instances:
                unanswered = asyncio.run(run(plan, instances, home / "history.jsonl"))
            history = read_history(home / "history.jsonl")
            verdict = judge_history(history, server.url, home)
    print(
        f"{plan.kills} kills, {history.sent} requests sent, {len(history.told)} answered 200, {unanswered} at no time"
    )
    print(verdict.describe())
    name = "T-01" if plan.point is None else f"T-01 {plan.point}"
    failures = verdict.failures + unanswered
    print(add_evidence(name, seed=plan.seed, trials=plan.kills, failures=failures, answers=len(history.told)))
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

"""T-04: breaks the write path on purpose, kills it under load, and asks whether the judge notices.

    python campaigns/negative_controls.py --bundle BUNDLE [--fault NAME ...] [--tasks 8] [--seed 0]

Each fault of `planted_faults.py` must make the judge fail, and the API must refuse to start, with code 78, on a server
whose settings would lose decisions. The verdict goes to `evidence/T-04.jsonl`. Exit code 0 if every fault was found,
otherwise 1. `power_cut.py --lying` is the control of the disk.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psycopg

from callers import Load, read_history, start_callers
from evidence import add_evidence
from judge import Verdict
from kill_database import kill
from planted_faults import FAULTS
from recorded_log import judge_history
from running_api import CONFIGURATION_CODE, Instances, free_port
from solvent.decision_log.database.embedded import start_embedded

LOAD_SECONDS = 2.0
FEWEST_ANSWERS, ANSWERS_SECONDS = 50, 20.0
"""A busy machine has answered few by then: the kill waits for so many, for so long."""
DATABASE_FAULT = "commit without waiting"
"""What only the death of the server brings to light."""

UNSAFE = ("fsync", "full_page_writes", "synchronous_commit")


async def run(name: str, instances: Instances, home: Path, options: argparse.Namespace) -> None:
    """Load a faulty API, kill it or its database, start it again, and let the callers get their answers."""
    before, after = FAULTS[name]
    port = free_port()
    await asyncio.to_thread(instances.start, port, plant=before)
    with (home / "history.jsonl").open("w") as history:
        load = Load((port,), history)
        callers = start_callers(load, options.tasks)
        await asyncio.sleep(LOAD_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWERS_SECONDS):
                while load.statuses[200] < FEWEST_ANSWERS:
                    await asyncio.sleep(0.01)
        if name == DATABASE_FAULT:
            kill(home / "postgres", "everything", random.Random(options.seed))  # noqa: S311 - nothing is drawn
        instances.by_port[port].kill()
        await asyncio.to_thread(instances.start, port, plant=after)
        await load.finish(callers)
    await asyncio.to_thread(instances.stop)


def try_fault(name: str, options: argparse.Namespace) -> Verdict:
    """Plant one fault and return what the judge says."""
    with tempfile.TemporaryDirectory(prefix="solvent-control-") as folder:
        home = Path(folder)
        with start_embedded(home / "postgres") as server:
            with Instances(options.bundle, home) as instances:
                asyncio.run(run(name, instances, home, options))
            return judge_history(read_history(home / "history.jsonl"), server.url, home)


def find_accepted_settings(bundle: Path) -> list[str]:
    """Return the settings that the API ought to refuse, and does not."""
    accepted = []
    with tempfile.TemporaryDirectory(prefix="solvent-control-") as folder:
        home = Path(folder)
        with start_embedded(home / "postgres") as server, Instances(bundle, home) as instances:
            for setting in UNSAFE:
                _set(server.url, f"ALTER SYSTEM SET {setting} = off")
                if instances.launch(free_port()).wait() != CONFIGURATION_CODE:
                    accepted.append(setting)
                _set(server.url, f"ALTER SYSTEM RESET {setting}")
    return accepted


def _set(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())
        connection.execute("SELECT pg_reload_conf()")


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--tasks", type=int, default=8, help="callers at a time (default 8)")
    parser.add_argument("--seed", type=int, default=0, help="kept in the evidence (default 0)")
    parser.add_argument("--fault", action="append", choices=FAULTS, help="to plant (default all)")
    options = parser.parse_args()
    missed = []
    names = options.fault or list(FAULTS)
    for name in names:
        verdict = try_fault(name, options)
        print(f"{name}: {verdict.describe()}")
        missed += [name] if verdict.is_clean else []
    accepted = find_accepted_settings(options.bundle)
    print(f"missed faults: {', '.join(missed) or 'none'}; accepted settings: {', '.join(accepted) or 'none'}")
    failures = len(missed) + len(accepted)
    print(add_evidence("T-04", seed=options.seed, trials=len(names) + len(UNSAFE), failures=failures))
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

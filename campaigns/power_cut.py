"""T-03: cuts the power of the database's disk under load, again and again, and judges the decision log.

    python campaigns/power_cut.py --bundle BUNDLE [--cuts 3] [--tasks 32] [--seed 0] [--lying]

PostgreSQL keeps its data on `volatile_files.py`, which forgets whatever was not synchronised when the power goes. Each
cut also kills API and database; the next round starts from what the disk still has. In half of the cuts a part of the
unsynchronised sectors has arrived, so that pages are torn. Callers and verdict are those of `kill_api.py`. Needs root,
/dev/fuse and libfuse 2. With `--lying` the disk only says that it synchronises: the negative control, which fails if
the judge does not find that acknowledged decisions are lost.
"""

import argparse
import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from callers import Load, read_history, start_callers
from evidence import add_evidence
from recorded_log import judge_history
from running_api import Instances, free_port
from solvent.decision_log.database.embedded import start_embedded
from solvent.decision_log.database.revisions import upgrade

LOAD_SECONDS = (0.5, 4.0)
"""Bounds of the time between an API that is ready and the cut."""

MOUNT_SECONDS = 20.0


@dataclass(frozen=True)
class Disk:
    """A mounted volatile disk."""

    process: subprocess.Popen[str]
    mount: Path

    @classmethod
    def plug_in(cls, live: Path, mount: Path, *, is_lying: bool) -> "Disk":
        """Mount the folder `live`; raises RuntimeError if that cannot be."""
        command = [sys.executable, str(Path(__file__).with_name("volatile_files.py")), str(live), str(mount)]
        command += ["--lying"] if is_lying else []
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + MOUNT_SECONDS
        while not os.path.ismount(mount):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("no volatile disk: it needs root, /dev/fuse and libfuse 2")
            time.sleep(0.05)
        return cls(process, mount)

    def cut(self, out: Path, *, survival: float, seed: int) -> None:
        """Let the power go; `out` gets what the disk has."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the disk was started without pipes")
        self.process.stdin.write(f"cut {out} {survival} {seed}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "done\n":
            raise RuntimeError("the disk could not be cut")

    def unplug(self) -> None:
        """Unmount."""
        subprocess.run(["fusermount", "-u", "-z", str(self.mount)], check=True)  # noqa: S607 - our own mount
        self.process.wait(timeout=MOUNT_SECONDS)


@dataclass(frozen=True)
class Round:
    """Where things are: the home of the API, whose folder `postgres` is the disk's mount, and the disk's folders."""

    home: Path
    live: Path
    bundle: Path
    is_lying: bool

    @property
    def mount(self) -> Path:
        return self.home / "postgres"


def prepare_database(place: Round) -> None:
    """Make cluster and tables on a sound folder; what happens to them from then on is the disk's affair."""
    with start_embedded(place.mount) as server:
        upgrade(server.url)
    place.mount.rename(place.live)
    place.mount.mkdir()


async def run_round(place: Round, load: Load, chance: random.Random, *, tasks: int) -> None:
    """Load the API on the disk, cut the power, kill everybody, and put the disk's remains in the place of the disk."""
    left = place.live.with_name("left")
    disk = Disk.plug_in(place.live, place.mount, is_lying=place.is_lying)
    try:
        with Instances(place.bundle, place.home) as instances:
            await asyncio.to_thread(instances.start, load.ports[0])
            callers = start_callers(load, tasks)
            await asyncio.sleep(chance.uniform(*LOAD_SECONDS))
            survival = chance.choice((0.0, 0.5))
            await asyncio.to_thread(disk.cut, left, survival=survival, seed=chance.getrandbits(32))
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
    finally:
        _kill_database(place.live)
        disk.unplug()
    shutil.rmtree(place.live)
    left.rename(place.live)


def _kill_database(live: Path) -> None:
    if not (live / "pgdata" / "postmaster.pid").exists():
        return
    postmaster = psutil.Process(int((live / "pgdata" / "postmaster.pid").read_text().split("\n", 1)[0]))
    for process in (postmaster, *postmaster.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # without its postmaster a backend ends by itself
            process.kill()
    postmaster.wait(timeout=10)


async def run(place: Round, *, cuts: int, tasks: int, seed: int) -> None:
    """Cut the power so many times."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible load
    with (place.home / "history.jsonl").open("w") as history:
        load = Load((free_port(),), history)
        for number in range(cuts):
            await run_round(place, load, chance, tasks=tasks)
            print(f"cut {number + 1} of {cuts} times", file=sys.stderr)
    place.mount.rmdir()
    place.live.rename(place.mount)


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--cuts", type=int, default=3, help="how often to cut (default 3)")
    parser.add_argument("--tasks", type=int, default=32, help="callers at a time (default 32)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of cutting (default 0)")
    parser.add_argument("--lying", action="store_true", help="the negative control: a disk that does not synchronise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="solvent-cut-") as folder:
        place = Round(Path(folder) / "home", Path(folder) / "disk", options.bundle, options.lying)
        place.home.mkdir()
        Path(folder).chmod(0o755)
        prepare_database(place)
        asyncio.run(run(place, cuts=options.cuts, tasks=options.tasks, seed=options.seed))
        history = read_history(place.home / "history.jsonl")
        with start_embedded(place.mount) as server:
            verdict = judge_history(history, server.url, place.home)
    print(f"{options.cuts} cuts, {history.sent} requests sent, {len(history.told)} answered 200")
    print(verdict.describe())
    name, failures = ("T-03 lying disk", int(verdict.is_clean)) if options.lying else ("T-03", verdict.failures)
    print(add_evidence(name, seed=options.seed, trials=options.cuts, failures=failures, answers=len(history.told)))
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

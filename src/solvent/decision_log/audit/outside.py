"""The copy of the ledger outside the database: files that a superuser of the database cannot rewrite."""

import asyncio
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import structlog

from solvent.decision_log.audit.ledger import Entry
from solvent.decision_log.database.connections import Connection
from solvent.errors import DecisionLogError

COMPARED_AT_ONCE = 200
"""Entries that are read and compared together, from the newest backwards."""

RECENT = "SELECT number, kind, content, signature FROM ledger WHERE number < %s ORDER BY number DESC LIMIT %s"

log = structlog.get_logger(__name__)


async def complete_outside(connection: Connection, folder: Path) -> int:
    """Keep outside what the database holds and the files do not, and return how many entries that were.

    A process may end between the COMMIT of an entry and its file. Entries are kept in their order, so the comparison
    goes back to the first block of which something is outside. The connection is in no transaction.

    Raises:
        DecisionLogError: the folder cannot be read or written.
        psycopg.Error: the database cannot be read.
    """
    missing: list[Entry] = []
    before = 2**62
    while entries := await _read_recent(connection, before):
        before = entries[0].number
        known = {entry.digest for entry in await asyncio.to_thread(read_outside_since, folder, before)}
        fresh = [entry for entry in entries if entry.digest not in known]
        missing = fresh + missing
        if len(fresh) < len(entries):
            break
    if missing:
        await asyncio.to_thread(keep_outside, folder, *missing)
    return len(missing)


async def _read_recent(connection: Connection, before: int) -> list[Entry]:
    cursor = await connection.execute(RECENT, (before, COMPARED_AT_ONCE), binary=True)
    return [Entry(*row) for row in reversed(await cursor.fetchall())]


def keep_outside(folder: Path, *entries: Entry) -> None:
    """Append entries, in their order, each to the file of its day, durably; one that is there already is left out.

    Raises:
        DecisionLogError: the folder cannot be read or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(folder) as directory:
            for name, of_a_day in groupby(entries, key=_file_name):
                path = folder / name
                is_new = not path.exists()
                _mend_last_line(path)
                known = {entry.digest for entry in read_outside_since(folder, entries[0].number)}
                _append(path, [entry for entry in of_a_day if entry.digest not in known])
                if is_new:
                    os.fsync(directory)
    except OSError as error:
        raise DecisionLogError(
            f"the ledger cannot be kept outside ({error.strerror}): make room in {folder} or mend its rights, and run "
            "the command again"
        ) from error


def _file_name(entry: Entry) -> str:
    return f"ledger-{entry.facts()['at'][:10]}.jsonl"


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """Keep other processes from the files; the kernel lets go for one that dies."""
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield directory
    finally:
        os.close(directory)


def _mend_last_line(path: Path) -> None:
    """End a last line that was not written to its end: cut what is no entry, end what is one."""
    if not path.exists() or (content := path.read_bytes()).endswith(b"\n") or not content:
        return
    start = content.rfind(b"\n") + 1
    with path.open("r+b") as file:
        if _is_entry(content[start:]):
            file.seek(0, os.SEEK_END)
            file.write(b"\n")
        else:
            file.truncate(start)
        os.fsync(file.fileno())


def _append(path: Path, entries: Iterable[Entry]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        for entry in entries:
            file.write(_make_line(entry))
        file.flush()
        os.fsync(descriptor)


def read_outside(path: Path) -> list[Entry]:
    """Read the entries of one file, or of every file of a folder, in the order of their numbers.

    A last line that was not written to its end is no entry yet: it is left out, which is logged, and the next entry
    that is kept takes its place.

    Raises:
        DecisionLogError: the file cannot be read, or a line is no entry.
    """
    files = sorted(path.glob("ledger-*.jsonl")) if path.is_dir() else [path]
    try:
        entries = [_parse_line(line) for file in files for line in _read_lines(file)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DecisionLogError(f"{path} holds no ledger entries: give a file ledger-DATE.jsonl") from error
    return sorted(entries, key=lambda entry: entry.number)


def read_outside_since(folder: Path, number: int) -> list[Entry]:
    """Read the entries of a folder from that number on, the newest days first until one is older throughout.

    Raises:
        DecisionLogError: see `read_outside`.
    """
    found: list[Entry] = []
    for file in sorted(folder.glob("ledger-*.jsonl"), reverse=True):
        entries = read_outside(file)
        found += [entry for entry in entries if entry.number >= number]
        if entries and entries[-1].number < number:
            break
    return sorted(found, key=lambda entry: entry.number)


def _read_lines(file: Path) -> Sequence[bytes]:
    content = file.read_bytes()
    lines = content.splitlines()
    if lines and len(content) > len(lines[-1]) and not content.endswith(b"\n") and not _is_entry(lines[-1]):
        log.warning("ledger_line_torn", file=file.name)
        return lines[:-1]
    return lines


def _is_entry(line: bytes) -> bool:
    try:
        _parse_line(line)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


def _make_line(entry: Entry) -> bytes:
    stored = {
        "number": entry.number,
        "kind": entry.kind,
        "content": entry.content.decode(),
        "signature": entry.signature.hex(),
    }
    return json.dumps(stored).encode() + b"\n"


def _parse_line(line: bytes) -> Entry:
    stored = json.loads(line)
    return Entry(
        int(stored["number"]), str(stored["kind"]), stored["content"].encode(), bytes.fromhex(stored["signature"])
    )

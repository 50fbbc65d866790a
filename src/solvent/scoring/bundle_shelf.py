"""Own copies of the bundles that were in force since the start, and which of them is: shared by a host's workers."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import orjson

from solvent.bundle.files import LISTED_FILES, Bundle, read_bundle
from solvent.bundle.manifest import MANIFEST_FILE
from solvent.bundle.signature import SIGNATURE_FILE
from solvent.errors import BundleError

ALONE_SECONDS = 10.0
"""Longest wait for another switch of the host."""

_STATE = "in_force.json"
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class InForce:
    """Digests of the bundle in force and of the one before it; the number grows with every switch."""

    number: int
    digest: str
    previous: str | None = None


class BundleShelf:
    """A folder with a copy of the bundle in force and of the one before, whatever happens to where they came from.

    Args:
        directory: of the copies.
        read: reads and checks a bundle, with its signature where one is asked for.
    """

    def __init__(self, directory: Path, *, read: Callable[[Path], Bundle] = read_bundle) -> None:
        self._directory = directory
        self._read = read

    def path_of(self, digest: str) -> Path:
        """Folder of the copy."""
        return self._directory / digest

    def put(self, source: Path) -> str:
        """Copy a bundle and return its digest; whoever loads the copy checks it again.

        Raises:
            BundleError: see `read_bundle`, or it changed while it was copied.
        """
        digest = self._read(source).digest
        place = self.path_of(digest)
        if place.exists():
            return digest
        try:
            with tempfile.TemporaryDirectory(prefix=".", dir=self._directory) as temporary:
                fresh = Path(temporary) / digest
                fresh.mkdir()
                signature = (SIGNATURE_FILE,) if (source / SIGNATURE_FILE).exists() else ()
                for name in (*LISTED_FILES, MANIFEST_FILE, *signature):
                    shutil.copyfile(source / name, fresh / name, follow_symlinks=False)
                if self._read(fresh).digest != digest:
                    raise BundleError(f"{source} changed while it was read: try again")
                fresh.rename(place)
        except OSError as error:
            raise BundleError(f"{source} cannot be copied ({error.strerror}): check the temporary folder") from error
        return digest

    def read(self) -> InForce:
        """Return what is in force; `write` must have been called by somebody."""
        return InForce(**orjson.loads((self._directory / _STATE).read_bytes()))

    def write(self, in_force: InForce) -> None:
        """Say what is in force."""
        with self.prepared(in_force):
            pass

    @contextmanager
    def prepared(self, in_force: InForce) -> Iterator[None]:
        """Say what is in force at the end of the block; if the block fails, nothing is said.

        What can fail for want of room is done before the block. Raises OSError.
        """
        file = self._directory / f".{in_force.number}.{os.getpid()}"
        try:
            file.write_bytes(orjson.dumps(asdict(in_force)))
            yield
            file.replace(self._directory / _STATE)
        finally:
            file.unlink(missing_ok=True)

    def tidy(self, in_force: InForce) -> None:
        """Remove the copies that are neither in force nor the ones before; what cannot be removed stays."""
        kept = {in_force.digest, in_force.previous}
        for place in self._directory.iterdir():
            if place.is_dir() and not place.name.startswith(".") and place.name not in kept:
                shutil.rmtree(place, ignore_errors=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other process switches; the kernel lets go for a process that dies.

        Raises:
            TimeoutError: another one did for 10 s.
        """
        with (self._directory / _LOCK).open("w") as lock:
            _lock_within(lock, ALONE_SECONDS)
            yield


def _lock_within(file: IO[str], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TimeoutError("another switch of the model is under way") from None
            time.sleep(0.05)
        else:
            return

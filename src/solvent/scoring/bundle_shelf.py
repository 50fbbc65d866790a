"""Own copies of the bundles that were in force since the start, and which of them is: shared by a host's workers."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from solvent.bundle.files import LISTED_FILES, Bundle, read_bundle
from solvent.bundle.manifest import MANIFEST_FILE
from solvent.bundle.signature import SIGNATURE_FILE
from solvent.errors import BundleError

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
        """Say what is in force, and remove the copies that are neither in force nor the ones before."""
        with tempfile.NamedTemporaryFile(dir=self._directory, prefix=".", delete=False) as file:
            file.write(orjson.dumps(asdict(in_force)))
        os.replace(file.name, self._directory / _STATE)  # noqa: PTH105 - a name, not a path
        kept = {in_force.digest, in_force.previous}
        for place in self._directory.iterdir():
            if place.is_dir() and not place.name.startswith(".") and place.name not in kept:
                shutil.rmtree(place)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other process switches; the kernel lets go for a process that dies."""
        with (self._directory / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

"""The folder that the workers of one running service share; it ends with the service, however that ends."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from solvent.errors import SettingsError

_OWNER = "owner"


@contextmanager
def serving_folder() -> Iterator[Path]:
    """Give a private folder, and remove those of services that were killed.

    Raises:
        SettingsError: the temporary folder cannot be used, or somebody else has our place in it.
    """
    base = Path(tempfile.gettempdir()) / f"solvent-{os.getuid()}-serving"
    try:
        base.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{base} cannot be made ({error.strerror}): set TMPDIR to a folder of yours") from error
    if base.is_symlink() or base.stat().st_uid != os.getuid():
        raise SettingsError(f"{base} belongs to another user: remove it, or set TMPDIR to a folder of yours")
    _remove_abandoned(base)
    folder = Path(tempfile.mkdtemp(dir=base))
    with (folder / _OWNER).open("w") as owner:
        fcntl.flock(owner, fcntl.LOCK_SH)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(base: Path) -> None:
    for folder in base.iterdir():
        try:
            with (folder / _OWNER).open("r+") as owner:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # in use, or being made
        shutil.rmtree(folder, ignore_errors=True)

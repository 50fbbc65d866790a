"""One change of the registry at a time on a host: a file lock, which the kernel lets go for a process that dies."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from solvent.errors import TrainingError

WAIT_SECONDS = 60.0
"""A comparison of 60,000 held-out rows takes some 5 s."""
_LOOK_SECONDS = 0.05


@contextmanager
def hold_file(path: Path, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold a lock file; raises TrainingError if another process holds it all the time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_seconds
    with path.open("w") as file:
        while not _is_taken(file.fileno()):
            if time.monotonic() > deadline:
                raise TrainingError("another command is changing the model store: wait for it, then try again")
            time.sleep(_LOOK_SECONDS)
        yield


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

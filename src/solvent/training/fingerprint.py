"""Tells one set of raw tables from another."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from solvent.errors import TrainingError


def fingerprint_files(paths: Iterable[Path]) -> str:
    """SHA-256 over the lines "name size sha256" of the files, sorted by name.

    It is taken over the files and not over the features: anybody can repeat it with standard tools, and it does not
    depend on the order in which a database sums.

    Raises:
        TrainingError: a file cannot be read.
    """
    return hashlib.sha256("".join(sorted(map(_describe, paths))).encode()).hexdigest()


def _describe(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return f"{path.name} {path.stat().st_size} {digest}\n"
    except OSError as error:
        raise TrainingError(f"{path.name} cannot be read ({error.strerror}): check that it is still there") from error

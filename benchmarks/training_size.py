"""Trains on features that are at hand and tells what the training after them takes: time, processor time, memory.

    solvent features build --data WORLD --out FILE
    python benchmarks/training_size.py --data WORLD --features FILE --out BUNDLE [--rivals]

The bundle is the one that `solvent train --data WORLD --out BUNDLE --no-tracking` writes, features being the same. Wall
time counts from the moment when the features are in memory; processor time is that of all threads; the peak of memory
is that of the whole process, features included.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np

from honest_model import read_features
from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.features.catalogue import build_program
from solvent.tables.files import find_table_files
from solvent.tables.reading import open_tables
from solvent.training.applicants import read_applicants
from solvent.training.background import Background
from solvent.training.fingerprint import fingerprint_files
from solvent.training.run import TrainingRequest, train_on


class Stopwatch:
    """Says on the error stream when each step begins, and at which processor time."""

    def __init__(self) -> None:
        self._started, self._spent = time.monotonic(), time.process_time()
        self._step = ""

    def __call__(self, what: str, _share: float) -> None:
        if what != self._step:
            self._step = what
            print(f"  {self.tell()}  {what}", file=sys.stderr, flush=True)

    def tell(self) -> str:
        """Seconds since the start, by the wall and of all threads."""
        wall, spent = time.monotonic() - self._started, time.process_time() - self._spent
        return f"{wall:.0f} s, {spent:.0f} s of processor time"


def main() -> None:
    """Train and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the raw tables")
    parser.add_argument("--features", type=Path, required=True, metavar="FILE", help="features of its clients")
    parser.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="folder of the bundle to write")
    parser.add_argument("--rivals", action="store_true", help="rivals and ladder too")
    arguments = parser.parse_args()

    matrix = read_features(arguments.features, build_program(FORBIDDEN_COLUMNS))
    matrix = matrix.rows(~np.isnan(matrix.target))
    stopwatch = Stopwatch()
    fingerprint = fingerprint_files(file.path for file in find_table_files(arguments.data))
    with open_tables(arguments.data) as tables:
        background = Background(read_applicants(tables))
    request = TrainingRequest(arguments.data, arguments.out, replace=True, rivals=arguments.rivals)
    result = train_on(matrix, request, data_fingerprint=fingerprint, background=background, progress=stopwatch)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{result.manifest.version}: {len(matrix):,} clients, {len(matrix.program.features)} features")
    print(f"after features {stopwatch.tell()}; peak memory {peak:.2f} GB")


if __name__ == "__main__":
    main()

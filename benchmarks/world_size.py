"""Rows, time and peak memory of making a world, in a process of its own.

python benchmarks/world_size.py --clients 20000 [--seed 0] [--format parquet]
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Make the world in a child process and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, required=True, help="356255 is the size of the real tables")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=("csv", "parquet"), default="parquet")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "world"
        command = [sys.executable, "-m", "solvent.cli", "world", "make", "--out", str(out), "--seed"]
        command += [str(arguments.seed), "--clients", str(arguments.clients), "--format", arguments.format]
        started = time.monotonic()
        print(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout, end="")  # noqa: S603
        seconds = time.monotonic() - started
        size = sum(path.stat().st_size for path in out.iterdir())
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{seconds:.1f} s, peak memory {peak:,.0f} MB, {size / 1e6:,.0f} MB of files")


if __name__ == "__main__":
    main()

"""Runs every campaign of the reliability part, each in a size for each change or for a release.

    python campaigns/run_all.py [--bundle BUNDLE] [--release] [--only T-01 ...]

Without a bundle it trains the small one of the tests. Two campaigns run at a time, those that measure times alone and
last. A campaign that takes longer than its limit is interrupted, which lets it end what it started, and counts as
failed. Exit code 0 if every campaign ended with 0, otherwise 1.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
AT_A_TIME = 2
END_SECONDS = 60.0
"""Time that an interrupted campaign gets to end what it started."""


@dataclass(frozen=True)
class Campaign:
    """A command of this folder: its arguments for each change and for a release, and how many minutes they may take.

    `is_alone`: it measures times, which others on the cores would spoil.
    """

    test: str
    script: str
    small: str
    large: str
    minutes: tuple[float, float] = (6, 120)
    is_alone: bool = False


CAMPAIGNS = (
    Campaign("T-01", "kill_api.py", "--kills 18", "--kills 1000"),
    Campaign("T-01 points", "kill_api.py", "--kills 12 --point each", "--kills 300 --point each"),
    Campaign("T-02", "kill_database.py", "--kills 6", "--kills 200"),
    Campaign("T-03", "power_cut.py", "--cuts 3", "--cuts 100"),
    Campaign("T-03 control", "power_cut.py", "--cuts 1 --lying", "--cuts 3 --lying"),
    Campaign("T-04", "negative_controls.py", "", ""),
    Campaign("T-05", "key_race.py", "--keys 200", "--keys 20000"),
    Campaign("T-06", "anomalies.py", "", ""),
    Campaign("T-07", "cut_line.py", "--cuts 60", "--cuts 5000 --blocked 60", (5, 600)),
    Campaign("T-08", "full_disk.py", "--rounds 1", "--rounds 25"),
    Campaign("T-09", "bundle_matrix.py", "--mutations 2000 --starts 5", "--mutations 50000"),
    Campaign("T-10", "overload.py", "--seconds 30 --factors 5", "--seconds 120 --factors 2 5 20", is_alone=True),
    Campaign("T-11", "switch_models.py", "--reloads 10 --restarts 5", "--reloads 550 --restarts 100"),
    Campaign("T-18", "restore.py", "--decisions 2000", "--decisions 100000"),
    Campaign("T-12", "fuzz.py", "--requests 15000 --frames 500", "--requests 900000 --frames 100000"),
)


def run(campaign: Campaign, bundle: Path, *, is_release: bool) -> bool:
    """Run one campaign, then print what it said, and tell whether it ended with 0 in time."""
    arguments = campaign.large if is_release else campaign.small
    command = [sys.executable, str(HERE / campaign.script), "--bundle", str(bundle), *arguments.split()]
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        is_good = _wait(process, 60 * campaign.minutes[is_release])
        output.seek(0)
        said = output.read()
    verdict = "ok" if is_good else "FAILED"
    print(f"{said}{campaign.test}: {verdict}, {time.monotonic() - started:.0f} s", flush=True)
    return is_good


def _wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        return process.wait(timeout=seconds) == 0
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return False


def train_small_bundle(folder: Path) -> Path:
    """Train the bundle that the tests use."""
    code = "import sys; from pathlib import Path; from tiny_model import write_tiny_bundle as w; w(Path(sys.argv[1]))"
    variables = {**os.environ, "PYTHONPATH": str(HERE.parent / "tests")}
    subprocess.run([sys.executable, "-c", code, str(folder)], env=variables, check=True)
    return folder


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, help="folder of a model bundle (default: a small one, trained now)")
    parser.add_argument("--release", action="store_true", help="the sizes of a release: hours")
    parser.add_argument("--only", nargs="+", default=[], help="numbers of tests, T-01 for instance (default all)")
    options = parser.parse_args()
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="solvent-campaigns-") as folder:
        bundle = options.bundle or train_small_bundle(Path(folder) / "bundle")
        wanted = [one for one in CAMPAIGNS if not options.only or one.test.split()[0] in options.only]
        for at_a_time, is_alone in ((AT_A_TIME, False), (1, True)):
            now = [one for one in wanted if one.is_alone is is_alone]
            with ThreadPoolExecutor(at_a_time) as pool:
                good = pool.map(partial(run, bundle=bundle, is_release=options.release), now)
                failed += [one.test for one, is_good in zip(now, good, strict=True) if not is_good]
    print(f"failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

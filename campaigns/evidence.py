"""Keeps what a campaign found: one line of `evidence/TEST.jsonl` for each run; its README says how to read it."""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("EVIDENCE_FOLDER", Path(__file__).parents[1] / "evidence"))


def add_evidence(test: str, *, seed: int, trials: int, failures: int, **facts: Any) -> str:  # noqa: ANN401 - JSON
    """Append a run to `evidence/TEST.jsonl`, blanks of its name as hyphens, and return it in words.

    Args:
        test: its number in the test plan, "T-01" for instance, with what tells its kinds apart.
        seed: of the run.
        trials: how often the fault was planted, or requests sent.
        failures: how many of the trials broke the promise.
        facts: further counts, as JSON values.
    """
    line = {
        "test": test,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": find_commit(),
        "seed": seed,
        "trials": trials,
        "failures": failures,
        **facts,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{test.replace(' ', '-')}.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    return f"{test}: {failures} failures in {trials} trials{describe_bound(failures, trials)}"


def describe_bound(failures: int, trials: int) -> str:
    """Say what no failure proves: the 95 % bound of the rate is 3 / N (rule of three), which few trials leave open."""
    return f", rate below {3 / trials:.2g} (95 %)" if trials > 3 and not failures else ""


def find_commit() -> str:
    """Return the commit of the checkout, with `+` if something in it is not committed."""
    folder = Path(__file__).parent
    head = _git(folder, "rev-parse", "--short=12", "HEAD")
    return head + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

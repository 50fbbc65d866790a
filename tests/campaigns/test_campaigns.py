"""The smallest runs of the campaigns: one kill, and one fault that the judge must find."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"


def run(script: str, bundle: Path, evidence: Path, *options: str) -> dict[str, Any]:
    """Run a campaign, which must end with 0, and return its line of evidence."""
    command = [sys.executable, str(CAMPAIGNS / script), "--bundle", str(bundle), *options]
    with (evidence / "output").open("w+") as output:  # a pipe would be held open by what outlives the campaign
        variables = {**os.environ, "EVIDENCE_FOLDER": str(evidence)}
        code = subprocess.run(command, stdout=output, stderr=output, env=variables, timeout=120, check=False).returncode  # noqa: S603 - our own
        output.seek(0)
        assert code == 0, output.read()
    (lines,) = evidence.glob("T-*.jsonl")
    line: dict[str, Any] = json.loads(lines.read_text())
    return line


def test_a_kill_before_an_answer_is_sent_loses_nothing(tiny_bundle: Path, tmp_path: Path) -> None:
    options = ("--kills", "1", "--instances", "1", "--tasks", "4", "--point", "before_send")
    line = run("kill_api.py", tiny_bundle, tmp_path, *options)
    assert (line["test"], line["trials"], line["failures"]) == ("T-01 before_send", 1, 0)
    assert line["answers"] > 0


def test_the_judge_finds_an_answer_before_its_commit(tiny_bundle: Path, tmp_path: Path) -> None:
    line = run("negative_controls.py", tiny_bundle, tmp_path, "--fault", "answer before commit")
    assert (line["trials"], line["failures"]) == (4, 0)

import json
from pathlib import Path

import pytest

from solvent.cli.main import main
from solvent.world.making import WorldRequest, make_world


@pytest.mark.slow
def test_a_missed_goal_is_a_finding_that_is_shown_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_world(tmp_path / "world", WorldRequest(clients=300, seed=3, file_format="parquet"))
    assert main(["world", "report", str(tmp_path / "world"), "--out", str(tmp_path / "report.json")]) == 1
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"{written['missed']} of {len(written['figures'])} figures above their goal"
    assert written["missed"] == sum(not figure["is_met"] for figure in written["figures"])


def test_a_folder_without_tables_is_an_error_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["world", "report", str(tmp_path)]) == 1
    assert "holds no application_train.csv" in capsys.readouterr().err


def test_a_report_file_of_another_kind_is_wrong_usage(tmp_path: Path) -> None:
    assert main(["world", "report", str(tmp_path), "--out", str(tmp_path / "report.txt")]) == 2

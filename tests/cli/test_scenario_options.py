from pathlib import Path

import pytest

from solvent.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("world", "make", "--clients", "9", "--scenario", "meteor"), "choose one of quiet, income_shock"),
        (("world", "make", "--clients", "0"), "'--clients'"),
        (("world", "make", "--clients", "9", "--months", "0"), "'--months'"),
        (("world", "make", "--clients", "9", "--format", "xlsx"), "'--format'"),
    ],
)
def test_wrong_usage_of_make_is_told_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert main([*arguments, "--out", str(tmp_path / "world")]) == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_that_ends_before_it_begins_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shares = ("--scenario", "recession", "--from-share", "0.9", "--until-share", "0.1")
    assert main(["world", "make", "--clients", "9", "--out", str(tmp_path / "world"), *shares]) == 1
    assert "0 <= --from-share < --until-share <= 1" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scenario", "meteor"), "choose one of quiet, income_shock"),
        (("--truth", "truth.csv"), "--truth needs --scenario"),
        (("--scenario", "recession", "--drift-prob", "0.3"), "leave out --drift-prob and --data"),
        (("--scenario", "recession", "--data", "tables"), "leave out --drift-prob and --data"),
        (("--scenario", "recession", "--truth", "truth.txt"), "the name must end in .csv"),
        (("--scenario", "recession", "--truth", "/dev/null"), "that file exists"),
    ],
)
def test_wrong_usage_of_traffic_is_told_before_any_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["traffic", *arguments]) == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_lists_the_scenarios_and_who_should_notice(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["world", "scenarios"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "quiet            Nothing happens.",
        "                 true probability: same; should ring: nothing",
    ]
    assert len(lines) == 20

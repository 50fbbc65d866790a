"""Results of a proof: kept line by line, summed up by scenario and monitor, and held against the goals."""

from dataclasses import replace
from pathlib import Path

from solvent.proof.results import (
    Cell,
    QuietResult,
    Result,
    TrialResult,
    VolumeResult,
    append_result,
    find_faults,
    judged_by_rules,
    read_results,
    render_table,
    sum_up,
)
from solvent.proof.trials import WATCHED
from solvent.world.events.scenarios import SCENARIOS, Monitor

MODEL = "2026.11.1+abcdef"


def trial(scenario: str, repetition: int, **delays: int) -> TrialResult:
    return TrialResult(scenario, repetition, MODEL, 2_000, delays)


def faults(*results: Result) -> list[str]:
    both: list[Result] = [trial("quiet", 0), QuietResult(0, MODEL, [])]
    return find_faults([*both, *results], WATCHED, detection=0.95, false=0.01)


def test_lines_come_back_by_model(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    assert read_results(path, MODEL) == []
    lines: list[Result] = [
        trial("recession", 0),
        VolumeResult("recession", MODEL, 90, 0),
        QuietResult(0, MODEL, ["input_drift"]),
    ]
    for line in (*lines, TrialResult("recession", 0, "another", 2_000, {})):
        append_result(path, line)
    assert read_results(path, MODEL) == lines


def test_a_cell_counts_trials_and_takes_the_median_delay() -> None:
    results = [trial("new_channel", 0, input_drift=500), trial("new_channel", 1, input_drift=1_000), trial("quiet", 0)]
    cells = sum_up(results, SCENARIOS["new_channel"], [Monitor.INPUT_DRIFT, Monitor.SCORE_DRIFT, Monitor.OUT_OF_RANGE])
    assert cells == [
        Cell("input_drift", "must", 2, 2, 750.0),
        Cell("score_drift", "may", 0, 2, None),
        Cell("out_of_range", "not", 0, 2, None),
    ]


def test_the_table_marks_what_must_and_what_may_ring() -> None:
    results: list[Result] = [
        trial("new_channel", 0, input_drift=500),
        VolumeResult("new_channel", MODEL, 90, 0),
        QuietResult(0, MODEL, []),
        QuietResult(1, MODEL, ["score_drift"]),
    ]
    lines = list(render_table(results, [Monitor.INPUT_DRIFT, Monitor.SCORE_DRIFT]))
    assert lines == [
        f"{'':16} {'input_drift':>20} {'score_drift':>20}",
        f"{'new_channel':16} {'1/1* 500':>20} {'0/1+':>20}",
        "new_channel      volume rang in 0 of 90 weeks",
        "quiet windows    1 of 2 rang (50.00%)",
    ]


def test_a_monitor_that_must_ring_and_does_not_is_a_fault() -> None:
    rang = [trial("new_channel", place, input_drift=500) for place in range(19)]
    assert faults(*rang, trial("new_channel", 19, input_drift=750)) == []
    assert faults(*rang[:18], trial("new_channel", 18), trial("new_channel", 19)) == [
        "new_channel: input_drift rang in 90% of the trials"
    ]


def test_a_monitor_that_must_not_ring_and_does_is_a_fault() -> None:
    assert faults(trial("recession", 0, input_drift=250)) == [
        "recession: input_drift rang in 100% of the trials, and should not"
    ]
    assert faults(VolumeResult("seasonal_rhythm", MODEL, 90, 1)) == [
        "seasonal_rhythm: the volume rang in 1 of 90 weeks, and should not"
    ]


def test_one_quiet_window_in_a_hundred_may_ring() -> None:
    silent = [QuietResult(window, MODEL, []) for window in range(1, 98)]
    once = [*silent, QuietResult(98, MODEL, ["input_drift"]), QuietResult(99, MODEL, [])]
    assert faults(*once) == []
    assert faults(*once[:-1], QuietResult(99, MODEL, ["score_drift"])) == ["2 of 100 quiet windows rang"]


def test_the_alert_rules_are_held_to_the_same_goals() -> None:
    quiet: list[Result] = [trial("quiet", 0), QuietResult(0, MODEL, [], [])]
    heard = replace(trial("new_channel", 0, input_drift=500), rules={"input_drift": 750})
    goals = {"detection": 0.95, "false": 0.01}
    assert find_faults([*quiet, heard], WATCHED, **goals) == []
    assert find_faults([*quiet, replace(heard, rules={})], WATCHED, **goals) == [
        "by the alert rules, new_channel: input_drift rang in 0% of the trials"
    ]
    assert find_faults([heard, QuietResult(0, MODEL, [], ["score_drift"])], WATCHED, **goals) == [
        "by the alert rules, 1 of 1 quiet windows rang"
    ]
    lines = list(render_table([heard], [Monitor.INPUT_DRIFT]))
    assert lines[2:] == [f"{'by alert rules':16} {'input_drift':>20}", f"{'new_channel':16} {'1/1* 750':>20}"]


def test_lines_from_before_the_rules_judged_are_not_held_against_them(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(
        '{"kind": "TrialResult", "scenario": "new_channel", "repetition": 0, "model": "m", "planted": 2000,'
        ' "delays": {"input_drift": 500}}\n'
    )
    (found,) = read_results(path, "m")
    assert found == TrialResult("new_channel", 0, "m", 2_000, {"input_drift": 500}, None)
    assert judged_by_rules([found]) == []


def test_without_trials_or_without_quiet_windows_nothing_is_proven() -> None:
    goals = {"detection": 0.95, "false": 0.01}
    no_trial, no_window = (f"there is no {what}: nothing is proven by it" for what in ("trial", "quiet window"))
    assert find_faults([], WATCHED, **goals) == [no_trial, no_window]
    assert find_faults([trial("quiet", 0)], WATCHED, **goals) == [no_window]
    assert find_faults([QuietResult(0, MODEL, [])], WATCHED, **goals) == [no_trial]
    assert find_faults([trial("quiet", 0), QuietResult(0, MODEL, [])], WATCHED, **goals) == []

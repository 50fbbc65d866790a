from datetime import UTC, datetime
from pathlib import Path

import pytest

from solvent.domain.alerts import Severity
from solvent.domain.measurements import Measurement, Window
from solvent.errors import MonitoringError
from solvent.monitoring.alert_rules import AlertRule, Direction, read_rules, shipped_rules
from solvent.monitoring.alerts import State, judge

RULE = """
[[rule]]
name = "shift"
metric = "psi"
limit = 0.2
direction = "above"
severity = "HIGH"
what_to_do = "Look at the source."
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_a_rule_with_its_defaults(tmp_path: Path) -> None:
    assert read_rules(write(tmp_path, RULE)) == (
        AlertRule("shift", "psi", 0.2, Direction.ABOVE, Severity.HIGH, "Look at the source."),
    )


def test_reads_every_key(tmp_path: Path) -> None:
    more = (
        'subject = "EXT_*"\ndays = 7\nminimum_count = 500\ncool_down_hours = 0\nwhole_interval = true\nseparate = true'
    )
    (rule,) = read_rules(write(tmp_path, RULE + more))
    assert (rule.subject, rule.days, rule.minimum_count, rule.cool_down_hours) == ("EXT_*", 7, 500, 0)
    assert rule.whole_interval
    assert rule.separate


def test_the_shipped_rules_can_be_read_and_are_what_the_command_prints(tmp_path: Path) -> None:
    assert read_rules(write(tmp_path, shipped_rules())) == read_rules()
    assert "defaults_above_expected" in {rule.name for rule in read_rules()}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"rules.toml must hold tables \[\[rule\]\] and nothing else"),
        (f"{RULE}[[other]]\n", r"must hold tables \[\[rule\]\] and nothing else"),
        ("[[rule]\n", r"rules.toml is not TOML: .*line 1"),
        (RULE + RULE, "has two rules with the name shift"),
        (RULE.replace('metric = "psi"\n', ""), r"rule 1 \(shift\) lacks metric; the keys are cool_down_hours"),
        (RULE + "treshold = 1\n", r"rule 1 \(shift\) has unknown keys treshold"),
        (RULE.replace("0.2", '"0.2"'), r"rule 1 \(shift\), key limit: must be a finite number"),
        (RULE.replace("0.2", "nan"), "key limit: must be a finite number"),
        (RULE.replace("above", "over"), "key direction: must be one of above, below"),
        (RULE.replace("HIGH", "high"), "key severity: must be one of LOW, MEDIUM, HIGH, CRITICAL"),
        (RULE.replace("Look at the source.", " "), "key what_to_do: must be one line of text"),
        (RULE + "minimum_count = 1.5\n", "key minimum_count: must be a whole number, 0 or more"),
        (RULE + "days = 0\n", "key days: must be a number above 0"),
        (RULE + "separate = 1\n", "key separate: must be true or false"),
    ],
)
def test_names_the_mistake_in_a_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MonitoringError, match=message):
        read_rules(write(tmp_path, text))


def test_says_so_if_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(MonitoringError, match=r"absent\.toml cannot be read"):
        read_rules(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("shift", "ringing"),
    [(0.1, ["thin_files_more"]), (0.099, []), (-0.099, []), (-0.1, ["thin_files_fewer"])],
)
def test_thin_files_ring_by_a_shipped_rule_whichever_way_they_move(shift: float, ringing: list[str]) -> None:
    week = Window(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 8, tzinfo=UTC))
    verdicts = judge(read_rules(), [Measurement("thin_file_shift", week, 500, shift)])
    assert [verdict.rule.name for verdict in verdicts if verdict.state is State.RINGS] == ringing

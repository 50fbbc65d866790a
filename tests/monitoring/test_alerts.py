from dataclasses import replace
from datetime import UTC, datetime, timedelta

from solvent.domain.alerts import Breach, Severity
from solvent.domain.measurements import Measurement, Window
from solvent.monitoring.alert_rules import AlertRule, Direction
from solvent.monitoring.alerts import State, judge

END = datetime(2026, 6, 8, tzinfo=UTC)
WEEK = Window(END - timedelta(days=7), END)
WEEK_BEFORE = Window(END - timedelta(days=14), WEEK.start)
RULE = AlertRule("shift", "psi", 0.2, Direction.ABOVE, Severity.HIGH, "Look at the source.", minimum_count=500)


def psi(value: float | None, *, subject: str = "income", count: int = 500, window: Window = WEEK) -> Measurement:
    return Measurement("psi", window, count, value, subject)


def state(rule: AlertRule, *measurements: Measurement) -> State:
    (verdict,) = judge([rule], measurements)
    assert bool(verdict.breaches) == (verdict.state is State.RINGS)
    return verdict.state


def test_rings_at_the_limit_and_is_silent_before_it() -> None:
    assert state(RULE, psi(0.2)) is State.RINGS
    assert state(RULE, psi(0.1999999)) is State.SILENT
    below = replace(RULE, direction=Direction.BELOW)
    assert state(below, psi(0.2)) is State.RINGS
    assert state(below, psi(0.2000001)) is State.SILENT


def test_says_all_that_the_one_who_comes_needs_to_know() -> None:
    (verdict,) = judge([RULE], [replace(psi(0.31), low=0.25, high=0.37)])
    assert verdict.breaches == (
        Breach(
            rule="shift",
            subject="",
            severity=Severity.HIGH,
            description="psi of income is 0.31 (95 % interval 0.25 to 0.37), at or above the limit 0.2, over 500 rows "
            "from 2026-06-01 00:00 to 2026-06-08 00:00 UTC",
            what_to_do="Look at the source.",
            value=0.31,
            limit=0.2,
            count=500,
            window=WEEK,
            affected=("income",),
            cool_down=timedelta(hours=24),
        ),
    )


def test_too_few_rows_or_no_figure_is_not_enough_data_and_no_measurement_says_so() -> None:
    assert state(RULE, psi(9.0, count=499)) is State.NOT_ENOUGH_DATA
    assert state(RULE, psi(None)) is State.NOT_ENOUGH_DATA
    assert state(RULE) is State.NOT_MEASURED
    assert state(RULE, replace(psi(9.0), metric="missing_share")) is State.NOT_MEASURED


def test_the_pattern_chooses_subjects() -> None:
    assert state(replace(RULE, subject="external_*"), psi(9.0)) is State.NOT_MEASURED
    assert state(replace(RULE, subject="inc*"), psi(9.0)) is State.RINGS
    assert state(replace(RULE, subject=""), psi(9.0)) is State.NOT_MEASURED
    assert state(replace(RULE, subject=""), psi(9.0, subject="")) is State.RINGS


def test_a_rule_for_a_week_reads_weeks_alone() -> None:
    weekly = replace(RULE, days=7)
    assert state(weekly, psi(9.0)) is State.RINGS
    assert state(weekly, psi(9.0, window=Window(END - timedelta(days=1), END))) is State.NOT_MEASURED


def test_with_the_whole_interval_an_uncertain_figure_is_silent() -> None:
    sure = replace(RULE, whole_interval=True)
    assert state(sure, replace(psi(0.5), low=0.21, high=0.8)) is State.RINGS
    assert state(sure, replace(psi(0.5), low=0.19, high=0.8)) is State.SILENT
    assert state(sure, psi(0.5)) is State.NOT_ENOUGH_DATA
    surely_below = replace(sure, direction=Direction.BELOW)
    assert state(surely_below, replace(psi(0.1), low=0.0, high=0.19)) is State.RINGS
    assert state(surely_below, replace(psi(0.1), low=0.0, high=0.21)) is State.SILENT


def test_what_was_wrong_and_is_right_now_is_silent() -> None:
    assert state(RULE, psi(9.0, window=WEEK_BEFORE), psi(0.1)) is State.SILENT
    assert state(RULE, psi(0.1, window=WEEK_BEFORE), psi(9.0)) is State.RINGS
    assert state(RULE, psi(9.0, window=WEEK_BEFORE), psi(0.1, count=3)) is State.RINGS


def test_several_subjects_are_one_cause_the_worst_first_unless_the_rule_parts_them() -> None:
    measurements = [psi(0.3), psi(0.9, subject="age"), psi(0.1, subject="job")]
    (together,) = judge([RULE], measurements)
    (breach,) = together.breaches
    assert (breach.subject, breach.value, breach.affected) == ("", 0.9, ("age", "income"))
    assert breach.description.endswith("; also income")
    (parted,) = judge([replace(RULE, separate=True)], measurements)
    assert [(one.subject, one.value) for one in parted.breaches] == [("age", 0.9), ("income", 0.3)]


def test_names_the_first_five_of_what_a_figure_counted() -> None:
    counted = tuple(f"feature_{number}" for number in range(7))
    (verdict,) = judge([RULE], [replace(psi(7.0, subject=""), counted=counted)])
    names = "feature_0, feature_1, feature_2, feature_3, feature_4 and 2 more"
    assert verdict.breaches[0].description.endswith(f" UTC: {names}")
    (verdict,) = judge([RULE], [replace(psi(5.0, subject=""), counted=counted[:5])])
    assert verdict.breaches[0].description.endswith(": feature_0, feature_1, feature_2, feature_3, feature_4")


def test_counts_the_subjects_that_it_does_not_name() -> None:
    (verdict,) = judge([RULE], [psi(1.0 - number / 100, subject=f"f{number}") for number in range(8)])
    assert verdict.breaches[0].description.endswith("; also f1, f2, f3, f4 and 3 more")
    assert len(verdict.breaches[0].affected) == 8

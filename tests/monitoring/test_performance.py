from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from solvent.domain.measurements import Window
from solvent.domain.outcomes import DecidedOutcomes, OutcomeKind
from solvent.domain.policy import Policy
from solvent.monitoring.alert_rules import read_rules
from solvent.monitoring.alerts import State, judge
from solvent.monitoring.cohorts import Population
from solvent.monitoring.performance import assess_performance
from solvent.monitoring.performance_report import PerformanceReport

POLICY = Policy(threshold=0.1, medium_from=0.05, high_from=0.1)
JANUARY = 2024 * 12
APPROVED, KNOWN, DEFAULTED = DecidedOutcomes.APPROVED, DecidedOutcomes.KNOWN, DecidedOutcomes.DEFAULTED
MISSED, LATE = DecidedOutcomes.FIRST_PAYMENT_MISSED, DecidedOutcomes.LATE_30_DAYS
ALL_KNOWN = datetime(2026, 6, 1, tzinfo=UTC)


def lender(
    *rises: float, rows: int = 2_000, known_refused: bool = True, known_share: float = 1.0, seed: int = 1
) -> DecidedOutcomes:
    """Decisions of so many months from January 2024 on; in each the true risk is `rise` times the probability."""
    generator = np.random.default_rng(seed)
    columns = []
    for number, rise in enumerate(rises):
        probabilities = generator.beta(1.2, 12.0, rows)
        true = np.minimum(rise * probabilities, 1.0)
        defaulted = generator.uniform(size=rows) < true
        approved = probabilities < POLICY.threshold
        reported = approved | known_refused
        known = reported & (generator.uniform(size=rows) < known_share)
        flags = approved * APPROVED + known * (KNOWN + defaulted * DEFAULTED)
        flags += reported * (generator.uniform(size=rows) < 0.5 * true) * MISSED
        flags += reported * (generator.uniform(size=rows) < 0.8 * true) * LATE
        columns.append((np.full(rows, JANUARY + number), probabilities, flags))
    months, given, flags = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    return DecidedOutcomes(
        len(flags), months.astype("<i2").tobytes(), given.astype("<f8").tobytes(), flags.astype("<i2").tobytes()
    )


def assess(outcomes: DecidedOutcomes, as_of: datetime = ALL_KNOWN) -> PerformanceReport:
    return assess_performance(outcomes, POLICY, as_of=as_of)


def ringing(report: PerformanceReport) -> set[str]:
    verdicts = judge(read_rules(), list(report.measurements()))
    return {verdict.rule.name for verdict in verdicts if verdict.state is State.RINGS}


def test_where_nothing_is_wrong_estimates_come_true_and_nothing_rings() -> None:
    report = assess(lender(*[1.0] * 12))
    assert report.population is Population.ALL
    assert [month.rows for month in report.months] == [2_000] * 12
    assert report.months[0].window == Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
    assert [one.metric for one in report.past_estimates] == ["auc", "default_rate", "cost_per_application"]
    for one in report.past_estimates:
        assert one.months == 12
        assert one.coverage >= 10 / 12
    assert report.past_estimates[1].mean_difference < 0.006
    assert ringing(report) == set()


def test_a_rise_that_no_input_shows_leaves_the_estimate_where_it_was_and_rings_when_it_matures() -> None:
    report = assess(lender(*[1.0] * 6, *[1.8] * 6))
    last = report.months[-1]
    assert last.estimated is not None
    assert last.realised is not None
    assert last.estimated.default_rate.value == pytest.approx(0.091, abs=0.005)
    assert last.realised.default_rate.value == pytest.approx(0.164, abs=0.02)
    assert last.default_rate_ratio is not None
    assert last.default_rate_ratio.low > 1.4
    assert {"defaults_above_expected", "first_payments_missed", "payments_30_days_late"} <= ringing(report)


def test_before_outcomes_come_early_signs_say_that_the_estimates_cannot_be_trusted() -> None:
    report = assess(lender(*[1.0] * 6, *[1.8] * 3, rows=4_000), as_of=datetime(2025, 2, 15, tzinfo=UTC))
    assert all(month.realised is None for month in report.months)
    assert report.months[0].waits_for == "matures on 2025-03-03"
    assert report.months[0].early_signs == {}
    assert set(report.months[-1].early_signs) == {OutcomeKind.FIRST_PAYMENT_MISSED, OutcomeKind.LATE_30_DAYS}
    assert any(note.startswith("2024-09: first_payment_missed shows 1.") for note in report.notes)
    assert not any(note.startswith(("2024-04", "2024-05", "2024-06")) for note in report.notes)
    assert ringing(report) == {"first_payments_missed", "payments_30_days_late"}


def test_an_early_sign_waits_for_its_time_and_the_reports() -> None:
    # April ends on 1 May; three mean months and 31 days later it is the 31st of August, 7:30
    outcomes = lender(*[1.0] * 4)
    before, after = (assess(outcomes, datetime(2024, 8, 31, hour, tzinfo=UTC)) for hour in (7, 8))
    assert set(before.months[3].early_signs) == {OutcomeKind.FIRST_PAYMENT_MISSED}
    assert set(after.months[3].early_signs) == {OutcomeKind.FIRST_PAYMENT_MISSED, OutcomeKind.LATE_30_DAYS}


def test_outcomes_of_approved_clients_alone_are_figures_of_approved_decisions_and_it_says_so() -> None:
    report = assess(lender(*[1.0] * 4, known_refused=False))
    assert report.population is Population.APPROVED
    assert report.notes[0].startswith("outcomes exist for approved clients only")
    month = report.months[0]
    assert month.decisions == 2_000
    assert month.rows < 1_400
    assert month.realised is not None
    assert month.realised.cost.value == pytest.approx(10 * month.realised.default_rate.value)
    assert ringing(report) == set()


def test_a_month_without_most_of_its_outcomes_waits_and_the_lack_rings() -> None:
    report = assess(lender(1.0, 1.0, known_share=0.5))
    assert report.population is Population.ALL
    assert report.months[0].realised is None
    assert report.months[0].waits_for.startswith("outcomes of ")
    assert ringing(report) == {"outcomes_missing"}


def test_the_cost_and_the_ratio_are_those_of_the_rows() -> None:
    probabilities = np.tile([0.05, 0.15], 150)
    flags = np.where(probabilities < 0.1, APPROVED, 0) + KNOWN + DEFAULTED * (np.arange(300) % 10 < 2)
    outcomes = DecidedOutcomes(
        300, np.full(300, JANUARY, "<i2").tobytes(), probabilities.tobytes(), flags.astype("<i2").tobytes()
    )
    (month,) = assess(outcomes).months
    assert month.realised is not None
    assert month.realised.default_rate.value == pytest.approx(0.2)
    # of 300: 30 approved defaults at 10, 120 refused good payers at 1
    assert month.realised.cost.value == pytest.approx((300 + 120) / 300)
    assert month.default_rate_ratio is not None
    assert month.default_rate_ratio.value == pytest.approx(2.0)


def test_few_rows_are_not_enough_data_and_no_decisions_no_months() -> None:
    (month,) = assess(lender(1.0, rows=150)).months
    assert (month.realised, month.estimated) == (None, None)
    assert month.waits_for.startswith("not enough data: 150 outcomes")
    empty = assess(DecidedOutcomes(0, b"", b"", b""))
    assert (empty.months, empty.past_estimates) == ((), ())


def test_a_longer_term_matures_later() -> None:
    policy = replace(POLICY, default_definition=replace(POLICY.default_definition, months_to_mature=24))
    report = assess_performance(lender(1.0), policy, as_of=datetime(2025, 6, 1, tzinfo=UTC))
    assert report.months[0].waits_for == "matures on 2026-03-03"

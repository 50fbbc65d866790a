"""The monitor of the ledger, with the shipped rule that reads it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from solvent.domain.observations import UncoveredRecords
from solvent.monitoring.alert_rules import read_rules
from solvent.monitoring.alerts import State, judge
from solvent.monitoring.watching import LedgerMonitor

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)


@dataclass
class Ledger:
    """A log of which only this is known."""

    uncovered: UncoveredRecords

    def read_uncovered(self) -> UncoveredRecords:
        return self.uncovered


@pytest.mark.parametrize(
    ("uncovered", "seconds", "state"),
    [
        (UncoveredRecords(3, NOW - timedelta(minutes=5)), 300.0, State.RINGS),
        (UncoveredRecords(3, NOW - timedelta(minutes=4)), 240.0, State.SILENT),
        (UncoveredRecords(0, None), 0.0, State.NOT_ENOUGH_DATA),
    ],
    ids=["overdue", "in time", "all covered"],
)
def test_records_that_wait_five_minutes_for_a_checkpoint_ring(
    uncovered: UncoveredRecords, seconds: float, state: State
) -> None:
    measured = LedgerMonitor(Ledger(uncovered)).measure(NOW)
    assert [(one.metric, one.count, one.value) for one in measured] == [("uncovered_seconds", uncovered.count, seconds)]
    (rule,) = [rule for rule in read_rules() if rule.name == "checkpoints_overdue"]
    assert [verdict.state for verdict in judge([rule], measured)] == [state]

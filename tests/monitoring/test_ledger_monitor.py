"""The monitor of the ledger, with the shipped rule that reads it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from solvent.domain.observations import (
    DecisionScope,
    DriftRecord,
    OperationCounts,
    QualityCounts,
    UncoveredRecords,
    VectorBatch,
)
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

    def count_by_model(self, start: datetime, end: datetime) -> Mapping[str, int]:
        raise NotImplementedError

    def find_bounds(self) -> tuple[datetime, datetime] | None:
        raise NotImplementedError

    def read_vectors(self, scope: DecisionScope) -> Iterator[VectorBatch]:
        raise NotImplementedError

    def read_quality(self, scope: DecisionScope, *, stale_after: timedelta) -> QualityCounts:
        raise NotImplementedError

    def read_operations(self, start: datetime, end: datetime) -> OperationCounts:
        raise NotImplementedError

    def keep_drift_report(self, report: DriftRecord) -> int:
        raise NotImplementedError


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

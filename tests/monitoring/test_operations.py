"""Operations: errors by cause, stages, and a volume held against the weeks before."""

import pytest
from watched import WINDOW

from solvent.domain.observations import OperationCounts, StageTimes
from solvent.monitoring.operations import OperationsReport, sum_up_operations

INFERENCE = StageTimes("inference", 900, 0.4, 0.3, 0.9, 1.5)


def sum_up(requests: int, *earlier: int, errors: dict[str, int] | None = None) -> OperationsReport:
    return sum_up_operations(OperationCounts(requests, errors or {}, (INFERENCE,), earlier), window=WINDOW)


@pytest.mark.parametrize(
    ("requests", "ratio", "rings"),
    [(100, 1.0, False), (151, 1.51, False), (200, 2.0, True), (50, 0.5, True), (0, 0.0, True)],
)
def test_volume_rings_at_twice_and_half_of_the_usual(requests: int, ratio: float, rings: bool) -> None:
    report = sum_up(requests, 90, 110, 80, 120)
    assert report.usual_volume == 100.0
    assert (report.volume_ratio, report.has_unusual_volume) == (ratio, rings)


def test_three_weeks_are_no_rhythm_and_few_requests_no_volume() -> None:
    assert sum_up(500, 100, 100, 100).volume_ratio is None
    assert not sum_up(500, 100, 100, 100).has_unusual_volume
    assert sum_up(500, 49, 49, 49, 49).volume_ratio is None


def test_errors_are_shares_of_all_requests() -> None:
    report = sum_up(1_000, errors={"invalid-application": 60, "log-unavailable": 40})
    assert report.error_rate == 0.1
    figures = {(one.metric, one.subject): (one.value, one.count) for one in report.to_measurements()}
    assert figures["error_rate", ""] == (0.1, 1_000)
    assert figures["error_rate_by_cause", "log-unavailable"] == (0.04, 1_000)
    assert figures["latency_p95_ms", "inference"] == (0.9, 900)
    assert figures["volume_ratio", ""] == (None, 1_000)


def test_no_requests_have_no_error_rate() -> None:
    assert sum_up(0).error_rate is None

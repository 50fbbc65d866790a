"""Does the volume of a scenario ring, week by week?"""

from solvent.domain.measurements import Window
from solvent.domain.ports import ObservedLog
from solvent.monitoring.operations import WEEKS_NEEDED, sum_up_operations
from solvent.proof.applicants import to_time

WEEK = 7 * 24 * 3600 * 1_000_000
"""Microseconds."""


def count_unusual_weeks(log: ObservedLog, start: int, weeks: int) -> tuple[int, int]:
    """Watch every whole week of a stream; return how many had enough weeks before them, and how many of those rang."""
    reports = []
    for week in range(weeks):
        window = Window(to_time(start + week * WEEK), to_time(start + (week + 1) * WEEK))
        reports.append(sum_up_operations(log.read_operations(window.start, window.end), window=window))
    judged = [report for report in reports[WEEKS_NEEDED:] if report.volume_ratio is not None]
    return len(judged), sum(report.has_unusual_volume for report in judged)

"""What a report of performance looks like: on a terminal, and as JSON."""

from collections.abc import Iterator
from typing import Any

from solvent.monitoring.figures import Figure
from solvent.monitoring.performance_report import MonthPerformance, Performance, PerformanceReport

_HEAD = f"{'month':7}  {'decisions':>9}  {'':9}  {'AUC':22}  {'default rate':22}  {'cost':22}"


def describe(report: PerformanceReport) -> Iterator[str]:
    """Yield a table with two lines a month, realised above estimated, then what must be said beside it."""
    term = report.definition
    yield (
        f"as of {report.as_of:%Y-%m-%d %H:%M} UTC, {report.population.value}; a default is {term.days_past_due} days "
        f"past due within {term.months_to_mature} months"
    )
    yield _HEAD.rstrip()
    for month in report.months:
        yield from _describe_month(month)
    for past in report.past_estimates:
        yield (
            f"estimates of {past.metric} over {past.months} months: off by {past.mean_difference:.4f} on average, "
            f"{past.largest_difference:.4f} at most, {past.coverage:.0%} of the months within the interval"
        )
    for note in report.notes:
        yield f"note: {note}"


def _describe_month(month: MonthPerformance) -> Iterator[str]:
    name = f"{month.window.start:%Y-%m}  {month.rows:>9,}"
    yield f"{name}  {'realised':9}  {_row(month.realised) if month.realised else month.waits_for}".rstrip()
    estimated = _row(month.estimated) if month.estimated else "not enough data"
    yield f"{'':18}  {'estimated':9}  {estimated}".rstrip()
    details = []
    if month.default_rate_ratio:
        details.append(f"defaults over expected {_figure(month.default_rate_ratio, 2)}")
    if month.calibration_slope:
        details.append(f"calibration slope {_figure(month.calibration_slope, 2)}")
    details += [f"{kind.value} over expected {_figure(ratio, 2)}" for kind, ratio in month.early_signs.items()]
    if details:
        yield f"{'':18}  {'; '.join(details)}"


def _row(performance: Performance) -> str:
    auc = "undefined" if performance.auc is None else _figure(performance.auc, 3)
    return f"{auc:22}  {_figure(performance.default_rate, 4):24}{_figure(performance.cost, 3)}"


def _figure(figure: Figure, digits: int) -> str:
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f}-{figure.high:.{digits}f})"


def to_document(report: PerformanceReport) -> dict[str, Any]:
    """Return every figure as JSON values: `{"as_of", "population", "months": [...], "past_estimates", "notes"}`."""
    return {
        "as_of": report.as_of,
        "population": report.population.value,
        "definition": report.definition,
        "months": [_month_document(month) for month in report.months],
        "past_estimates": report.past_estimates,
        "notes": report.notes,
    }


def _month_document(month: MonthPerformance) -> dict[str, Any]:
    return {
        "start": month.window.start,
        "end": month.window.end,
        "decisions": month.decisions,
        "rows": month.rows,
        "waits_for": month.waits_for or None,
        "realised": month.realised,
        "estimated": month.estimated,
        "default_rate_ratio": month.default_rate_ratio,
        "calibration_slope": month.calibration_slope,
        "missing_outcomes": month.missing_outcomes,
        "early_signs": {kind.value: ratio for kind, ratio in month.early_signs.items()},
    }

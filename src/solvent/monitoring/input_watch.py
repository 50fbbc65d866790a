"""Reads the decisions of a window once, and holds them against the reference: drift and data quality."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from solvent.bundle.reference import ScoredRows
from solvent.domain.measurements import Window
from solvent.domain.observations import DecisionScope, DriftRecord
from solvent.domain.ports import ObservedLog
from solvent.domain.progress import Progress, silent
from solvent.errors import MonitoringError
from solvent.monitoring.binning import BinnedDecisions, Sample, count_decisions, expected_counts, unpack
from solvent.monitoring.data_quality import STALE_AFTER, QualityReport, assess_quality
from solvent.monitoring.drift import DRIFTED_SHARE, Comparison, DriftReport, detect_drift
from solvent.monitoring.segments import Segment
from solvent.monitoring.watched_model import WatchedModel

SAMPLE_ROWS = 1_000
_SEED = 5


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """What to look at: a window, if wanted a segment of it, and an earlier window instead of the bundle's reference."""

    window: Window
    threshold: float = DRIFTED_SHARE
    segment: Segment | None = None
    reference: Window | None = None


@dataclass(frozen=True)
class InputReport:
    """Drift and data quality of one window, and samples of both sides, None where there is nothing to show.

    `quality` is None for a segment by feature: the log cannot tell its warnings apart.
    """

    drift: DriftReport
    quality: QualityReport | None
    sample: ScoredRows | None
    reference_sample: ScoredRows | None

    def to_record(self, generated_at: datetime, *, html: str | None = None, json: str | None = None) -> DriftRecord:
        """Return the row of `drift_reports`."""
        drift, window = self.drift, self.drift.comparison.window
        return DriftRecord(
            generated_at=generated_at,
            period_start=window.start,
            period_end=window.end,
            reference_dataset=drift.comparison.reference,
            reference_size=drift.reference_size,
            current_size=drift.decisions,
            drift_detected=drift.is_detected,
            drift_score=drift.drifted_share if drift.is_enough else None,
            drifted_features=tuple(one.feature for one in drift.drifted),
            report_html_path=html,
            report_json_path=json,
            metadata=drift.to_metadata(),
        )


def find_busiest_model(log: ObservedLog, window: Window) -> str:
    """Return the model version with the most decisions of a window; raises MonitoringError if there are none."""
    counts = log.count_by_model(window.start, window.end)
    if counts:
        return next(iter(counts))
    bounds = log.find_bounds()
    held = "it holds none" if bounds is None else f"it holds decisions from {bounds[0]:%F %R} to {bounds[1]:%F %R}"
    raise MonitoringError(
        f"the log has no decisions from {window.start:%F %R} to {window.end:%F %R} UTC ({held}): give another period"
    )


def watch_inputs(
    log: ObservedLog, model: WatchedModel, request: WatchRequest, *, progress: Progress = silent
) -> InputReport:
    """Compare the decisions that a model made in a window with what was normal.

    Memory does not grow with the number of decisions.

    Raises:
        MonitoringError: the reference has no rows to take the segment from, or the vectors are not those of the model.
        DecisionLogError: the log cannot be read.
    """
    reference, reference_sample = _find_reference(log, model, request, progress)
    sample = Sample(SAMPLE_ROWS, seed=_SEED)
    progress("reading decisions", 0.1)
    current = _count(log, model, request, request.window, sample)
    progress("comparing", 0.9)
    return InputReport(
        drift=detect_drift(reference, current, model.profile, _comparison(model, request)),
        quality=_assess_quality(log, model, request, current),
        sample=sample.rows,
        reference_sample=reference_sample,
    )


def _find_reference(
    log: ObservedLog, model: WatchedModel, request: WatchRequest, progress: Progress
) -> tuple[BinnedDecisions, ScoredRows | None]:
    if request.reference is not None:
        progress("reading the earlier period", 0.0)
        sample = Sample(SAMPLE_ROWS, seed=_SEED)
        return _count(log, model, request, request.reference, sample), sample.rows
    if request.segment is None or request.segment.column is not None:  # the bundle knows no callers: all of its rows
        return expected_counts(model.profile), model.sample
    if model.sample is None:
        raise MonitoringError("the log keeps no reference of this model: give its folder, --bundle BUNDLE")
    if not model.has_whole_rows:
        raise MonitoringError(
            "the reference of a retrained model holds no whole rows, so that nobody can be found in it: compare a "
            "segment with an earlier period, --reference FROM/TO"
        )
    (rows,) = request.segment.select([model.sample])
    return count_decisions([rows], model.profile, model.program), rows


def _assess_quality(
    log: ObservedLog, model: WatchedModel, request: WatchRequest, current: BinnedDecisions
) -> QualityReport | None:
    if request.segment is not None and request.segment.column is None:
        return None
    counts = log.read_quality(_scope(model, request, request.window), stale_after=STALE_AFTER)
    return assess_quality(counts, current, model.profile, model.program, window=request.window)


def _count(
    log: ObservedLog, model: WatchedModel, request: WatchRequest, window: Window, sample: Sample
) -> BinnedDecisions:
    parts = _read(log, model, request, window)
    return count_decisions(sample.watch(parts), model.profile, model.program)


def _read(log: ObservedLog, model: WatchedModel, request: WatchRequest, window: Window) -> Iterator[ScoredRows]:
    batches = log.read_vectors(_scope(model, request, window))
    parts = (unpack(batch, model.program) for batch in batches)
    return parts if request.segment is None else request.segment.select(parts)


def _scope(model: WatchedModel, request: WatchRequest, window: Window) -> DecisionScope:
    segment = request.segment
    if segment is None or segment.column is None:
        return DecisionScope(window.start, window.end, model.version)
    return DecisionScope(window.start, window.end, model.version, segment.column, segment.value)


def _comparison(model: WatchedModel, request: WatchRequest) -> Comparison:
    earlier = request.reference
    return Comparison(
        window=request.window,
        model_version=model.version,
        reference=f"bundle {model.version}" if earlier is None else f"log {earlier.start:%F %R} to {earlier.end:%F %R}",
        threshold=request.threshold,
        important=model.important,
        segment="" if request.segment is None else str(request.segment),
    )

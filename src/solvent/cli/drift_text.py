"""What `solvent drift report` prints."""

from collections.abc import Iterator
from pathlib import Path

from solvent.monitoring.data_quality import FAULTY_RATE, MISSING_RISE, QualityReport
from solvent.monitoring.drift import MINIMUM_DECISIONS, Cause, DriftReport, FeatureDrift
from solvent.monitoring.input_watch import InputReport

SHOWN = 10
_CAUSES = {
    Cause.FEATURE_MOVED: "a feature moved far",
    Cause.IMPORTANT_FEATURE: "an important feature drifted",
    Cause.FEATURE_SHARE: "too many features drifted",
    Cause.WEIGHTED_SHARE: "too much of what the model rests on drifted",
    Cause.SCORE: "the score drifted",
}


def describe(found: InputReport, *, row: int, files: Path | None) -> list[str]:
    """Say everything in lines of a label and a text."""
    lines = [*_describe_drift(found.drift)]
    if found.quality is not None:
        lines += _describe_quality(found.quality)
    if files is not None:
        lines.append(f"report       {files}.html and .json (Evidently, its own bins, features that moved most)")
    return [*lines, f"kept         row {row} of drift_reports"]


def _describe_drift(drift: DriftReport) -> Iterator[str]:
    compared, window = drift.comparison, drift.comparison.window
    yield f"drift        {drift.verdict}{_why(drift)}"
    segment = f", {compared.segment}" if compared.segment else ""
    yield f"period       {window.start:%F %R} to {window.end:%F %R} UTC{segment}"
    yield f"decisions    {drift.decisions:,} of model {compared.model_version}"
    yield f"reference    {compared.reference}, {drift.reference_size:,} rows"
    if not drift.is_enough or drift.score is None:
        yield f"             a verdict needs {MINIMUM_DECISIONS} on both sides: give a longer period"
        return
    share = f"{drift.drifted_share:.1%}, {drift.weighted_share:.1%} by importance; limit {compared.threshold:.0%}"
    yield f"drifted      {len(drift.drifted)} of {len(drift.features)} features ({share})"
    yield f"score        PSI {drift.score.psi:.3f}"
    yield f"retraining   {'recommended' if drift.is_retraining_recommended else 'not recommended'}"
    for place, one in enumerate(drift.strongest[:SHOWN]):
        yield f"{'' if place else 'strongest':12} {_describe_feature(one)}"


def _why(drift: DriftReport) -> str:
    return f": {'; '.join(_CAUSES[cause] for cause in drift.causes)}" if drift.causes else ""


def _describe_feature(one: FeatureDrift) -> str:
    missing = (
        f", missing {one.reference_missing:.1%} to {one.missing:.1%}" if one.missing or one.reference_missing else ""
    )
    mark = "drifted" if one.has_drifted else "stayed"
    return f"{one.feature:44} {mark:8} PSI {one.psi:.3f}, q {one.q_value:.1e}, importance {one.importance:.1%}{missing}"


def _describe_quality(quality: QualityReport) -> Iterator[str]:
    if quality.score is not None:
        score = quality.score
        lost = f"lost: {score.missing:.3f} missing, {score.out_of_range:.3f} out of range, {score.unseen:.3f} unseen"
        yield f"quality      {score.mean:.3f} ({lost})"
    thin = f"{quality.thin_files:.1%} thin files (reference {quality.reference_thin_files:.1%})"
    yield f"histories    {thin}, {quality.without_history:.1%} sent none and had none stored, {quality.stale:.1%} stale"
    yield f"columns      missing at least {MISSING_RISE:.0%} more often: {_names(quality.missing_more)}"
    yield f"             out of range in at least {FAULTY_RATE:.0%}: {_names(quality.out_of_range)}"
    yield f"             unseen categories in at least {FAULTY_RATE:.0%}: {_names(quality.unseen)}"


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(columns) or "none"

"""The interactive report of Evidently for the features that moved most; nothing else in the house imports Evidently."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solvent.bundle.reference import SCORE, ScoredRows, to_texts
from solvent.errors import MonitoringError
from solvent.features.program import Program
from solvent.monitoring.drift import DRIFTED_PSI, DriftReport

FEATURES = 10
ROWS = 1_000
"""Features, and rows of each side, in the report: what it shows grows with both, and mails refuse more than 5 MB."""


@dataclass(frozen=True)
class SampledColumns:
    """A sample of rows by feature name: numbers as floats with NaN where missing, categories as text or None."""

    numbers: dict[str, Any]
    categories: dict[str, Any]


def sample_columns(rows: ScoredRows, program: Program) -> SampledColumns:
    """Take every feature, and the score, of the first `ROWS` rows."""
    numbers: dict[str, Any] = {SCORE: rows.scores[:ROWS]}
    categories: dict[str, Any] = {}
    for feature, column in zip(program.features, rows.values[:ROWS].T, strict=True):
        (categories if feature.categories else numbers)[feature.name] = to_texts(feature, column)
    return SampledColumns(numbers, categories)


def write_evidently(report: DriftReport, reference: SampledColumns, current: SampledColumns, out: Path) -> None:
    """Write `out` with the endings .html and .json; both files appear whole or not at all.

    The report shows samples, in bins that Evidently chooses itself: its figures differ a little from ours, and the
    verdict is ours. It draws the features that moved most; one without any value in one of the samples is left out. The
    HTML needs no other file and no network.

    Args:
        report: whose threshold is drawn in.
        reference: a sample of what is compared with.
        current: a sample of the decisions, with the same columns.
        out: path without an ending; its folder must exist.

    Raises:
        MonitoringError: Evidently is not installed.
    """
    snapshot = _compare(report, reference, current)
    for ending, save in ((".html", snapshot.save_html), (".json", snapshot.save_json)):
        partial = out.with_name(f".{out.name}{ending}")
        try:
            save(str(partial))
            partial.replace(out.with_name(out.name + ending))
        finally:
            partial.unlink(missing_ok=True)


def _compare(report: DriftReport, reference: SampledColumns, current: SampledColumns) -> Any:  # noqa: ANN401 - untyped
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Evidently uses what numpy and others have deprecated
        try:
            from evidently import DataDefinition, Dataset, Report  # noqa: PLC0415 - it takes 6 s to import
            from evidently.presets import DataDriftPreset  # noqa: PLC0415
        except ImportError as error:
            raise MonitoringError("Evidently is missing: pip install 'solvent-credit[drift]', or --no-html") from error
        import pandas  # noqa: PLC0415

        sides = [pandas.DataFrame({**side.numbers, **side.categories}) for side in (current, reference)]
        drawn = _choose(report, sides)
        definition = DataDefinition(
            numerical_columns=[name for name in reference.numbers if name in drawn],
            categorical_columns=[name for name in reference.categories if name in drawn],
        )
        frames = [Dataset.from_pandas(side[drawn], data_definition=definition) for side in sides]
        preset = DataDriftPreset(drift_share=report.comparison.threshold, method="psi", threshold=DRIFTED_PSI)
        return Report([preset]).run(*frames)


def _choose(report: DriftReport, sides: Sequence[Any]) -> list[str]:
    """The score, and the features that moved most of those with a value on both sides.

    Evidently refuses a column without any value, which is what a source that is away leaves behind.
    """
    known = [one.feature for one in report.strongest if all(side[one.feature].notna().any() for side in sides)]
    return [SCORE, *known[:FEATURES]]

"""Data quality: what is missing, implausible, never seen before or out of date in the inputs, column by column."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from solvent.bundle.profile import Profile
from solvent.domain.measurements import Measurement, Window
from solvent.domain.observations import QualityCounts
from solvent.features.program import APPLICATION, CLIENT_LEVEL, Program
from solvent.monitoring.binning import BinnedDecisions
from solvent.monitoring.distances import adjust_for_many, measure_chi_squared
from solvent.monitoring.drift import LEVEL, MINIMUM_DECISIONS

MISSING_RISE = 0.05
"""Rise of a column's missing share, in points, that is worth an alarm."""

FAULTY_RATE = 0.01
"""Rate of implausible values, or of unseen categories, in one column that is worth an alarm. Training tables hold none
of either: `solvent data check` names them, and the feature program counts them as missing."""

STALE_RATE = 0.05
STALE_AFTER = timedelta(days=31)
"""The histories of bureau, POS, card and instalments gain a row a month: an older one lacks what happened since."""

THIN_FILE_SHIFT = 0.1
"""Change of the share of clients without any history, in points, that is worth an alarm."""

_OUT_OF_RANGE = "out_of_range:"
_UNSEEN = "unknown_category:"


@dataclass(frozen=True, slots=True)
class ColumnQuality:
    """One column of the application in a window, as shares of the decisions.

    `missing` and `reference_missing` are None for a column that is no feature by itself; `missing` counts what the
    model could not use, whatever the reason. `is_missing_more`: it is missing so much more often that chance is a poor
    explanation.
    """

    column: str
    missing: float | None
    reference_missing: float | None
    out_of_range: float
    unseen: float
    is_missing_more: bool = False

    @property
    def missing_rise(self) -> float:
        """How much larger its missing share is than the reference's; 0 if that is not known."""
        if self.missing is None or self.reference_missing is None:
            return 0.0
        return self.missing - self.reference_missing


@dataclass(frozen=True, slots=True)
class QualityScore:
    """The mean `data_quality_score` and where the rest of 1 was lost.

    The score of a decision is the share of the application columns that the model reads and that held a usable value;
    so 1 = `mean` + `missing` + `out_of_range` + `unseen`.
    """

    mean: float
    missing: float
    out_of_range: float
    unseen: float


@dataclass(frozen=True, slots=True)
class QualityReport:
    """Data quality of a window; rates are shares of its decisions. `score` is None without decisions."""

    window: Window
    decisions: int
    columns: tuple[ColumnQuality, ...]
    score: QualityScore | None
    thin_files: float
    reference_thin_files: float
    without_history: float
    stale: float

    @property
    def is_enough(self) -> bool:
        """Whether there are enough decisions for a verdict."""
        return self.decisions >= MINIMUM_DECISIONS

    @property
    def missing_more(self) -> tuple[str, ...]:
        """Columns whose missing share rose."""
        return self._where(lambda one: one.is_missing_more and one.missing_rise >= MISSING_RISE)

    @property
    def out_of_range(self) -> tuple[str, ...]:
        """Columns with implausible values."""
        return self._where(lambda one: one.out_of_range >= FAULTY_RATE)

    @property
    def unseen(self) -> tuple[str, ...]:
        """Columns with categories that no table had before."""
        return self._where(lambda one: one.unseen >= FAULTY_RATE)

    @property
    def is_stale(self) -> bool:
        """Whether stored histories are out of date."""
        return self.is_enough and self.stale >= STALE_RATE

    @property
    def has_other_thin_files(self) -> bool:
        """Whether clients without history are more or fewer than they were."""
        return self.is_enough and abs(self.thin_files - self.reference_thin_files) >= THIN_FILE_SHIFT

    def to_measurements(self) -> tuple[Measurement, ...]:
        """Return every figure; without enough data they have no value."""
        return tuple(self._measure())

    def _where(self, is_chosen: Callable[[ColumnQuality], bool]) -> tuple[str, ...]:
        return tuple(one.column for one in self.columns if self.is_enough and is_chosen(one))

    def _measure(self) -> Iterator[Measurement]:
        def measured(metric: str, value: float | None, subject: str = "") -> Measurement:
            return Measurement(metric, self.window, self.decisions, value if self.is_enough else None, subject)

        yield measured("data_quality_score", None if self.score is None else self.score.mean)
        yield measured("thin_file_shift", self.thin_files - self.reference_thin_files)
        yield measured("without_history_rate", self.without_history)
        yield measured("stale_history_rate", self.stale)
        for one in self.columns:
            yield measured("missing_rise", one.missing_rise if one.is_missing_more else 0.0, one.column)
            yield measured("out_of_range_rate", one.out_of_range, one.column)
            yield measured("unseen_category_rate", one.unseen, one.column)


@dataclass(frozen=True, slots=True)
class _Missing:
    """Missing values of a column now and in the reference, and how likely chance makes the difference."""

    share: float
    reference_share: float
    q_value: float


def assess_quality(
    counts: QualityCounts, binned: BinnedDecisions, profile: Profile, program: Program, *, window: Window
) -> QualityReport:
    """Hold the inputs of a window against the reference.

    Args:
        counts: what the log sums up of the window.
        binned: the same decisions, as far as they are not erased, in the bins of the profile.
        profile: the reference.
        program: of the bundle that decided.
        window: of both.
    """
    missing = _find_missing(binned, profile, program)
    warned = {warning.partition(":")[2] for warning in counts.warnings if warning.startswith((_OUT_OF_RANGE, _UNSEEN))}
    return QualityReport(
        window=window,
        decisions=counts.decisions,
        columns=tuple(_judge_column(name, counts, missing.get(name)) for name in sorted({*missing, *warned})),
        score=_explain_score(counts, program),
        thin_files=binned.thin_files / max(1, binned.decisions),
        reference_thin_files=profile.thin_files,
        without_history=_rate(counts.history_sources.get("none", 0), counts),
        stale=_rate(counts.stale_histories, counts),
    )


def _find_missing(binned: BinnedDecisions, profile: Profile, program: Program) -> dict[str, _Missing]:
    """Count missing values of every column that is a feature by itself."""
    positions = {
        program.nodes[feature.node].name: position
        for position, feature in enumerate(program.features)
        if program.nodes[feature.node].op == "column" and program.nodes[feature.node].level == CLIENT_LEVEL
    }
    if not binned.decisions:
        return {}
    now = {name: int(binned.features[position][-1]) for name, position in positions.items()}
    before = {name: profile.features[program.names[position]].missing for name, position in positions.items()}
    p_values = [
        measure_chi_squared(
            np.array([profile.rows - round(before[name] * profile.rows), round(before[name] * profile.rows)]),
            np.array([binned.decisions - now[name], now[name]]),
        ).p_value
        for name in positions
    ]
    q_values = adjust_for_many(np.array(p_values)).tolist()
    return {
        name: _Missing(now[name] / binned.decisions, before[name], q_value)
        for name, q_value in zip(positions, q_values, strict=True)
    }


def _judge_column(name: str, counts: QualityCounts, missing: _Missing | None) -> ColumnQuality:
    return ColumnQuality(
        column=name,
        missing=None if missing is None else missing.share,
        reference_missing=None if missing is None else missing.reference_share,
        out_of_range=_rate(counts.warnings.get(_OUT_OF_RANGE + name, 0), counts),
        unseen=_rate(counts.warnings.get(_UNSEEN + name, 0), counts),
        is_missing_more=missing is not None and missing.q_value <= LEVEL and missing.share > missing.reference_share,
    )


def _explain_score(counts: QualityCounts, program: Program) -> QualityScore | None:
    if counts.mean_quality_score is None:
        return None
    prefix = f"{APPLICATION}."
    read = {
        source.removeprefix(prefix)
        for feature in program.features
        for source in feature.sources
        if source.startswith(prefix)
    }

    def lost(kind: str) -> float:
        return sum(_rate(counts.warnings.get(kind + name, 0), counts) for name in read) / max(1, len(read))

    out_of_range, unseen = lost(_OUT_OF_RANGE), lost(_UNSEEN)
    missing = max(0.0, 1.0 - counts.mean_quality_score - out_of_range - unseen)
    return QualityScore(counts.mean_quality_score, missing, out_of_range, unseen)


def _rate(number: int, counts: QualityCounts) -> float:
    return number / max(1, counts.decisions)

"""Drift: does the lender still see the applications that the model knows? One verdict from many features."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from solvent.bundle.profile import Bins, Integers, Profile
from solvent.domain.measurements import Measurement, Window
from solvent.monitoring.binning import BinnedDecisions
from solvent.monitoring.distances import (
    adjust_for_many,
    measure_chi_squared,
    measure_kolmogorov_smirnov,
    measure_psi,
)

MINIMUM_DECISIONS = 500
"""Fewer get no verdict: from here on a shift of PSI 0.1 in one feature of 250 is significant at the level below."""

DRIFTED_PSI = 0.1
MOVED_PSI = 0.25
"""From the first on a feature has drifted, from the second on it has moved far: the usual reading of the index
(Siddiqi, Credit Risk Scorecards, 2006: below 0.1 no change worth a look, above 0.25 a change to act on)."""

LEVEL = 0.01
"""Share of false ones among the features that are called significant."""

DRIFTED_SHARE = 0.3
"""Share of drifted features from which on retraining is recommended (PRODUCT.md, section 3)."""

STRONGEST = 20


class Cause(StrEnum):
    """Why drift is reported."""

    FEATURE_MOVED = "feature_moved"
    IMPORTANT_FEATURE = "important_feature"
    FEATURE_SHARE = "feature_share"
    WEIGHTED_SHARE = "weighted_share"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """How far one feature, or the score, lies from the reference.

    `psi` without what chance makes; `statistic` and `p_value` of the test (Kolmogorov-Smirnov, or chi-squared for a
    category), `q_value` after Benjamini and Hochberg. `importance`: share of the model's gain. `missing` and
    `reference_missing`: shares of missing values.
    """

    feature: str
    psi: float
    statistic: float
    p_value: float
    q_value: float
    importance: float
    missing: float
    reference_missing: float

    @property
    def is_significant(self) -> bool:
        """Whether chance is a poor explanation."""
        return self.q_value <= LEVEL

    @property
    def has_drifted(self) -> bool:
        """Whether it lies far enough away to matter, and not by chance."""
        return self.psi >= DRIFTED_PSI and self.is_significant

    @property
    def has_moved_far(self) -> bool:
        """The same, far enough to act on."""
        return self.psi >= MOVED_PSI and self.is_significant


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared with what.

    `reference` names it for people. `threshold`: share of drifted features, plain or weighted by importance, from which
    on retraining is recommended. `important`: the features that the model rests on most. `segment` is empty for all
    decisions.
    """

    window: Window
    model_version: str
    reference: str = "bundle"
    threshold: float = DRIFTED_SHARE
    important: frozenset[str] = frozenset()
    segment: str = ""


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Decisions of a window against a reference, feature by feature.

    `features` in the order of the program, empty if there is not enough data; then `score` and `probability` are None.
    """

    comparison: Comparison
    reference_size: int
    decisions: int
    features: tuple[FeatureDrift, ...] = ()
    score: FeatureDrift | None = None
    probability: FeatureDrift | None = None

    @property
    def is_enough(self) -> bool:
        """Whether there are enough decisions, and enough rows to compare with, for a verdict."""
        return min(self.decisions, self.reference_size) >= MINIMUM_DECISIONS

    @property
    def strongest(self) -> tuple[FeatureDrift, ...]:
        """All features, the one with the largest index first."""
        return tuple(sorted(self.features, key=lambda one: -one.psi))

    @property
    def drifted(self) -> tuple[FeatureDrift, ...]:
        """The features that drifted, the farthest first."""
        return tuple(one for one in self.strongest if one.has_drifted)

    @property
    def moved(self) -> tuple[FeatureDrift, ...]:
        """The features that moved far, the farthest first."""
        return tuple(one for one in self.drifted if one.has_moved_far)

    @property
    def important_drifted(self) -> tuple[FeatureDrift, ...]:
        """The important features that drifted, the farthest first."""
        return tuple(one for one in self.drifted if one.feature in self.comparison.important)

    @property
    def drifted_share(self) -> float:
        """Share of the features that drifted."""
        return len(self.drifted) / max(1, len(self.features))

    @property
    def weighted_share(self) -> float:
        """The same with each feature counted by its share of the model's gain."""
        return float(sum(one.importance for one in self.drifted))

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Why there is drift; none if there is not."""
        return tuple(self._find_causes()) if self.is_enough else ()

    @property
    def is_detected(self) -> bool:
        """Whether anything drifted that somebody should look at."""
        return bool(self.causes)

    @property
    def has_input_drift(self) -> bool:
        """Whether the applications changed, whatever the score did."""
        return any(cause is not Cause.SCORE for cause in self.causes)

    @property
    def has_score_drift(self) -> bool:
        """Whether the score changed."""
        return Cause.SCORE in self.causes

    @property
    def is_retraining_recommended(self) -> bool:
        """Whether so much drifted that the model should be fitted again."""
        return Cause.FEATURE_SHARE in self.causes or Cause.WEIGHTED_SHARE in self.causes

    @property
    def verdict(self) -> str:
        """One of "drift", "no drift" and "not enough data"."""
        if not self.is_enough:
            return "not enough data"
        return "drift" if self.is_detected else "no drift"

    def to_measurements(self) -> tuple[Measurement, ...]:
        """Return every figure; without enough data they have no value."""
        return tuple(self._measure())

    def to_metadata(self) -> dict[str, Any]:
        """Return what the columns of `drift_reports` do not hold, as JSON values."""
        return {
            "verdict": self.verdict,
            "causes": [cause.value for cause in self.causes],
            "retraining_recommended": self.is_retraining_recommended,
            "model_version": self.comparison.model_version,
            "segment": self.comparison.segment,
            "threshold": self.comparison.threshold,
            "weighted_share": self.weighted_share if self.is_enough else None,
            "score_psi": None if self.score is None else self.score.psi,
            "n_features": len(self.features),
            "strongest": [
                {"feature": one.feature, "psi": one.psi, "q_value": one.q_value, "importance": one.importance}
                for one in self.strongest[:STRONGEST]
            ],
            "limits": {"drifted_psi": DRIFTED_PSI, "moved_psi": MOVED_PSI, "level": LEVEL},
        }

    def _find_causes(self) -> Iterator[Cause]:
        if self.moved:
            yield Cause.FEATURE_MOVED
        if self.important_drifted:
            yield Cause.IMPORTANT_FEATURE
        if self.drifted_share >= self.comparison.threshold:
            yield Cause.FEATURE_SHARE
        if self.weighted_share >= self.comparison.threshold:
            yield Cause.WEIGHTED_SHARE
        if self.score is not None and self.score.has_drifted:
            yield Cause.SCORE

    def _measure(self) -> Iterator[Measurement]:
        def measured(
            metric: str, value: float | None, subject: str = "", counted: Iterable[FeatureDrift] = ()
        ) -> Measurement:
            known = value if self.is_enough else None
            names = tuple(one.feature for one in counted)
            return Measurement(metric, self.comparison.window, self.decisions, known, subject, counted=names)

        yield measured("drifted_share", self.drifted_share, counted=self.drifted)
        yield measured("weighted_drifted_share", self.weighted_share, counted=self.drifted)
        yield measured("features_moved", len(self.moved), counted=self.moved)
        yield measured("important_features_drifted", len(self.important_drifted), counted=self.important_drifted)
        yield measured("score_psi", None if self.score is None else _beyond_chance(self.score))
        for one in self.features:
            yield measured("feature_psi", _beyond_chance(one), one.feature)


def detect_drift(
    reference: BinnedDecisions, current: BinnedDecisions, profile: Profile, comparison: Comparison
) -> DriftReport:
    """Compare decisions with a reference, both counted in the bins of the profile.

    A feature has drifted if its PSI beyond chance reaches `DRIFTED_PSI` and its test is significant among all tests:
    the first makes the verdict independent of the number of decisions, the second keeps chance out of small windows.
    """
    report = DriftReport(comparison, reference.decisions, current.decisions)
    if not report.is_enough:
        return report
    compared = [
        _compare(name, bins, before, now, importance=float(importance))
        for (name, bins), importance, before, now in zip(
            profile.features.items(), profile.importances, reference.features, current.features, strict=True
        )
    ]
    q_values = adjust_for_many(np.array([one.p_value for one in compared])).tolist()
    return replace(
        report,
        features=tuple(replace(one, q_value=q_value) for one, q_value in zip(compared, q_values, strict=True)),
        score=_compare("score", profile.score, reference.score, current.score),
        probability=_compare("probability_default", profile.probability, reference.probability, current.probability),
    )


def _compare(name: str, bins: Bins, before: Integers, now: Integers, *, importance: float = 0.0) -> FeatureDrift:
    distance = (measure_chi_squared if bins.categories else measure_kolmogorov_smirnov)(before, now)
    return FeatureDrift(
        feature=name,
        psi=measure_psi(before, now),
        statistic=distance.statistic,
        p_value=distance.p_value,
        q_value=distance.p_value,
        importance=importance,
        missing=float(now[-1] / now.sum()),
        reference_missing=float(before[-1] / before.sum()),
    )


def _beyond_chance(one: FeatureDrift) -> float:
    return one.psi if one.is_significant else 0.0

"""One recorded decision, taken apart: what was read, what it weighed, and how that became the decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvent.domain.reasons import REASON_CODES
from solvent.domain.records import RecordedDecision
from solvent.features.program import APPLICATION, Feature
from solvent.scoring.model import Model
from solvent.scoring.reasons import read_values
from solvent.scoring.replay import find_differences, recompute, split_application


@dataclass(frozen=True, slots=True)
class WeighedFeature:
    """One feature: its value and weight in log-odds, and the raw values that it was computed from.

    `sources`: value by column of the application; for a column of a history table, how many rows were given.
    """

    feature: str
    meaning: str
    unit: str
    value: float | str | None
    contribution: float
    sources: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WeighedReason:
    """Features that speak of one thing; `contribution` is their sum, positive if it raised the probability."""

    code: str
    english: str
    french: str
    contribution: float
    is_given: bool
    features: tuple[WeighedFeature, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and all that led to it; `reasons` are ordered by weight, those for refusal first.

    `base` is the log-odds before anything is known of the client: base and contributions add up to `score`.
    `differences` names what does not come out as it was recorded: none, or the explanation is not to be trusted.
    An erased decision has no reasons and no base, only what was decided.
    """

    decision: Mapping[str, Any]
    base: float | None
    reasons: tuple[WeighedReason, ...]
    differences: tuple[str, ...]
    is_erased: bool


def explain(recorded: RecordedDecision, model: Model) -> Explanation:
    """Explain a decision with the model that made it.

    Raises:
        FeatureError: the recorded history is damaged.
    """
    if recorded.is_erased:
        return Explanation(_describe(recorded), None, (), (), is_erased=True)
    features = recompute(recorded, model).features
    contributions = model.contributions(features.astype(np.float64))
    values = read_values(model.bundle.program.features, features)
    columns, history = split_application(recorded.application or {})
    weighed = [
        (feature.reason_code, _weigh(feature, value, float(weight), columns, history))
        for feature, value, weight in zip(model.bundle.program.features, values, contributions, strict=True)
        if weight
    ]
    reasons = _group(weighed, given=recorded.reasons)
    base = recorded.score - float(contributions.sum())
    return Explanation(_describe(recorded), base, reasons, find_differences(recorded, model), is_erased=False)


def _weigh(
    feature: Feature,
    value: float | str | None,
    weight: float,
    columns: Mapping[str, Any],
    history: Mapping[str, Any],
) -> WeighedFeature:
    sources: dict[str, Any] = {}
    for source in feature.sources:
        table, _, column = source.partition(".")
        sources[source] = columns.get(column) if table == APPLICATION else f"{len(history.get(table, ()))} rows"
    return WeighedFeature(feature.name, feature.meaning, feature.unit, value, weight, sources)


def _group(weighed: Sequence[tuple[str, WeighedFeature]], *, given: Sequence[str]) -> tuple[WeighedReason, ...]:
    reasons = []
    for known in REASON_CODES:
        members = [one for code, one in weighed if code == known.code]
        if members:
            members.sort(key=lambda one: -abs(one.contribution))
            total = sum(one.contribution for one in members)
            is_given = known.code in given
            english, french = known.sentences(max(members, key=lambda one: one.contribution).value)
            reasons.append(WeighedReason(known.code, english, french, total, is_given, tuple(members)))
    return tuple(sorted(reasons, key=lambda reason: -reason.contribution))


def _describe(recorded: RecordedDecision) -> dict[str, Any]:
    names = (
        "request_id", "timestamp", "client_id", "loan_amount", "decision", "prediction_proba", "decision_threshold",
        "score", "confidence_level", "model_version", "history_source", "data_quality_score", "warning_flags",
    )  # fmt: skip
    return {name: getattr(recorded, name) for name in names}

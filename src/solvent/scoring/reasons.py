"""Reasons of a refusal: TreeSHAP contributions grouped by what they speak of."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from solvent.domain.reasons import REASON_CODES, Reason
from solvent.features.program import Feature


def find_reasons(
    features: Sequence[Feature],
    values: npt.NDArray[np.float64],
    contributions: npt.NDArray[np.float64],
    *,
    limit: int,
) -> tuple[Reason, ...]:
    """Name what raised the probability of default most, the heaviest first.

    The contributions of the features of one reason code are added up; a code that lowers the probability in sum is no
    reason. Each reason shows the feature that weighs most within its code.

    Args:
        features: of the model's program.
        values: float64 of shape (features,).
        contributions: in log-odds, float64 of shape (features,); Lundberg et al. 2020, computed by LightGBM.
        limit: most reasons to name.
    """
    by_code: dict[str, list[int]] = {}
    for position, feature in enumerate(features):
        by_code.setdefault(feature.reason_code, []).append(position)
    weights = {code: float(contributions[positions].sum()) for code, positions in by_code.items()}
    raising = [known for known in REASON_CODES if weights.get(known.code, 0.0) > 0.0]
    raising.sort(key=lambda known: -weights[known.code])
    reasons = []
    for known in raising[:limit]:
        heaviest = max(by_code[known.code], key=lambda position: contributions[position])
        value = read_value(features[heaviest], float(values[heaviest]))
        weight = weights[known.code]
        reasons.append(Reason(known.code, features[heaviest].name, value, weight, known.english, known.french))
    return tuple(reasons)


def read_value(feature: Feature, value: float) -> float | str | None:
    """A feature's value as people read it: the category behind a code, None if missing.

    A number is the shortest one that rounds to the float32 that the model saw: 0.05, not 0.05000000074505806.
    """
    if math.isnan(value):
        return None
    return feature.categories[int(value)] if feature.categories else float(str(np.float32(value)))

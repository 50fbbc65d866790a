"""Which features the model rests on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TOP_FEATURES = 20
"""The features whose values are kept beside each decision (PRODUCT.md section 2, `feature_values`)."""


@dataclass(frozen=True, slots=True)
class Importance:
    """A feature and its share of the gain of all splits."""

    feature: str
    share: float


def rank_features(names: tuple[str, ...], gains: npt.NDArray[np.float64]) -> tuple[Importance, ...]:
    """Return every feature, the most important first; equal ones in the order of the program."""
    shares = gains / gains.sum() if gains.sum() > 0 else gains
    order = np.argsort(-shares, kind="stable")
    return tuple(Importance(names[position], float(shares[position])) for position in order)

"""Reasons of a refusal: TreeSHAP contributions grouped by what they speak of."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import orjson

from solvent.domain.reasons import REASON_CODES, Reason, ReasonCode
from solvent.features.program import Feature


class ReasonFinder:
    """Names what raised the probability of default, for the features of one model."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self._features = features
        codes = [known.code for known in REASON_CODES]
        known = [codes.index(one.reason_code) if one.reason_code in codes else len(codes) for one in features]
        self._code_of_feature = np.array(known, dtype=np.intp)
        self._features_of_code = [np.flatnonzero(self._code_of_feature == number) for number in range(len(codes))]

    def find(
        self, values: npt.NDArray[np.float32], contributions: npt.NDArray[np.float64], *, limit: int
    ) -> tuple[Reason, ...]:
        """Name the heaviest reasons, the heaviest first.

        The contributions of the features of one reason code are added up; a code that lowers the probability in sum
        is no reason. Each reason shows the feature that weighs most within its code.

        Args:
            values: what the model saw, of shape (features,).
            contributions: in log-odds, float64 of shape (features,); Lundberg et al. 2020.
            limit: most reasons to name.
        """
        weights = np.bincount(self._code_of_feature, contributions, minlength=len(REASON_CODES)).tolist()
        raising = [number for number in range(len(REASON_CODES)) if weights[number] > 0.0]
        raising.sort(key=lambda number: -weights[number])
        return tuple(
            self._name(REASON_CODES[number], weights[number], self._heaviest(number, contributions), values)
            for number in raising[:limit]
        )

    def _heaviest(self, number: int, contributions: npt.NDArray[np.float64]) -> int:
        positions = self._features_of_code[number]
        return int(positions[contributions[positions].argmax()])

    def _name(self, known: ReasonCode, weight: float, position: int, values: npt.NDArray[np.float32]) -> Reason:
        feature = self._features[position]
        (value,) = read_values([feature], values[position : position + 1])
        return Reason(known.code, feature.name, value, weight, *known.sentences(value))


def read_values(features: Sequence[Feature], values: npt.NDArray[np.float32]) -> tuple[float | str | None, ...]:
    """Values of features as people read them: the category behind a code, None if missing.

    A number is the shortest one that rounds to the float32 that the model saw: 0.05, not 0.05000000074505806.
    """
    return read_rows(features, values[None])[0]


def read_rows(features: Sequence[Feature], values: npt.NDArray[np.float32]) -> list[tuple[float | str | None, ...]]:
    """Do as `read_values` for each row of values of shape (rows, features)."""
    # orjson writes the shortest form of a float32, in a twentieth of the time of float(str(value)).
    rows = orjson.loads(orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY))
    named = [(place, one.categories) for place, one in enumerate(features) if one.categories]
    for row in rows:
        for place, categories in named:
            if row[place] is not None:
                row[place] = categories[int(row[place])]
    return list(map(tuple, rows))

"""A bundle made ready to decide: program, booster, calibration and policy of one version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

from solvent.bundle.files import Bundle
from solvent.domain.policy import Decision, RiskLevel
from solvent.domain.reasons import Reason
from solvent.domain.records import ServedModel
from solvent.errors import BundleError
from solvent.features.request_engine import ReducedHistory, RequestEngine
from solvent.scoring.reasons import find_reasons, read_value

Features = npt.NDArray[np.float32]
"""What the booster sees: shape (features,), in the order of the program."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What one model version says of one application.

    `score`: the booster's raw output in log-odds.
    `top_values`: the values of the bundle's most important features.
    """

    features: Features
    score: float
    probability_default: float
    decision: Decision
    risk_level: RiskLevel
    reasons: tuple[Reason, ...]
    top_values: tuple[float | str | None, ...]


class Model:
    """One version of the model; it holds no state between calls.

    Raises:
        BundleError: LightGBM refuses the model text, or it has another number of features than the program.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.engine = RequestEngine(bundle.program)
        self._features = bundle.program.features
        try:
            self._booster = lightgbm.Booster(model_str=bundle.model_text)
        except lightgbm.basic.LightGBMError as error:
            raise BundleError("model.txt: LightGBM cannot read it; train again, or restore the bundle") from error
        if self._booster.num_feature() != len(self._features):
            raise BundleError("model.txt and features.json disagree on the number of features; restore the bundle")
        positions = {name: position for position, name in enumerate(bundle.program.names)}
        self._top = tuple(positions[name] for name in bundle.manifest.top_features)

    @property
    def version(self) -> str:
        """The bundle's version."""
        return self.bundle.manifest.version

    def describe(self) -> ServedModel:
        """What the decision log keeps of a model that decides."""
        return ServedModel(
            model_version=self.version,
            bundle_digest=self.bundle.digest,
            program_digest=self.bundle.program.digest,
            threshold=self.bundle.policy.threshold,
            top_features=self.bundle.manifest.top_features,
            manifest=self.bundle.manifest.to_json(),
        )

    def compute_features(self, columns: Mapping[str, Any], history: ReducedHistory | None) -> Features:
        """Run the bundle's feature program; see `RequestEngine.evaluate`."""
        return self.engine.evaluate(columns, history).astype(np.float32)

    def assess(self, features: Features) -> Assessment:
        """Score one application, decide, and give the reasons of a refusal."""
        row = features.astype(np.float64).reshape(1, -1)
        score = float(self._booster.predict(row, raw_score=True, num_threads=1)[0])
        probability = self.bundle.calibration.apply(score)
        policy = self.bundle.policy
        decision = policy.decide(probability)
        return Assessment(
            features=features,
            score=score,
            probability_default=probability,
            decision=decision,
            risk_level=policy.risk_level(probability),
            reasons=self._reasons(row) if decision is Decision.REFUSE else (),
            top_values=tuple(read_value(self._features[i], float(features[i])) for i in self._top),
        )

    def usable_share(self, columns: Mapping[str, Any]) -> float:
        """Share of the application columns that the model reads and that hold a usable value, between 0 and 1."""
        return self.engine.count_usable(columns) / max(1, self.engine.client_column_count)

    def score_many(self, values: npt.NDArray[np.float32], *, threads: int = 0) -> npt.NDArray[np.float64]:
        """Raw scores of many applications: float32 features of shape (clients, features) to (clients,).

        Args:
            values: as `FeatureMatrix.values`.
            threads: 0 lets LightGBM use every core.
        """
        scores = self._booster.predict(values.astype(np.float64), raw_score=True, num_threads=threads)
        return np.asarray(scores, dtype=np.float64)

    def contributions(self, row: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """TreeSHAP in log-odds: one row of shape (1, features) to shape (features,), without the expected value."""
        return np.asarray(self._booster.predict(row, pred_contrib=True, num_threads=1))[0, :-1]

    def _reasons(self, row: npt.NDArray[np.float64]) -> tuple[Reason, ...]:
        limit = self.bundle.policy.max_reasons
        return find_reasons(self._features, row[0], self.contributions(row), limit=limit)

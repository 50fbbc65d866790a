"""A bundle made ready to decide: program, booster, calibration and policy of one version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

from solvent.bundle.files import Bundle
from solvent.bundle.policy import POLICY_FILE
from solvent.bundle.recorded import render_recorded_files
from solvent.domain.policy import Decision, RiskLevel
from solvent.domain.reasons import Reason
from solvent.domain.records import ServedModel
from solvent.errors import BundleError, FeatureError
from solvent.features.program import Program
from solvent.features.request_engine import ReducedHistory, RequestEngine
from solvent.features.trial import try_out
from solvent.scoring.contributions import TreeContributions
from solvent.scoring.reasons import ReasonFinder, read_rows, read_values
from solvent.scoring.single_row import SingleRowBooster

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
        BundleError: the program cannot be compiled, LightGBM refuses the model text, or it has another number of
            features than the program.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.engine = _compile(bundle.program)
        self._features = bundle.program.features
        try:
            self._booster = lightgbm.Booster(model_str=bundle.model_text)
        except lightgbm.basic.LightGBMError as error:
            raise BundleError("model.txt: LightGBM cannot read it; train again, or restore the bundle") from error
        if self._booster.num_feature() != len(self._features):
            raise BundleError("model.txt and features.json disagree on the number of features; restore the bundle")
        positions = {name: position for position, name in enumerate(bundle.program.names)}
        self.digest = self.describe().digest
        self._top = [positions[name] for name in bundle.manifest.top_features]
        self._top_features = [self._features[position] for position in self._top]
        self._single_row = SingleRowBooster(self._booster)
        self._reasons = ReasonFinder(self._features)
        try:
            self._contributions: TreeContributions | None = TreeContributions(
                bundle.model_text, features=len(self._features)
            )
        except (KeyError, ValueError):
            self._contributions = None

    @property
    def version(self) -> str:
        """The bundle's version."""
        return self.bundle.manifest.version

    def describe(self) -> ServedModel:
        """What the decision log keeps of a model that decides."""
        manifest = self.bundle.manifest
        return ServedModel(
            model_version=self.version,
            bundle_digest=self.bundle.digest,
            program_digest=self.bundle.program.digest,
            policy_digest=manifest.files[POLICY_FILE],
            threshold=self.bundle.policy.threshold,
            top_features=manifest.top_features,
            manifest=manifest.to_json(),
            files=render_recorded_files(self.bundle),
        )

    def compute_features(self, columns: Mapping[str, Any], history: ReducedHistory | None) -> Features:
        """Run the bundle's feature program; see `RequestEngine.evaluate`."""
        return self.compute_features_and_share(columns, history)[0]

    def compute_features_and_share(
        self, columns: Mapping[str, Any], history: ReducedHistory | None
    ) -> tuple[Features, float]:
        """The same, with the share of the application columns that the model reads and that hold a usable value."""
        values, usable = self.engine.evaluate_and_count(columns, history)
        return values.astype(np.float32), usable / max(1, self.engine.client_column_count)

    def assess(self, features: Features) -> Assessment:
        """Score one application, decide, and give the reasons of a refusal."""
        score = self._single_row.score(features.astype(np.float64))
        return self._conclude(features, score, read_values(self._top_features, features[self._top]))

    def assess_many(self, features: npt.NDArray[np.float32]) -> list[Assessment]:
        """Do as `assess`, bit by bit, for rows of shape (applications, features): the booster is called once."""
        if not len(features):
            return []
        scores = self.score_many(features, threads=1).tolist()
        tops = read_rows(self._top_features, features[:, self._top])
        return [self._conclude(*one) for one in zip(features, scores, tops, strict=True)]

    def _conclude(self, features: Features, score: float, top_values: tuple[float | str | None, ...]) -> Assessment:
        probability = self.bundle.calibration.apply(score)
        policy = self.bundle.policy
        decision = policy.decide(probability)
        return Assessment(
            features=features,
            score=score,
            probability_default=probability,
            decision=decision,
            risk_level=policy.risk_level(probability),
            reasons=self._find_reasons(features) if decision is Decision.REFUSE else (),
            top_values=top_values,
        )

    def score_many(self, values: npt.NDArray[np.float32], *, threads: int = 0) -> npt.NDArray[np.float64]:
        """Raw scores of many applications: float32 features of shape (clients, features) to (clients,).

        Args:
            values: as `FeatureMatrix.values`.
            threads: 0 lets LightGBM use every core.
        """
        scores = self._booster.predict(values.astype(np.float64), raw_score=True, num_threads=threads)
        return np.asarray(scores, dtype=np.float64)

    def contributions(self, row: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """TreeSHAP in log-odds of one row: shape (features,) to shape (features,), without the expected value."""
        if self._contributions is not None:
            return self._contributions.explain(row)
        # A model too large for tables.
        return np.asarray(self._booster.predict(row.reshape(1, -1), pred_contrib=True, num_threads=1))[0, :-1]

    def _find_reasons(self, features: Features) -> tuple[Reason, ...]:
        contributions = self.contributions(features.astype(np.float64))
        return self._reasons.find(features, contributions, limit=self.bundle.policy.max_reasons)


def _compile(program: Program) -> RequestEngine:
    try:
        engine = RequestEngine(program)
        try_out(engine)
    except (ArithmeticError, FeatureError, LookupError, TypeError, ValueError) as error:
        reason = f" ({error})" if isinstance(error, FeatureError) else ""
        raise BundleError(
            f"features.json holds a step that this version cannot run{reason}: train the bundle again"
        ) from error
    return engine

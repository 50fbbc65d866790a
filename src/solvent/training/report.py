"""Everything that a training can say of itself, as one record."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from solvent.bundle.manifest import Manifest
from solvent.training.calibration import CalibrationChoice
from solvent.training.comparison import Comparisons, SearchReport, SelectionReport
from solvent.training.contributions import ExplainedRows
from solvent.training.evaluation import Evaluation
from solvent.training.fairness import FairnessReport
from solvent.training.fitting import LearnerSettings
from solvent.training.groups import Group
from solvent.training.held_out import HeldOut
from solvent.training.importance import TOP_FEATURES, Importance
from solvent.training.measures import ScoredOutcomes
from solvent.training.population import ChampionComparison, Population
from solvent.training.risk_bands import RiskBands
from solvent.training.threshold import PolicyChoice


@dataclass(frozen=True)
class TrainingReport:
    """How a model came about, and what it is worth on the test split.

    `splits`: rows and defaults of each part. `rounds`: trees in the model. `importance`: every feature, ranked.
    `selection` and `search` are None where none took place; `segments` and `fairness` are empty where nothing but
    features is known of the test clients; `population` and `challenge` tell of a retraining.
    """

    seed: int
    settings: LearnerSettings
    rounds: int
    splits: Mapping[str, Mapping[str, int]]
    calibration: CalibrationChoice
    chosen: PolicyChoice
    test: Evaluation
    importance: tuple[Importance, ...]
    bands: RiskBands
    selection: SelectionReport | None = None
    search: SearchReport | None = None
    comparisons: Comparisons = field(default_factory=Comparisons)
    segments: tuple[Group, ...] = ()
    fairness: FairnessReport | None = None
    population: Population | None = None
    challenge: ChampionComparison | None = None

    @property
    def top_features(self) -> tuple[str, ...]:
        """Names of the most important features."""
        return self.ranked_features[:TOP_FEATURES]

    @property
    def ranked_features(self) -> tuple[str, ...]:
        """Names of all features, the most important first."""
        return tuple(entry.feature for entry in self.importance)

    def to_document(self) -> dict[str, Any]:
        """The content of `evaluation.json`; an undefined figure is null."""
        policy = self.chosen.policy
        return {
            "seed": self.seed,
            "learner": {one.name: getattr(self.settings, one.name) for one in fields(self.settings)},
            "rounds": self.rounds,
            "splits": self.splits,
            "calibration": {
                "method": self.calibration.calibration.method,
                "cross_validated_log_loss": {
                    method.value: loss for method, loss in self.calibration.log_losses.items()
                },
            },
            "threshold": {
                "value": policy.threshold,
                "low": self.chosen.low,
                "high": self.chosen.high,
                "break_even_probability": policy.costs.break_even_probability,
                "cost_on_threshold_split": self.chosen.chosen_on_cost,
                "cost_curve": self.chosen.curve,
            },
            "risk_bands": self.bands,
            "test": self.test,
            "segments": self.segments,
            "fairness": self.fairness,
            "population": self.population,
            "challenge": self.challenge,
            "importance": self.importance[:TOP_FEATURES],
            "selection": self.selection,
            "search": self.search,
            "rivals": self.comparisons.rivals,
            "ladder": self.comparisons.ladder,
            "ablation": self.comparisons.ablation,
        }


@dataclass(frozen=True)
class TrainingResult:
    """A bundle on disk and what is known of it; `outcomes`, `held_out` and `explained` are those of the test split.

    `registered_version` is its number in the registry, None where no store was named. `rival` is the champion on the
    same held-out rows, with its bundle version, where it was asked for.
    """

    directory: Path
    manifest: Manifest
    report: TrainingReport
    outcomes: ScoredOutcomes
    held_out: HeldOut
    explained: ExplainedRows
    rival: tuple[str, HeldOut] | None = None
    registered_version: int | None = None

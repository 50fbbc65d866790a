"""What a training knows of its rows beside their features: who they are, where they come from, whom to compare with."""

from dataclasses import dataclass, replace

import lightgbm
import numpy as np

from solvent.bundle.files import Bundle
from solvent.features.matrix import FeatureMatrix
from solvent.training.applicants import Applicants
from solvent.training.challenge import compare_models
from solvent.training.fairness import measure_fairness
from solvent.training.groups import measure_segments
from solvent.training.held_out import HeldOut, hold_out
from solvent.training.measures import ScoredOutcomes
from solvent.training.population import ChampionComparison, Population
from solvent.training.report import TrainingReport


@dataclass(frozen=True)
class Background:
    """Any part may be unknown: without applicants there are no figures by group, without a champion no comparison.

    `unlabelled`: applicants of the same days whose outcome is not known; what is normal is told from them too.
    """

    applicants: Applicants | None = None
    population: Population | None = None
    champion: Bundle | None = None
    unlabelled: FeatureMatrix | None = None


NOTHING_KNOWN = Background()


@dataclass(frozen=True)
class Tested:
    """A report with what the background adds, the held-out rows, and the champion on them with its bundle version."""

    report: TrainingReport
    held_out: HeldOut
    rival: tuple[str, HeldOut] | None


def measure_with(
    background: Background,
    report: TrainingReport,
    matrix: FeatureMatrix,
    outcomes: ScoredOutcomes,
    *,
    unselected: FeatureMatrix,
) -> Tested:
    """Add figures by segment, of fairness and beside the champion.

    Args:
        background: without applicants or champion, their figures are left out.
        report: of the new model.
        matrix: the test rows with the features of the new model.
        outcomes: what it says of them.
        unselected: the same rows with the features of the champion.
    """
    policy, seed, applicants = report.chosen.policy, report.seed, background.applicants
    report = replace(report, population=background.population)
    if applicants is not None:
        applicants = applicants.rows(matrix.client_ids)
        report = replace(
            report,
            segments=measure_segments(outcomes, applicants, policy, seed=seed),
            fairness=measure_fairness(matrix, outcomes, applicants, policy, seed=seed),
        )
    held_out = hold_out(matrix.client_ids, outcomes, threshold=policy.threshold, applicants=applicants)
    if background.champion is None:
        return Tested(report, held_out, None)
    champion = score_with(background.champion, unselected, applicants)
    challenge = compare_models(champion, held_out, policy.costs, seed=seed)
    version = background.champion.version
    return Tested(replace(report, challenge=ChampionComparison(version, challenge)), held_out, (version, champion))


def score_with(bundle: Bundle, matrix: FeatureMatrix, applicants: Applicants | None) -> HeldOut:
    """Score rows with another model of the same program, as serving would."""
    scores = np.asarray(lightgbm.Booster(model_str=bundle.model_text).predict(matrix.values, raw_score=True))
    outcomes = ScoredOutcomes(scores, bundle.calibration.apply_many(scores), matrix.target.astype(np.float64))
    return hold_out(matrix.client_ids, outcomes, threshold=bundle.policy.threshold, applicants=applicants)

"""Puts together what training made: model and report to the contents of a bundle."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from solvent import __version__
from solvent.bundle.files import BundleContents
from solvent.bundle.reference import ScoredRows, build_profile, render_reference
from solvent.features.matrix import FeatureMatrix
from solvent.training.development import DevelopedModel
from solvent.training.fitting import LIGHTGBM_VERSION, FittedModel
from solvent.training.measures import ScoredOutcomes
from solvent.training.model_card import render_model_card
from solvent.training.report import TrainingReport
from solvent.training.splits import SHARES, Splits, draw_share


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where and when a model comes from; `created_at` is aware."""

    data_fingerprint: str
    created_at: datetime


def assemble(
    developed: DevelopedModel[FittedModel],
    splits: Splits,
    report: TrainingReport,
    provenance: Provenance,
    *,
    unlabelled: FeatureMatrix | None = None,
) -> BundleContents:
    """Collect the contents of a bundle.

    The profile describes rows as a model scores them that did not grow on them: on its own rows a booster's scores
    spread wider than on anybody else's, which would look like drift. The reference sample comes from the test split.
    Unlabelled applicants join both in the share in which labelled ones are there: normal is who applies, not who was
    accepted. Rows of the decision log reach the sample with their columns shuffled: nobody can be found in them.
    """
    program = splits.matrix.program
    test = _scored_rows(splits.rows(splits.test), developed.apply(splits.rows(splits.test)))
    held_out = _scored_rows(splits.rows(splits.crossed), developed.held_out)
    normal, sample = held_out.joined(test), test
    if unlabelled is not None:
        beside = partial(_draw, developed, unlabelled.keep(program.names), seed=report.seed)
        normal = normal.joined(beside(1 - SHARES["fit"] - SHARES["stopping"]))
        sample = sample.joined(beside(SHARES["test"]))
    return BundleContents(
        program=program,
        model_text=developed.model.text,
        calibration=developed.calibration.calibration,
        policy=report.chosen.policy,
        reference=render_reference(program, sample, seed=report.seed, shuffled=report.population is not None),
        profile=build_profile(
            program,
            normal,
            importances={entry.feature: entry.share for entry in report.importance},
        ),
        evaluation=report.to_document(),
        model_card=render_model_card(report, program),
        top_features=report.top_features,
        training_rows=len(splits.grown),
        data_fingerprint=provenance.data_fingerprint,
        code_version=__version__,
        lightgbm_version=LIGHTGBM_VERSION,
        created_at=provenance.created_at,
    )


def _scored_rows(matrix: FeatureMatrix, outcomes: ScoredOutcomes) -> ScoredRows:
    return ScoredRows(matrix.values, outcomes.scores, outcomes.probabilities)


def _draw(developed: DevelopedModel[FittedModel], matrix: FeatureMatrix, share: float, *, seed: int) -> ScoredRows:
    drawn = matrix.rows(draw_share(matrix.client_ids, share, seed=seed))
    return _scored_rows(drawn, developed.apply(drawn))

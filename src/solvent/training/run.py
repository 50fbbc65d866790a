"""Trains a model: from a folder of raw tables to a bundle, and to a run in the registry if one is named."""

from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from solvent.bundle.files import check_destination, write_bundle
from solvent.domain.clock import utc_now
from solvent.domain.costs import CostMatrix
from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.domain.ports import Clock
from solvent.domain.progress import Progress, silent
from solvent.errors import TrainingError
from solvent.features.catalogue import build_program
from solvent.features.ibis_engine import BatchEngine
from solvent.features.matrix import FeatureMatrix
from solvent.tables.files import find_table_files
from solvent.tables.reading import open_tables
from solvent.tables.schemas import HISTORY_TABLES
from solvent.training.applicants import read_applicants
from solvent.training.assembly import Provenance, assemble
from solvent.training.background import NOTHING_KNOWN, Background, measure_with
from solvent.training.comparison import SearchBudget, SearchReport, SelectionReport
from solvent.training.contributions import explain_rows
from solvent.training.development import DevelopedModel, DevelopmentRules, develop
from solvent.training.evaluation import evaluate
from solvent.training.fingerprint import fingerprint_files
from solvent.training.fitting import BoosterLearner, FittedModel, LearnerSettings, check_trainable
from solvent.training.held_out import Pseudonym
from solvent.training.importance import rank_features
from solvent.training.measures import ScoredOutcomes
from solvent.training.monotone import find_directions
from solvent.training.report import TrainingReport, TrainingResult
from solvent.training.risk_bands import measure_bands
from solvent.training.selection import SelectionRules, select_features
from solvent.training.splits import Splits, split_clients


@dataclass(frozen=True)
class TrainingRequest:
    """What to train on, where to put the bundle, and by which rules.

    `tracking_uri` names the MLflow store, such as "sqlite:///mlflow.db"; None keeps no run. `pseudonym` names held-out
    clients there; without it no other version can be compared on them. Without `search`, the
    settings are taken as they are; with `rivals`, tables of other models on the same clients are made as well.
    """

    data: Path
    out: Path
    seed: int = 0
    replace: bool = False
    tracking_uri: str | None = None
    pseudonym: Pseudonym | None = None
    memory_limit: str | None = None
    forbidden: frozenset[str] = FORBIDDEN_COLUMNS
    costs: CostMatrix = field(default_factory=CostMatrix)
    settings: LearnerSettings = field(default_factory=LearnerSettings)
    search: SearchBudget | None = None
    rivals: bool = False


def train(request: TrainingRequest, *, progress: Progress = silent, clock: Clock = utc_now) -> TrainingResult:
    """Read the tables, compute the features of all labelled applications, and train on them.

    Raises:
        TablesError: the tables cannot be read.
        ForbiddenFeatureError: a feature reads a forbidden column.
        TrainingError: a table is missing, or no model can be trained from them.
        BundleError: the bundle may not be written there.
    """
    check_destination(request.out, replace=request.replace)
    check_complete(request.data)
    if request.rivals and find_spec("optbinning") is None:
        raise TrainingError("the scorecard among the rivals needs optbinning: install it, or train without --rivals")
    matrix = read_labelled(request, progress=progress)
    progress("taking the fingerprint of the tables", 0.0)
    fingerprint = fingerprint_files(file.path for file in find_table_files(request.data))
    with open_tables(request.data, memory_limit=request.memory_limit) as tables:
        applicants = read_applicants(tables)
    return train_on(
        matrix,
        request,
        data_fingerprint=fingerprint,
        background=Background(applicants),
        progress=progress,
        clock=clock,
    )


def check_complete(data: Path) -> None:
    """Raise TrainingError if labelled applications or a history table are missing."""
    present = {file.name for file in find_table_files(data)}
    missing = [name for name in ("application_train", *HISTORY_TABLES) if name not in present]
    if missing:
        raise TrainingError(f"{data} lacks {', '.join(missing)}: training wants all seven tables, as .csv or .parquet")


def read_labelled(request: TrainingRequest, *, progress: Progress = silent) -> FeatureMatrix:
    """Compute the features of the applications whose outcome is known."""
    program = build_program(request.forbidden)
    with open_tables(request.data, memory_limit=request.memory_limit) as tables:
        matrix = BatchEngine(program, tables, progress=progress).read_matrix()
    return matrix.rows(~np.isnan(matrix.target))


def train_on(
    matrix: FeatureMatrix,
    request: TrainingRequest,
    *,
    data_fingerprint: str,
    background: Background = NOTHING_KNOWN,
    progress: Progress = silent,
    clock: Clock = utc_now,
) -> TrainingResult:
    """Train on labelled applications whose features are known; raises as `train` does."""
    check_trainable(matrix, forbidden=request.forbidden)
    everything = split_clients(matrix, seed=request.seed)
    splits, selection = _select(everything, request, progress=progress)
    learner = BoosterLearner(request.settings, request.seed, find_directions(splits.matrix.program))
    learner, search = _search(splits, learner, request, progress=progress)
    rules = DevelopmentRules(request.costs, request.forbidden, request.seed)
    developed = develop(learner, splits, rules, progress=progress)
    progress("evaluating", 0.0)
    test = splits.rows(splits.test)
    outcomes = developed.apply(test)
    report = replace(_report(developed, learner, splits, outcomes), selection=selection, search=search)
    if request.rivals:
        from solvent.training.rivals import Champion, compare_models  # noqa: PLC0415 - importing optbinning takes 3 s

        champion = Champion(learner, splits, everything, rules, developed.chosen, outcomes, report.ranked_features)
        report = replace(report, comparisons=compare_models(champion, progress=progress))
    progress("evaluating groups", 0.0)
    unselected = matrix.rows(everything.test) if background.champion is not None else test
    tested = measure_with(background, report, test, outcomes, unselected=unselected)
    report = tested.report
    explained = explain_rows(developed.model.text, test, seed=request.seed)
    progress("writing the bundle", 0.0)
    provenance = Provenance(data_fingerprint, clock())
    contents = assemble(developed, splits, report, provenance, unlabelled=background.unlabelled)
    manifest = write_bundle(request.out, contents, replace=request.replace)
    return _log(
        TrainingResult(request.out, manifest, report, outcomes, tested.held_out, explained, tested.rival),
        request,
        progress=progress,
    )


def _report(
    developed: DevelopedModel[FittedModel], learner: BoosterLearner, splits: Splits, outcomes: ScoredOutcomes
) -> TrainingReport:
    return TrainingReport(
        seed=learner.seed,
        settings=learner.settings,
        rounds=developed.model.rounds,
        splits=splits.counts,
        calibration=developed.calibration,
        chosen=developed.chosen,
        test=evaluate(outcomes, developed.chosen.policy, seed=learner.seed),
        importance=rank_features(splits.matrix.program.names, developed.model.gains),
        bands=measure_bands(outcomes, developed.chosen.policy),
    )


def _select(everything: Splits, request: TrainingRequest, *, progress: Progress) -> tuple[Splits, SelectionReport]:
    names, report = select_features(
        everything.rows(everything.fit),
        seed=request.seed,
        rules=SelectionRules(threads=request.settings.num_threads),
        progress=progress,
    )
    return everything.keep(names), report


def _search(
    splits: Splits, learner: BoosterLearner, request: TrainingRequest, *, progress: Progress
) -> tuple[BoosterLearner, SearchReport | None]:
    if request.search is None:
        return learner, None
    from solvent.training.search import search_settings  # noqa: PLC0415 - importing optuna takes 1 s

    settings, report = search_settings(splits, learner, request.search, progress=progress)
    return replace(learner, settings=settings), report


def _log(result: TrainingResult, request: TrainingRequest, *, progress: Progress) -> TrainingResult:
    if request.tracking_uri is None:
        return result
    progress("logging the run", 0.0)
    from solvent.training.tracking import log_training  # noqa: PLC0415 - importing mlflow takes 2 s

    version = log_training(result, request.tracking_uri, pseudonym=request.pseudonym)
    return replace(result, registered_version=version)

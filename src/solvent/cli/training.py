"""`solvent train`."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solvent.cli.options import DataFolder
from solvent.cli.progress import shown_progress

if TYPE_CHECKING:
    from solvent.training.report import TrainingResult


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(name="train")(train)


def train(
    data: DataFolder,
    out: Annotated[Path, typer.Option("--out", metavar="BUNDLE", help="Folder of the bundle to write.")],
    *,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="S", help="Of the splits and of the learner.")] = 0,
    tracking: Annotated[bool, typer.Option("--tracking/--no-tracking", help="Keep an MLflow run.")] = True,
    rivals: Annotated[
        bool, typer.Option("--rivals", help="Also fit rival models and the ladder: several times the work.")
    ] = False,
    search_trials: Annotated[
        int, typer.Option("--search-trials", min=0, metavar="N", help="Settings to try; 0: take those that stand.")
    ] = 0,
    search_seconds: Annotated[
        float | None,
        typer.Option("--search-seconds", min=0, metavar="SEC", help="No further trial begins after; not repeatable."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the bundle that is there.")] = False,
    forbid: Annotated[
        list[str] | None,
        typer.Option("--forbid", metavar="COLUMN", help="No feature may read this application column; repeatable."),
    ] = None,
) -> None:
    """Train a model on the seven raw tables.

    Clients are split at random. Features are selected on some; trees,
    curve and threshold are fitted so that each row is judged by a model
    that did not see it, and every figure shown is measured on test clients
    that nothing saw. The threshold makes the total cost smallest.

    No feature reads sex, marital status, or the columns that state it in
    other words; --forbid adds to them. They are listed in the bundle's
    policy.json.

    Example:
        solvent train --data data/home-credit --out models/candidate

    With other models on the same clients, and 30 tried settings:
        solvent train --data data/home-credit --out models/candidate --rivals --search-trials 30

    Writes: the bundle, complete or not at all; a run with parameters,
    figures, plots and the bundle in the MLflow store of
    SOLVENT_MLFLOW_TRACKING_URI, or an SQLite file in the home folder (see
    it with mlflow ui). Test clients lie there under pseudonyms of the
    deployment's signing key.

    Exit codes: 0 trained, 1 the tables cannot be read or trained on, 2
    wrong usage, 78 BUNDLE may not be written,
    or no usable signing key for the pseudonyms.
    """
    from solvent.bootstrap import open_signer
    from solvent.cli.table_gaps import warn_of_gaps
    from solvent.domain.policy import FORBIDDEN_COLUMNS
    from solvent.settings import read_settings
    from solvent.tables.schemas import APPLICATION, table_schema
    from solvent.training.comparison import SearchBudget
    from solvent.training.run import TrainingRequest, check_complete
    from solvent.training.run import train as train_model

    settings = read_settings()
    uri = settings.tracking_uri if tracking else None
    pseudonym = open_signer(settings).pseudonym if tracking else None
    forbidden = FORBIDDEN_COLUMNS.union(table_schema(APPLICATION).column(name).name for name in forbid or ())
    search = SearchBudget(search_trials, search_seconds) if search_trials else None
    request = TrainingRequest(
        data, out, seed, replace, uri, pseudonym=pseudonym, forbidden=forbidden, search=search, rivals=rivals
    )
    check_complete(data)
    warn_of_gaps(data)
    with shown_progress() as progress:
        result = train_model(request, progress=progress)
    for line in describe_training(result):
        typer.echo(line)


def describe_training(result: "TrainingResult") -> list[str]:
    """Say what was trained and what it is worth, with 95 % intervals."""
    test, policy = result.report.test, result.report.chosen.policy
    figures = {
        "AUC": test.auc,
        "Brier score": test.brier,
        "log loss": test.log_loss,
        "ECE": test.calibration_error,
        "recall": test.at_threshold.recall,
        "precision": test.at_threshold.precision,
        "cost": test.at_threshold.cost,
    }
    lines = [f"bundle {result.manifest.version} in {result.directory}: {result.manifest.n_features} features"]
    lines.append(f"measured on {test.rows:,} test clients, {test.defaults:,} of whom defaulted (95 % intervals)")
    lines += [f"{name:12} {one.value:.4f}  ({one.low:.4f} to {one.high:.4f})" for name, one in figures.items()]
    lines.append(f"{'threshold':12} {policy.threshold:.4f}  (probability of default)")
    if result.registered_version is not None:
        lines.append(f"registered as version {result.registered_version}: see `solvent model list`")
    return lines

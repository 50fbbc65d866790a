"""`solvent score`."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from pathlib import Path
from typing import Annotated

import typer

from solvent.cli.features import Engine, EngineOption, MasterOption, MemoryOption
from solvent.cli.options import BundleFolder, DataFolder, check_file_name
from solvent.cli.progress import shown_progress


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(name="score")(score)


def score(
    bundle: BundleFolder,
    data: DataFolder,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE", callback=check_file_name(".csv", ".parquet"), help="CSV or Parquet, by its name."
        ),
    ],
    engine: EngineOption = Engine.DUCKDB,
    memory_limit: MemoryOption = None,
    master: MasterOption = "local[*]",
) -> None:
    """Score every client of a folder of raw tables.

    Each gets the probability and decision that the API gives for the same
    rows; where the API would refuse an application (a required column
    empty or implausible) the value counts as missing here: run `solvent
    data check` first. A folder that has only the application table is scored with every
    client as one without history, and a line says so. Nothing is recorded
    in the decision log: this is a computation, not a decision that reaches
    an applicant.

    Example:
        solvent score --bundle models/champion --data data/home-credit --out scores.csv

    Writes: FILE with SK_ID_CURR, probability_default, decision, risk_level,
    score (log-odds), threshold and model_version, one row per client;
    complete or not at all.

    Exit codes: 0 written, 1 the tables cannot be read, 2 wrong usage, 78
    the bundle is refused.
    """
    from solvent.bootstrap import load_model
    from solvent.cli.table_gaps import warn_of_gaps
    from solvent.scoring.portfolio import score_portfolio
    from solvent.settings import read_settings

    model = load_model(bundle, read_settings())
    warn_of_gaps(data)
    with shown_progress() as progress:
        if engine is Engine.SPARK:
            from solvent.scoring.spark_portfolio import score_portfolio_on_spark

            summary = score_portfolio_on_spark(model, data, out, master=master, progress=progress)
        else:
            summary = score_portfolio(model, data, out, memory_limit=memory_limit, progress=progress)
    if not summary.has_history:
        typer.echo("no history tables: every client is scored as one without history", err=True)
    elif summary.missing_tables:
        typer.echo(f"scored without rows of {', '.join(summary.missing_tables)}: no file", err=True)
    typer.echo(
        f"{summary.clients:,} clients, {summary.refused:,} refused, "
        f"model {summary.model_version} ({engine.value}), in {out}"
    )

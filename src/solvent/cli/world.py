"""`solvent world`: simulated lenders."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from solvent.cli.options import check_file_name
from solvent.cli.progress import shown_progress
from solvent.cli.timeline_options import FromShare, ScenarioName, UntilShare

group = typer.Typer(no_args_is_help=True, help="Make simulated lenders whose truth is known.")


def _check_json(out: Path | None) -> Path | None:
    return None if out is None else check_file_name(".json")(out)


class TableFormat(StrEnum):
    """File formats of the raw tables."""

    CSV = "csv"
    PARQUET = "parquet"


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    app.add_typer(group, name="world")


@group.command()
def make(
    *,
    clients: Annotated[int, typer.Option("--clients", min=1, metavar="N", help="Number of clients, train and test.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write; must be empty or absent.")],
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="S", help="One seed gives one world.")] = 0,
    file_format: Annotated[TableFormat, typer.Option("--format", help="Format of the tables.")] = TableFormat.CSV,
    force: Annotated[bool, typer.Option("--force", help="Replace the tables of a folder that is not empty.")] = False,
    months: Annotated[int, typer.Option("--months", min=1, help="Months over which the applications arrive.")] = 24,
    scenario: ScenarioName = None,
    from_share: FromShare = 0.5,
    until_share: UntilShare = 1.0,
) -> None:
    """Make a simulated lender: seven raw tables, and the truth behind them.

    The tables have the Home Credit schema. The clients are drawn from
    published statistics; no row of a real person is in them. The same seed
    gives the same files to the byte, and a larger world begins with the
    clients of a smaller one.

    Example:
        solvent world make --clients 20000 --seed 7 --out data/world --format parquet

    Writes: application_train, application_test, six history tables;
    truth.parquet (each client's true probability of default and moment of
    application), outcomes.parquet (what becomes known later) and
    scenario.json (what was planted). The folder appears complete or not at
    all.

    Exit codes: 0 made, 1 the folder is not empty or cannot be written, 2
    wrong usage.
    """
    from solvent.world.events.scenarios import QUIET, Timeline
    from solvent.world.making import WorldRequest, make_world

    timeline = Timeline(months, scenario or QUIET, from_share, until_share)
    with shown_progress() as progress:
        summary = make_world(out, WorldRequest(clients, seed, file_format.value, force, timeline), progress=progress)
    for table, rows in summary.rows.items():
        typer.echo(f"{table:24}{rows:>14,} rows")
    typer.echo(f"default rate {summary.default_rate:.2%}, best attainable AUC {summary.ceiling_auc:.3f}, in {out}")


@group.command()
def scenarios() -> None:
    """List what can be planted, and who should notice it.

    Example:
        solvent world scenarios

    Writes: nothing.

    Exit codes: 0 listed, 2 wrong usage.
    """
    from solvent.world.events.scenarios import SCENARIOS

    for scenario in SCENARIOS.values():
        typer.echo(f"{scenario.name:16} {scenario.summary}")
        typer.echo(f"{'':16} true probability: {scenario.risk}; should ring: {', '.join(scenario.rings) or 'nothing'}")


@group.command()
def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with the seven raw tables.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", callback=_check_json, help="Write the report as JSON too."),
    ] = None,
) -> None:
    """Compare a world with the published statistics of the real tables.

    Every figure stands beside its goal and the noise that sampling alone
    shows; a missed goal is followed by its worst columns.

    Example:
        solvent world report data/world --out fidelity.json

    Writes: nothing, or FILE as JSON.

    Exit codes: 0 all goals met, 1 a goal is missed or a table cannot be
    read, 2 wrong usage.
    """
    import json

    from solvent.world.fidelity.report import judge_folder, report_lines

    with shown_progress() as progress:
        judged = judge_folder(directory, progress=progress)
    for line in report_lines(judged):
        typer.echo(line)
    if out is not None:
        out.write_text(json.dumps(judged.to_json(), indent=1) + "\n", encoding="utf-8")
    if judged.missed:
        raise typer.Exit(1)

"""`solvent world`: simulated lenders."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from solvent.cli.progress import shown_progress

group = typer.Typer(no_args_is_help=True, help="Make simulated lenders whose truth is known.")


class TableFormat(StrEnum):
    """File formats of the raw tables."""

    CSV = "csv"
    PARQUET = "parquet"


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    app.add_typer(group, name="world")


@group.command()
def make(
    clients: Annotated[int, typer.Option("--clients", min=1, metavar="N", help="Number of clients, train and test.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write; must be empty or absent.")],
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="S", help="One seed gives one world.")] = 0,
    file_format: Annotated[TableFormat, typer.Option("--format", help="Format of the tables.")] = TableFormat.CSV,
    force: Annotated[bool, typer.Option("--force", help="Replace the tables of a folder that is not empty.")] = False,
) -> None:
    """Make a simulated lender: seven raw tables, and the truth behind them.

    The tables have the Home Credit schema. The clients are drawn from
    published statistics; no row of a real person is in them. The same seed
    gives the same files to the byte, and a larger world begins with the
    clients of a smaller one.

    Example:
        solvent world make --clients 20000 --seed 7 --out data/world --format parquet

    Writes: application_train, application_test, six history tables, and
    truth.parquet with each client's true probability of default. The folder
    appears complete or not at all.

    Exit codes: 0 made, 1 the folder is not empty or cannot be written, 2
    wrong usage.
    """
    from solvent.world.making import WorldRequest, make_world

    with shown_progress() as progress:
        summary = make_world(out, WorldRequest(clients, seed, file_format.value, force), progress=progress)
    for table, rows in summary.rows.items():
        typer.echo(f"{table:24}{rows:>14,} rows")
    typer.echo(f"default rate {summary.default_rate:.2%}, best attainable AUC {summary.ceiling_auc:.3f}, in {out}")

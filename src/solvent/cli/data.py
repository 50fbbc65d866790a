"""`solvent data`: the raw tables."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solvent.cli.progress import shown_progress

if TYPE_CHECKING:
    from solvent.tables.findings import Finding

group = typer.Typer(no_args_is_help=True, help="Look at the raw tables before they are used.")


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    app.add_typer(group, name="data")


@group.command()
def check(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with the raw tables, CSV or Parquet.")],
    strict: Annotated[bool, typer.Option("--strict", help="End with 1 on warnings too.")] = False,
) -> None:
    """Check the seven raw tables against their schemas.

    Looks at files, columns, types, keys, links between tables, ranges and
    categories. Each finding is one line: error or warning, table, column,
    how many rows, up to three of their ids, the remedy. Errors are what
    training must not see; features take what warnings name as missing.

    Example:
        solvent data check data/home-credit

    Writes: nothing.

    Exit codes: 0 no error found, 1 an error (with --strict: or a warning)
    or the folder cannot be read, 2 wrong usage.
    """
    from solvent.tables.checks import find_problems
    from solvent.tables.reading import open_tables

    with shown_progress() as progress, open_tables(directory) as tables:
        findings = find_problems(tables, progress=progress)
    for finding in findings:
        typer.echo(f"{'error  ' if finding.is_error else 'warning'}  {finding.describe()}")
    typer.echo(describe_counts(findings))
    if any(finding.is_error or strict for finding in findings):
        raise typer.Exit(1)


def describe_counts(findings: Sequence["Finding"]) -> str:
    """Say how many errors and warnings there are."""
    errors = sum(finding.is_error for finding in findings)
    return f"{errors} error(s), {len(findings) - errors} warning(s)"

"""`solvent outcomes`: what happened later to the clients."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from solvent.decision_log.registers.outcomes import ImportSummary

group = typer.Typer(no_args_is_help=True, help="Tell the decision log what happened later to the clients.")


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    app.add_typer(group, name="outcomes")


def _check_file(file: Path) -> Path:
    from solvent.cli.outcome_files import SUFFIXES

    if file.suffix not in SUFFIXES:
        raise typer.BadParameter(f"the name must end in {' or '.join(SUFFIXES)}")
    return file


@group.command(name="import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", exists=True, dir_okay=False, callback=_check_file, help="CSV or Parquet."),
    ],
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", metavar="TIME", help="Import what was known at this time (UTC); without it, now."),
    ] = None,
) -> None:
    """Import what happened later to the clients of recorded decisions.

    FILE has a row per outcome with the columns kind (first_payment_missed,
    late_30_days, default or matured), observed_at, defaulted (1 or 0; empty
    for the first two kinds), SK_ID_CURR or request_id, and if wanted
    reported_at (empty: now, or --as-of) and withdrawn. An outcome of a
    client belongs to its last decision before observed_at.

    Every report is kept; of several on one decision and kind the one
    reported last counts. To take an outcome back, report its row again with
    1 in the column withdrawn. Importing a file again changes nothing.

    Example:
        solvent outcomes import outcomes.csv

    Writes: rows of the table outcomes, all of the file's or, after an
    error, none.

    Exit codes: 0 imported, 1 the file or the database cannot be used, or
    some outcomes belong to no recorded decision, 2 wrong usage.
    """
    from solvent.bootstrap import open_database, prepare_database
    from solvent.cli.outcome_files import read_outcomes
    from solvent.decision_log.registers.outcomes import import_outcomes
    from solvent.domain.clock import utc_now
    from solvent.settings import read_settings

    moment = utc_now() if as_of is None else as_of.replace(tzinfo=UTC)
    with open_database(read_settings()) as url:
        prepare_database(url)
        summary = import_outcomes(url, read_outcomes(file), as_of=moment)
    for line in describe(summary):
        typer.echo(line)
    if summary.unknown or summary.before_decision:
        raise typer.Exit(1)


def describe(summary: "ImportSummary") -> list[str]:
    """Say in a few lines what became of the rows."""
    kept = f"{summary.added:,} new, {summary.corrected:,} corrected, {summary.withdrawn:,} withdrawn"
    rest = f"{summary.repeated:,} known already, {summary.not_yet_known:,} not yet known then"
    lines = [f"{summary.read:,} outcomes read: {kept}, {rest}"]
    if summary.without_effect:
        lines.append(f"{summary.without_effect:,} kept without effect: a later report counts, or none was to withdraw")
    if summary.several:
        lines.append(f"{summary.several:,} clients had several decisions before an outcome: it belongs to the last one")
    if summary.unknown:
        rows = ", ".join(f"{row:,}" for row in summary.unknown_rows)
        more = " and others" if summary.unknown > len(summary.unknown_rows) else ""
        lines.append(f"{summary.unknown:,} left out: no decision has that client or request (rows {rows}{more})")
    if summary.before_decision:
        lines.append(f"{summary.before_decision:,} left out: observed before any decision on that client or request")
    return lines

"""`solvent performance`: how well the model does, where that is known, and where it is estimated."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from solvent.cli.options import check_file_name

group = typer.Typer(no_args_is_help=True, help="Realised performance beside the estimated one.")


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    app.add_typer(group, name="performance")


@group.callback()
def _describe() -> None:
    """Realised performance beside the estimated one."""


def _check_json(out: Path | None) -> Path | None:
    return None if out is None else check_file_name(".json")(out)


@group.command()
def report(
    months: Annotated[int, typer.Option("--months", min=1, max=240, metavar="N", help="Months back from now.")] = 24,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", metavar="TIME", help="Judge from this time (UTC); without it, now.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="VERSION", help="Decisions of this version alone; else of all.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", callback=_check_json, help="Write every figure to this file, too."),
    ] = None,
) -> None:
    """Show AUC, default rate, calibration and cost by month of application.

    Realised figures are over decisions that have matured and whose outcome
    is known; estimated ones come from the calibrated probabilities of the
    same decisions. Both have 95 % intervals. Early signs are counted against
    what the same probabilities showed before: they tell of a rise of risk
    that no estimate can see. docs/performance.md explains the statistics.

    Example:
        solvent performance report --months 24

    Writes: FILE if --json is given.

    Exit codes: 0 shown, 1 there are no decisions, or the database cannot be
    used; 2 wrong usage.
    """
    from solvent.bootstrap import open_database, prepare_watching
    from solvent.cli.performance_text import describe, to_document
    from solvent.domain.clock import utc_now
    from solvent.errors import MonitoringError
    from solvent.monitoring.watching import months_before
    from solvent.monitoring_bootstrap import measure_performance, observe_log
    from solvent.settings import read_settings

    now = utc_now() if as_of is None else as_of.replace(tzinfo=UTC)
    settings = read_settings()
    with open_database(settings) as url:
        prepare_watching(url, settings)
        with observe_log(url) as (_, connection):
            found = measure_performance(connection, months_before(now, months=months), now, model)
    if found is None:
        raise MonitoringError(
            "there are no decisions to judge in these months: give more --months, another --as-of or --model"
        )
    for line in describe(found):
        typer.echo(line)
    if out is not None:
        import orjson

        out.write_bytes(orjson.dumps(to_document(found), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))

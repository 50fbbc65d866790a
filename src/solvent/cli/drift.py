"""`solvent drift`: do the applications still look like those that the model was made for?"""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solvent.cli.progress import shown_progress

if TYPE_CHECKING:
    from solvent.decision_log.database.connections import SyncConnection
    from solvent.decision_log.reading.monitoring import ObservedDecisions
    from solvent.domain.measurements import Window
    from solvent.monitoring.input_watch import InputReport, WatchRequest
    from solvent.monitoring.watched_model import WatchedModel

group = typer.Typer(no_args_is_help=True, help="Compare recent applications with those that the model was made for.")


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    app.add_typer(group, name="drift")


@group.callback()
def _describe() -> None:
    """Compare recent applications with those that the model was made for."""


@group.command()
def report(
    *,
    days: Annotated[int, typer.Option("--days", min=1, metavar="N", help="Length of the period, up to --to.")] = 7,
    threshold: Annotated[
        float,
        typer.Option("--threshold", min=0.0, max=1.0, help="Share of drifted features that asks for retraining."),
    ] = 0.3,
    start: Annotated[
        datetime | None, typer.Option("--from", metavar="TIME", help="Start of the period (UTC), instead of --days.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", metavar="TIME", help="End of the period (UTC); without it, now.")
    ] = None,
    segment: Annotated[
        str | None,
        typer.Option("--segment", metavar="NAME=VALUE", help="Only these: a caller, an endpoint, a category, ..."),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option("--reference", metavar="FROM/TO", help="Compare with this period of the log, not the bundle."),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", metavar="BUNDLE", help="Watch this model; without it, the period's busiest one."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder of the reports; else below SOLVENT_HOME.")
    ] = None,
    html: Annotated[bool, typer.Option("--html/--no-html", help="Write Evidently's report, HTML and JSON.")] = True,
) -> None:
    """Say whether recent applications drifted away from the reference.

    A feature has drifted if its population stability index, less what
    chance makes, reaches 0.1 and a test says that it is not chance; at 0.25
    it has moved far. There is drift if any feature moved far, one of the 20
    most important ones or the score drifted, or the drifted ones reach the
    threshold, by number or by importance: then retraining is recommended.
    docs/monitoring.md explains the statistics.

    Example:
        solvent drift report --days 7 --threshold 0.3

    One caller, this month against the last one:
        solvent drift report --from 2026-11-01 --segment caller=shop --reference 2026-10-01/2026-11-01

    Writes: a row of the table drift_reports, and Evidently's report on the
    features that moved most.

    Exit codes: 0 no drift, or not enough data for a verdict, 1 drift, or
    there is nothing to compare, 2 wrong usage, 78 a bundle without profile.
    """
    from solvent.bootstrap import open_database, prepare_watching
    from solvent.cli.drift_text import describe
    from solvent.domain.clock import utc_now
    from solvent.monitoring_bootstrap import observe_log
    from solvent.settings import read_settings

    settings, now = read_settings(), utc_now()
    window = _window(start, end, days=days, now=now)
    with open_database(settings) as url, shown_progress() as progress:
        prepare_watching(url, settings)
        with observe_log(url) as (log, connection):
            from solvent.monitoring.input_watch import watch_inputs

            model = _find_model(log, connection, window, bundle)
            request = _request(model, window, threshold, segment, reference)
            found = watch_inputs(log, model, request, progress=progress)
            files = _write(found, model, out or settings.home / "reports", now) if html else None
            row = log.keep_drift_report(found.to_record(now, html=_name(files, ".html"), json=_name(files, ".json")))
    for line in describe(found, row=row, files=files):
        typer.echo(line)
    if found.drift.is_detected:
        raise typer.Exit(1)


def _window(start: datetime | None, end: datetime | None, *, days: int, now: datetime) -> "Window":
    from solvent.domain.measurements import Window

    last = now if end is None else end.replace(tzinfo=UTC)
    first = last - timedelta(days=days) if start is None else start.replace(tzinfo=UTC)
    if first >= last:
        raise typer.BadParameter("the period ends before it starts: give --from an earlier time than --to")
    return Window(first, last)


def _find_model(
    log: "ObservedDecisions", connection: "SyncConnection", window: "Window", bundle: Path | None
) -> "WatchedModel":
    from solvent.monitoring.input_watch import find_busiest_model
    from solvent.monitoring_bootstrap import watch_bundle, watch_recorded_model

    busiest = find_busiest_model(log, window)
    return watch_recorded_model(connection, busiest) if bundle is None else watch_bundle(bundle)


def _request(
    model: "WatchedModel", window: "Window", threshold: float, segment: str | None, reference: str | None
) -> "WatchRequest":
    from solvent.monitoring.input_watch import WatchRequest
    from solvent.monitoring.segments import find_segment

    return WatchRequest(
        window=window,
        threshold=threshold,
        segment=None if segment is None else find_segment(segment, model.program),
        reference=None if reference is None else _read_period(reference),
    )


def _read_period(text: str) -> "Window":
    from solvent.domain.measurements import Window

    first, _, last = text.partition("/")
    try:
        start, end = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (first, last))
    except ValueError as error:
        raise typer.BadParameter("--reference is FROM/TO, such as 2026-10-01/2026-11-01") from error
    if start >= end:
        raise typer.BadParameter("the period of --reference ends before it starts")
    return Window(start, end)


def _write(found: "InputReport", model: "WatchedModel", folder: Path, now: datetime) -> Path | None:
    """Write Evidently's report if there are two samples to show; return its path without ending."""
    from solvent.monitoring.evidently_report import sample_columns, write_evidently

    if found.sample is None or found.reference_sample is None or not found.drift.is_enough:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"drift-{now:%Y%m%dT%H%M%S}-{model.version.replace('+', '-')}"
    sides = [sample_columns(side, model.program) for side in (found.reference_sample, found.sample)]
    write_evidently(found.drift, sides[0], sides[1], path)
    return path


def _name(path: Path | None, ending: str) -> str | None:
    return None if path is None else str(path.with_name(path.name + ending).resolve())

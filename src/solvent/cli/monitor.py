"""`solvent monitor`: every monitor once, or on a schedule."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solvent.cli.progress import shown_progress
from solvent.cli.proof import prove

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from solvent.domain.measurements import Measurement
    from solvent.monitoring.alerts import Verdict
    from solvent.monitoring.run import MonitorRun

group = typer.Typer(no_args_is_help=True, help="Look at inputs, operations and performance, and ring.")

Bundle = Annotated[
    Path | None,
    typer.Option("--bundle", metavar="BUNDLE", help="Compare inputs with this folder; else with what the log kept."),
]


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    group.command()(prove)
    app.add_typer(group, name="monitor")


@group.command()
def run(
    bundle: Bundle = None,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", metavar="TIME", help="Look from this time (UTC); without it, now.")
    ] = None,
) -> None:
    """Run every monitor once: drift, data quality, operations, performance.

    Each rule is held against what was measured; docs/alerts.md explains the
    rules. A broken rule opens an alert, unless one is open already or was
    resolved a short time ago. `solvent alerts list` says what to do. Running
    it again, or twice at once, opens nothing twice.

    Example:
        solvent monitor run

    Writes: rows of measurements, drift_reports and, if something rings,
    anomalies; tells the webhook of new alerts if one is set.

    The last line begins with "quiet", "rings" or "cannot measure": a monitor
    that cannot measure is named with the reason and opens an alert, too.

    Exit codes: 0 quiet, 1 something rings, a monitor cannot measure, or the
    database cannot be used, 2 wrong usage.
    """
    from solvent.bootstrap import open_database, prepare_watching
    from solvent.domain.clock import utc_now
    from solvent.monitoring.run import run_monitors
    from solvent.monitoring_bootstrap import watch_everything
    from solvent.settings import read_settings

    settings = read_settings()
    with open_database(settings) as url:
        prepare_watching(url, settings)
        with shown_progress() as progress, watch_everything(url, settings, bundle=bundle) as watch:
            progress("measuring", 0.0)
            found = run_monitors(watch, now=utc_now() if as_of is None else as_of.replace(tzinfo=UTC))
    for line in describe(found):
        typer.echo(line)
    if not found.is_quiet:
        raise typer.Exit(1)


@group.command()
def watch(
    every: Annotated[int, typer.Option("--every", min=1, metavar="MINUTES", help="Minutes between two runs.")] = 60,
    bundle: Bundle = None,
) -> None:
    """Run every monitor on a schedule, until Ctrl-C or SIGTERM.

    Each run does what `solvent monitor run` does and prints one line, and one
    on stderr for each monitor that cannot measure. A run that is under way
    ends before the command does. If the database is away the run is left out,
    and the next one tries again.

    Example:
        solvent monitor watch --every 60

    Writes: as `solvent monitor run`.

    Exit codes: 0 stopped, 1 the database could not be used at the start, 2
    wrong usage.
    """
    from solvent.bootstrap import open_database, prepare_watching
    from solvent.monitoring.schedule import repeat
    from solvent.settings import read_settings

    settings = read_settings()
    with _stopped_by_signals() as stop, open_database(settings) as url:
        prepare_watching(url, settings)
        runs = repeat(lambda: _watch_once(url, bundle), every=timedelta(minutes=every), stop=stop)
    typer.echo(f"stopped after {runs} runs")


def _watch_once(url: str, bundle: Path | None) -> None:
    from solvent.domain.clock import utc_now
    from solvent.errors import SolventError
    from solvent.monitoring.run import run_monitors
    from solvent.monitoring_bootstrap import watch_everything
    from solvent.settings import read_settings

    now = utc_now()
    try:
        with watch_everything(url, read_settings(), bundle=bundle) as watch:
            found = run_monitors(watch, now=now)
    except SolventError as error:
        typer.echo(f"{now:%Y-%m-%d %H:%M} run left out: {error}", err=True)
        return
    for line in _describe_failures(found):
        typer.echo(f"{now:%Y-%m-%d %H:%M} {line}", err=True)
    typer.echo(f"{now:%Y-%m-%d %H:%M} {sum_up(found)}")


@contextmanager
def _stopped_by_signals() -> "Iterator[threading.Event]":
    """Give an event that SIGINT and SIGTERM set, instead of ending the process."""
    import signal
    import threading

    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def describe(found: "MonitorRun") -> list[str]:
    """Say what each rule says, what could not be measured, and what to do about new alerts."""
    width = max(len(verdict.rule.name) for verdict in found.verdicts)
    lines = [f"{'rule':{width}}  {'state':15}  figure"]
    lines += [f"{one.rule.name:{width}}  {one.state.value:15}  {_figure(one)}".rstrip() for one in found.verdicts]
    lines += _describe_failures(found)
    for alert in found.opened:
        lines += [f"new alert {alert.alert_id} ({alert.severity}, {alert.rule}): {alert.description}"]
        lines += [f"  do: {alert.what_to_do}"]
    return [*lines, sum_up(found)]


def _describe_failures(found: "MonitorRun") -> list[str]:
    return [f"monitor {one.monitor} could not measure: {one.reason}" for one in found.failures]


def sum_up(found: "MonitorRun") -> str:
    """Say in one line whether anything rings, how many rules do and what came of it."""
    from solvent.monitoring.alerts import State

    ringing = sum(verdict.state is State.RINGS for verdict in found.verdicts)
    told = sum(delivery.is_delivered for delivery in found.deliveries)
    parts = [f"{len(found.measurements):,} figures", f"{ringing} of {len(found.verdicts)} rules ring"]
    parts += [f"{len(found.opened)} new alerts"]
    if found.deliveries:
        parts.append(f"{told} of {len(found.deliveries)} delivered")
    if found.failures:
        parts.append(f"{len(found.failures)} monitors could not measure")
    return f"{_name_state(found)}: {', '.join(parts)}"


def _name_state(found: "MonitorRun") -> str:
    states = ["rings"] * found.is_ringing + ["cannot measure"] * bool(found.failures)
    return " and ".join(states) or "quiet"


def _figure(verdict: "Verdict") -> str:
    if not verdict.read:
        return ""
    worst = _worst(verdict)
    of = f" of {worst.subject}" if worst.subject else ""
    return (
        f"{verdict.rule.metric}{of} {worst.value:.4g}, limit {verdict.rule.limit:g}, {worst.count:,} rows to "
        f"{worst.window.end:%Y-%m-%d %H:%M}"
    )


def _worst(verdict: "Verdict") -> "Measurement":
    """The figure nearest to its limit or farthest beyond it."""
    sign = 1 if verdict.rule.direction == "above" else -1
    return max(verdict.read, key=lambda one: sign * (one.value or 0.0))

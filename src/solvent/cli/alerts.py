"""`solvent alerts`: what rings, who has taken it on, how it was resolved."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solvent.cli.options import Who

if TYPE_CHECKING:
    from solvent.domain.alerts import Alert

group = typer.Typer(no_args_is_help=True, help="See what rings, take it on, resolve it with a note.")


def _read_alert_id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise typer.BadParameter("this is no number of an alert: `solvent alerts list` shows it first in each entry")
    return int(text)


AlertId = Annotated[
    int, typer.Argument(metavar="ID", parser=_read_alert_id, help="Number of the alert, as the list shows it.")
]


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    app.add_typer(group, name="alerts")


@group.command(name="list")
def list_(
    with_resolved: Annotated[bool, typer.Option("--all", help="Show the resolved ones, too.")] = False,
) -> None:
    """List the open alerts, the gravest first.

    Each with its figure, its limit, and what to do about it.

    Example:
        solvent alerts list

    Writes: nothing.

    Exit codes: 0 done, 1 the database cannot be used, 2 wrong usage.
    """
    from solvent.bootstrap import open_database
    from solvent.decision_log.registers.alerts import AlertStore
    from solvent.settings import read_settings

    with open_database(read_settings()) as url:
        alerts = AlertStore(url).list(with_resolved=with_resolved)
    for alert in alerts:
        for line in describe(alert):
            typer.echo(line)
    if not alerts:
        typer.echo("no alerts" if with_resolved else "no open alerts")


@group.command()
def acknowledge(alert_id: AlertId, who: Who) -> None:
    """Say that you have taken an alert on.

    It stays open until it is resolved. Who came first stays on record.

    Example:
        solvent alerts acknowledge 12

    Writes: the time and who did it, to the table anomalies.

    Exit codes: 0 noted, 1 there is no such open alert, or the database
    cannot be used; 2 wrong usage.
    """
    from solvent.bootstrap import open_database
    from solvent.decision_log.registers.alerts import AlertStore
    from solvent.domain.clock import utc_now
    from solvent.settings import read_settings

    now = utc_now()
    with open_database(read_settings()) as url:
        alert = AlertStore(url).acknowledge(alert_id, who=who, now=now)
    first = alert.acknowledged_at
    before = "" if first in (None, now) else f" already, on {first:%Y-%m-%d %H:%M} UTC"
    typer.echo(f"alert {alert.alert_id} ({alert.rule}) was acknowledged by {alert.acknowledged_by}{before}")


@group.command()
def resolve(
    alert_id: AlertId,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What was found and done; no personal data.")],
    who: Who,
) -> None:
    """Close an alert with a note.

    The same cause then stays silent for the cool-down of its rule; if it
    lasts longer, it opens a new alert.

    Example:
        solvent alerts resolve 12 --note "bureau was down, decisions of 3 June reviewed"

    Writes: the note, the time and who did it, to the table anomalies.

    Exit codes: 0 resolved, 1 the note is empty, there is no such open
    alert, or the database cannot be used; 2 wrong usage.
    """
    from solvent.bootstrap import open_database
    from solvent.decision_log.registers.alerts import AlertStore
    from solvent.domain.clock import utc_now
    from solvent.settings import read_settings

    with open_database(read_settings()) as url:
        alert = AlertStore(url).resolve(alert_id, note=note, who=who, now=utc_now())
    typer.echo(f"alert {alert.alert_id} ({alert.rule}) is resolved")


@group.command()
def rules(
    file: Annotated[
        Path | None,
        typer.Option("--check", metavar="FILE", exists=True, dir_okay=False, help="Check this file of rules."),
    ] = None,
) -> None:
    """Print the shipped rules, to start your own from; or check a file.

    Example:
        solvent alerts rules > my_rules.toml
        solvent alerts rules --check my_rules.toml

    Writes: the rules to stdout.

    Exit codes: 0 done, 1 the file has a mistake, 2 wrong usage.
    """
    from solvent.monitoring.alert_rules import read_rules, shipped_rules

    if file is None:
        typer.echo(shipped_rules(), nl=False)
        return
    for rule in read_rules(file):
        interval = ", with its whole interval" if rule.whole_interval else ""
        typer.echo(f"{rule.severity:8} {rule.name}: {rule.metric} {rule.direction} {rule.limit:g}{interval}")


def describe(alert: "Alert") -> list[str]:
    """Say in two or three lines what rings, since when, and what to do or what was done."""
    state = "open"
    if alert.resolved_at is not None:
        state = f"resolved {alert.resolved_at:%Y-%m-%d %H:%M} by {alert.resolved_by}"
    elif alert.acknowledged_at is not None:
        state = f"acknowledged by {alert.acknowledged_by}"
    subject = f" {alert.subject}" if alert.subject else ""
    since = f"since {alert.detected_at:%Y-%m-%d %H:%M}"
    lines = [
        f"{alert.alert_id:>4}  {alert.severity:8}  {since}  {state}  {alert.rule}{subject}",
        f"      {alert.description}",
    ]
    note = f"resolved: {alert.resolution_notes}" if alert.is_resolved else f"do: {alert.what_to_do}"
    return [*lines, f"      {note}"]

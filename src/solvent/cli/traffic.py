"""`solvent traffic`."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from pathlib import Path
from typing import Annotated

import typer

from solvent.cli.options import check_file_name
from solvent.cli.progress import shown_progress
from solvent.cli.serving import API_PORT, LOOPBACK
from solvent.cli.timeline_options import FromShare, ScenarioName, UntilShare

DRIFT_PROBABILITY = 0.3


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(name="traffic")(traffic)


def _check_truth(out: Path | None) -> Path | None:
    if out is None:
        return None
    if out.exists():
        raise typer.BadParameter(
            "that file exists, and nothing else knows what it says of earlier decisions: name another"
        )
    return check_file_name(".csv")(out)


def traffic(
    *,
    predictions: Annotated[int, typer.Option("--num-predictions", min=1, help="Applications to send.")] = 100,
    delay: Annotated[float, typer.Option("--delay", min=0.0, help="Seconds between two of them.")] = 0.5,
    drift_prob: Annotated[
        float | None,
        typer.Option(
            "--drift-prob", min=0.0, max=1.0, help="Share of applications that are shifted.", show_default="0.3"
        ),
    ] = None,
    drift_magnitude: Annotated[
        float,
        typer.Option("--drift-magnitude", min=0.0, max=0.99, help="How far: 0.15 is incomes -15 %, credits +15 %."),
    ] = 0.15,
    scenario: ScenarioName = None,
    from_share: FromShare = 0.5,
    until_share: UntilShare = 1.0,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", metavar="FILE", callback=_check_truth, help="CSV file for what was planted."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Folder with raw tables; without it, the demo's.")
    ] = None,
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="Address of the API.")
    ] = f"http://{LOOPBACK}:{API_PORT}",
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", metavar="FILE", exists=True, dir_okay=False, help="File that holds an API key."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="S", help="Which clients, and which are shifted.")] = 0,
) -> None:
    """Send applications to a running API, some of them shifted, or a whole scenario.

    Without --scenario the clients are those of application_test, in random
    order, with their history rows. Some are shifted: AMT_INCOME_TOTAL falls
    by the share of --drift-magnitude; AMT_CREDIT, AMT_ANNUITY and
    AMT_GOODS_PRICE rise by it.

    With --scenario new clients of the simulated lender apply in the order
    of their arrival over two years; the scenario is planted from
    --from-share of that time to --until-share. --truth notes each client's
    later outcomes, counted from the decision on, for `solvent outcomes
    import --as-of`.

    Each application has an Idempotency-Key; while the API answers 503 it is
    sent again under the same key, six times at most.

    Example:
        solvent traffic --num-predictions 2000 --delay 0 --scenario recession --truth truth.csv

    Writes: the file of --truth; the API records a decision for each
    application.

    Exit codes: 0 every application got a decision, 1 one did not, or no API
    answers, 2 wrong usage.
    """
    import httpx

    from solvent.cli.sending import check_api

    if scenario is None and truth is not None:
        raise typer.BadParameter("--truth needs --scenario: only simulated clients have a truth")
    if scenario is not None and (drift_prob is not None or data is not None):
        raise typer.BadParameter("--scenario brings its own clients and changes: leave out --drift-prob and --data")
    headers = {} if key_file is None else {"Authorization": f"Bearer {key_file.read_text().strip()}"}
    with httpx.Client(base_url=url, timeout=30.0, headers=headers) as client, shown_progress() as progress:
        check_api(client)

        def hear(sent: int) -> None:
            progress("sending applications", sent / predictions)

        if scenario is None:
            from solvent.cli.applications import read_bodies
            from solvent.cli.sending import Traffic, send_applications
            from solvent.settings import read_settings

            bodies = read_bodies(data or read_settings().home / "demo" / "world", predictions, seed=seed)
            shifts = Traffic(delay, DRIFT_PROBABILITY if drift_prob is None else drift_prob, drift_magnitude, seed)
            summary = send_applications(client, bodies, shifts, progress=hear)
        else:
            from solvent.cli.scenario_traffic import ScenarioTraffic, send_scenario
            from solvent.world.events.scenarios import Timeline

            timeline = Timeline(scenario=scenario, from_share=from_share, until_share=until_share)
            planted = ScenarioTraffic(predictions, seed, timeline, delay, truth)
            summary = send_scenario(client, planted, progress=hear)
    typer.echo(summary.describe())
    if summary.errors:
        raise typer.Exit(1)

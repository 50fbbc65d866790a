"""`solvent traffic`."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from pathlib import Path
from typing import Annotated

import typer

from solvent.cli.progress import shown_progress
from solvent.cli.serving import API_PORT, LOOPBACK


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(name="traffic")(traffic)


def traffic(
    *,
    predictions: Annotated[int, typer.Option("--num-predictions", min=1, help="Applications to send.")] = 100,
    delay: Annotated[float, typer.Option("--delay", min=0.0, help="Seconds between two of them.")] = 0.5,
    drift_prob: Annotated[
        float, typer.Option("--drift-prob", min=0.0, max=1.0, help="Share of applications that are shifted.")
    ] = 0.3,
    drift_magnitude: Annotated[
        float,
        typer.Option("--drift-magnitude", min=0.0, max=0.99, help="How far: 0.15 is incomes -15 %, credits +15 %."),
    ] = 0.15,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Folder with raw tables; without it, the demo's.")
    ] = None,
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="Address of the API.")
    ] = f"http://{LOOPBACK}:{API_PORT}",
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="S", help="Which clients, and which are shifted.")] = 0,
) -> None:
    """Send applications to a running API, some of them shifted.

    The clients are those of application_test, in random order, with their
    history rows. Some are shifted, so that monitoring has something to
    find: AMT_INCOME_TOTAL falls by the share of --drift-magnitude;
    AMT_CREDIT, AMT_ANNUITY and AMT_GOODS_PRICE rise by it. Each application
    has an Idempotency-Key; while the API answers 503 it is sent again under
    the same key, six times at most.

    Example:
        solvent traffic --num-predictions 200 --delay 0 --drift-prob 0.5 --drift-magnitude 0.4

    Writes: nothing here; the API records a decision for each application.

    Exit codes: 0 every application got a decision, 1 one did not, or no API
    answers, 2 wrong usage.
    """
    import httpx

    from solvent.cli.applications import read_bodies
    from solvent.cli.sending import Traffic, check_api, send_applications
    from solvent.settings import read_settings

    folder = data or read_settings().home / "demo" / "world"
    with httpx.Client(base_url=url, timeout=30.0) as client, shown_progress() as progress:
        check_api(client)
        summary = send_applications(
            client,
            read_bodies(folder, predictions, seed=seed),
            Traffic(delay, drift_prob, drift_magnitude, seed),
            progress=lambda sent: progress("sending applications", sent / predictions),
        )
    typer.echo(summary.describe())
    if summary.errors:
        raise typer.Exit(1)

"""`solvent demo`: its command and its options; `demo_run` goes through the steps of `demo_steps`."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from typing import Annotated

import typer

from solvent.cli.serving import API_PORT, DASHBOARD_PORT


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(name="demo")(demo)


def demo(
    clients: Annotated[
        int, typer.Option("--clients", min=3000, metavar="N", help="Clients of the simulated lender.")
    ] = 20_000,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the API.")] = API_PORT,
    dashboard_port: Annotated[
        int, typer.Option("--dashboard-port", min=1, max=65535, help="Port of the dashboard.")
    ] = DASHBOARD_PORT,
    once: Annotated[bool, typer.Option("--once", help="Go through all steps, then stop.")] = False,
) -> None:
    """Run the whole product on this machine.

    It simulates a lender, checks its tables, trains a model, stores the
    clients' histories, starts the API and the dashboard, sends them some
    applications, and prints the addresses and a curl line to try. A second
    run reuses what is there. Ctrl-C stops everything that it started.

    Example:
        solvent demo --clients 20000

    Writes: the folder demo, the model store and the database in
    SOLVENT_HOME (.solvent without that).

    Exit codes: 0 gone through (--once), 1 a step failed, 2 wrong usage, 78
    a port is taken or a setting refused, 130 stopped by Ctrl-C.
    """
    from solvent.cli.demo_run import run_demo
    from solvent.cli.demo_steps import DemoOptions
    from solvent.settings import read_settings

    run_demo(DemoOptions(clients, port, dashboard_port, once), read_settings())

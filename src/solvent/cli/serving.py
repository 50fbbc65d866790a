"""`solvent api` and `solvent dashboard`."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

import socket
from typing import Annotated

import typer

from solvent.cli.options import BundleFolder
from solvent.errors import SettingsError

LOOPBACK = "127.0.0.1"
API_PORT = 8000
DASHBOARD_PORT = 8501
DASHBOARD_OPTIONS = {
    "--server.headless": "true",
    "--server.fileWatcherType": "none",
    "--server.maxUploadSize": "1",
    "--browser.gatherUsageStats": "false",
    "--client.showErrorDetails": "none",
    "--client.toolbarMode": "viewer",
    "--runner.magicEnabled": "false",
    "--theme.base": "light",
    "--theme.primaryColor": "#14647A",
    "--theme.backgroundColor": "#FFFFFF",
    "--theme.secondaryBackgroundColor": "#F4F6F7",
    "--theme.textColor": "#1F2A33",
    "--theme.borderColor": "#DDE3E7",
    "--theme.baseRadius": "0.5rem",
}
"""No error text and no usage figure leaves the process; colours as `solvent.dashboard.charts.theme` has them."""


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(name="api")(api)
    app.command(name="dashboard")(dashboard)


def api(
    bundle: BundleFolder,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address; beyond loopback it needs keys.")
    ] = LOOPBACK,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = API_PORT,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes that answer requests; one that ends is replaced.")
    ] = 1,
) -> None:
    """Serve decisions over HTTP.

    Paths: /predict, /predict-batch, /model-info, /health/live,
    /health/ready, /docs, /metrics, /admin/reload, /admin/rollback.
    Every answer is recorded in the decision log before it is sent. The
    database is that of SOLVENT_DATABASE_URL, or the embedded PostgreSQL.
    Callers need a key (solvent keys create), except on a loopback address
    of the environment local. SIGHUP reads the bundle again. Ctrl-C finishes
    the requests under way and stops.

    Example:
        solvent api --bundle models/champion --port 8000

    Writes: decisions to the database, log events to stderr.

    Exit codes: 0 stopped, 1 the database cannot be used, 2 wrong usage, 78
    the bundle or a setting is refused.
    """
    from solvent.api.server import serve
    from solvent.settings import read_settings

    serve(bundle, read_settings(), host=host, port=port, workers=workers)


def dashboard(
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address; beyond loopback it asks who looks.")
    ] = LOOPBACK,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the dashboard.")] = DASHBOARD_PORT,
    api_url: Annotated[
        str, typer.Option("--api-url", metavar="URL", help="Address of the API whose state is shown.")
    ] = f"http://{LOOPBACK}:{API_PORT}",
) -> None:
    """Serve the dashboard: web pages in English and French.

    They show what the service does, what it decided and how surely, whether
    model and data still are as they were, and one decision with its reasons.
    On an address that other machines reach it needs
    SOLVENT_DASHBOARD_PASSWORD, or SOLVENT_DASHBOARD_USER_HEADER and
    SOLVENT_DASHBOARD_PROXY_SECRET behind a proxy that signs people in.

    Example:
        solvent dashboard --port 8501

    Writes: counts of decisions by hour; who acknowledged or resolved an
    alert.

    Exit codes: 0 stopped, 1 the pages could not be served, 2 wrong usage,
    78 a setting is refused.
    """
    from solvent.bootstrap import open_database
    from solvent.cli.children import Children
    from solvent.dashboard.exposure import check_exposure
    from solvent.settings import read_settings

    settings = read_settings()
    check_exposure(host, settings)
    check_port(port, option="--port", host=host)
    with open_database(settings) as url, Children() as children:
        environment = dashboard_environment(database_url=url, api_url=api_url)
        child = children.start("dashboard", dashboard_command(port, host=host), environment=environment)
        typer.echo(f"dashboard: http://{host}:{port}")
        child.process.wait()
        child.check()


def dashboard_command(port: int, *, host: str = LOOPBACK) -> tuple[str, ...]:
    """Arguments for Python that serve the pages, without a browser window and without usage statistics."""
    options = {"--server.address": host, "--server.port": str(port), **DASHBOARD_OPTIONS}
    return ("-m", "solvent.dashboard.server", *(part for option in options.items() for part in option))


def dashboard_environment(*, database_url: str, api_url: str) -> dict[str, str]:
    """How the pages learn where the decision log and the API are; see `solvent.dashboard.visit`."""
    return {"SOLVENT_DATABASE_URL": database_url, "SOLVENT_API_URL": api_url}


def check_port(port: int, *, option: str, host: str = LOOPBACK) -> None:
    """Return if we could listen on the port of an address; raises SettingsError naming the option if not."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {host}:{port} ({error.strerror}): stop what runs there, or choose another {option}"
            ) from error

"""`solvent api` and `solvent dashboard`."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

import importlib.util
import socket
from typing import Annotated

import typer

from solvent.cli.options import BundleFolder
from solvent.errors import SettingsError

LOOPBACK = "127.0.0.1"
API_PORT = 8000
DASHBOARD_PORT = 8501


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
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the dashboard.")] = DASHBOARD_PORT,
    api_url: Annotated[
        str, typer.Option("--api-url", metavar="URL", help="Address of the API whose state is shown.")
    ] = f"http://{LOOPBACK}:{API_PORT}",
) -> None:
    """Serve the dashboard: web pages in English and French.

    They show the state of API and database and the figures of the decision
    log.

    Example:
        solvent dashboard --port 8501

    Writes: nothing.

    Exit codes: 0 stopped, 1 the pages could not be served, 2 wrong usage,
    78 a setting is refused.
    """
    from solvent.bootstrap import open_database
    from solvent.cli.children import Children
    from solvent.settings import read_settings

    settings = read_settings()
    check_port(port, option="--port")
    with open_database(settings) as url, Children() as children:
        environment = dashboard_environment(database_url=url, api_url=api_url)
        child = children.start("dashboard", dashboard_command(port), environment=environment)
        typer.echo(f"dashboard: http://{LOOPBACK}:{port}")
        child.process.wait()
        child.check()


def dashboard_command(port: int) -> tuple[str, ...]:
    """Arguments for Python that serve the pages, without a browser window and without usage statistics."""
    page = importlib.util.find_spec("solvent.dashboard.home")
    if page is None or page.origin is None:
        raise SettingsError("the dashboard is not installed: install the package again")
    options = {
        "--server.address": LOOPBACK,
        "--server.port": str(port),
        "--server.headless": "true",
        "--server.fileWatcherType": "none",
        "--browser.gatherUsageStats": "false",
    }
    return ("-m", "streamlit", "run", page.origin, *(part for option in options.items() for part in option))


def dashboard_environment(*, database_url: str, api_url: str) -> dict[str, str]:
    """How the pages learn where the decision log and the API are; see `solvent.dashboard.home`."""
    return {"SOLVENT_DATABASE_URL": database_url, "SOLVENT_API_URL": api_url}


def check_port(port: int, *, option: str) -> None:
    """Return if we could listen on the port of this machine; raises SettingsError naming the option if not."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((LOOPBACK, port))
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {LOOPBACK}:{port} ({error.strerror}): "
                f"stop what runs there, or choose another {option}"
            ) from error

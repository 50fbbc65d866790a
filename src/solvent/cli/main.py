"""The app that holds every command, and the one table from errors to exit codes."""

import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from solvent import __version__
from solvent.cli import (
    alerts,
    benchmark,
    client,
    data,
    database,
    demo,
    drift,
    features,
    keys,
    ledger,
    models,
    monitor,
    outcomes,
    performance,
    portfolio,
    replay,
    retraining,
    serving,
    traffic,
    training,
    world,
)
from solvent.errors import BundleError, SettingsError, SolventError, UnsafeLogError

FAILED = 1
REFUSED_TO_START = 78
INTERRUPTED = 130
TERMINATED = 143

EXIT_CODES: tuple[tuple[type[SolventError], int], ...] = (
    (SettingsError, REFUSED_TO_START),
    (BundleError, REFUSED_TO_START),
    (UnsafeLogError, REFUSED_TO_START),
    (SolventError, FAILED),
)
"""The first branch that fits decides. Wrong usage ends with 2, which is typer's own."""

app = typer.Typer(
    name="solvent", no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False
)
demo.add_to(app)
world.add_to(app)
data.add_to(app)
features.add_to(app)
training.add_to(app)
retraining.add_to(app)
models.add_to(app)
portfolio.add_to(app)
serving.add_to(app)
database.add_to(app)
keys.add_to(app)
ledger.add_to(app)
replay.add_to(app)
client.add_to(app)
traffic.add_to(app)
benchmark.add_to(app)
outcomes.add_to(app)
performance.add_to(app)
monitor.add_to(app)
alerts.add_to(app)
drift.add_to(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def describe(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Score consumer-credit applications, decide, record every decision, and answer for it.

    Start with: solvent demo

    Settings come from SOLVENT_... variables or a file .env (see
    docs/settings.md). Results go to stdout, progress and errors to stderr.

    Exit codes: 0 done, 1 a finding or a failure, 2 wrong usage, 78 refused
    to start, 130 stopped by Ctrl-C.
    """


def main(arguments: Sequence[str] | None = None, *, commands: typer.Typer = app) -> int:
    """Run one command and return its exit code; an expected error is one line on stderr, never a traceback."""
    # Read when LightGBM is loaded: threads that wait by spinning slow training down 14 times on busy cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _leave)
    try:
        commands(arguments, prog_name="solvent")
    except SystemExit as leaving:
        code = int(leaving.code or 0)
        if code == INTERRUPTED:
            _say("stopped")
        return code
    except SolventError as error:
        _say(f"error: {error}")
        return next(code for branch, code in EXIT_CODES if isinstance(error, branch))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _say(f"error: {where}{error.strerror or type(error).__name__}")
        return FAILED
    except Exception as error:  # noqa: BLE001 - the outermost edge
        _say(f"error: unexpected {type(error).__name__}; the details are in {_keep_details()}")
        return FAILED
    return 0


def _leave(_signal: int, _frame: object) -> None:
    sys.exit(TERMINATED)


def _say(line: str) -> None:
    typer.echo(" ".join(line.split()), err=True)


def _keep_details() -> str:
    """Write the traceback to a file that only this user can read: it may quote data."""
    with tempfile.NamedTemporaryFile("w", prefix="solvent-error-", suffix=".log", delete=False) as file:
        file.write(traceback.format_exc())
    return file.name

"""Goes through the steps of the demo, shows them, and serves until it is stopped."""

import fcntl
import os
import shlex
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from solvent.bootstrap import open_database
from solvent.cli.children import Children
from solvent.cli.demo_steps import STEPS, Demo, DemoOptions, Step
from solvent.cli.progress import error_console, shown_progress
from solvent.cli.serving import check_port
from solvent.errors import SettingsError
from solvent.settings import Settings


def run_demo(options: DemoOptions, settings: Settings) -> None:
    """Do every step; then serve until Ctrl-C, or stop at once if `options.once`.

    Raises:
        SettingsError: a port is taken, or another demo runs in the same home; nothing was done.
        SolventError: a step failed; what it started is stopped, and the next run goes on from there.
    """
    check_port(options.port, option="--port")
    check_port(options.dashboard_port, option="--dashboard-port")
    folder = settings.home / "demo"
    with alone_in(folder), open_database(settings) as url, Children() as children:
        demo = Demo(options, settings, url, children)
        for number, step in enumerate(STEPS, start=1):
            _do(step, demo, f"{number}/{len(STEPS)}")
        _print_addresses(demo)
        while not options.once:
            children.check()
            time.sleep(0.5)
    typer.echo("stopped the API, the dashboard and the database")


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the demo's folder for this process, and clear what killed runs left half-made in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(f"another demo runs in {folder}: stop it, or choose another SOLVENT_HOME") from None
        for unfinished in folder.glob(".*"):
            shutil.rmtree(unfinished)
        yield


def _do(step: Step, demo: Demo, number: str) -> None:
    started = time.monotonic()
    console = error_console()
    if console.is_terminal:
        with shown_progress(console) as progress:
            word = step.do(demo, lambda what, share: progress(f"{step.title}: {what}", share))
    else:
        word = step.do(demo, lambda _what, _share: None)
    typer.echo(f"{number}  {step.title:18}{word}  ({time.monotonic() - started:.1f} s)")


def _print_addresses(demo: Demo) -> None:
    example = shlex.quote(os.path.relpath(demo.example))
    key_file = shlex.quote(os.path.relpath(demo.key_file))
    key = f' -H "Authorization: Bearer $(cat {key_file})"' if demo.settings.asks_for_keys else ""
    typer.echo(
        f"\nAPI        {demo.api_url}/docs\n"
        f"Dashboard  {demo.dashboard_url}\n\n"
        f"curl -s {demo.api_url}/predict -H 'Content-Type: application/json'{key} -d @{example}\n"
    )
    if not demo.options.once:
        typer.echo("Ctrl-C stops everything.")

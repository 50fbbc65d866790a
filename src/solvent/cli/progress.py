"""Shows how far a long step is, on stderr: a bar on a terminal, a plain line per part elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from solvent.domain.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console


def error_console() -> "Console":
    """The console of messages, progress and errors: stderr, so that stdout holds results alone."""
    from rich.console import Console  # noqa: PLC0415 - 40 ms that `--help` need not wait for

    return Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def shown_progress(console: "Console | None" = None) -> Iterator[Progress]:
    """Give a callback for the progress of one step."""
    console = console or error_console()
    if not console.is_terminal:
        yield _plain_lines(console)
        return
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console, transient=True) as bars:
        task = bars.add_task("starting", total=1.0)
        yield lambda what, share: bars.update(task, description=what, completed=share)


def _plain_lines(console: "Console") -> Progress:
    shown = ""

    def show(what: str, _share: float) -> None:
        nonlocal shown
        if what != shown:
            console.print(f"  {what}", markup=False)
            shown = what

    return show

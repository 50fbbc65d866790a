"""Options and arguments that several commands share, and their checks."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

DataFolder = Annotated[
    Path,
    typer.Option("--data", metavar="DIR", help="Folder with the raw tables (application_train.csv, bureau.csv, ...)."),
]
BundleFolder = Annotated[Path, typer.Option("--bundle", metavar="BUNDLE", help="Folder of a model bundle.")]
Who = Annotated[
    str, typer.Option("--who", metavar="NAME", default_factory=getpass.getuser, help="Who does it, for the audit.")
]


def check_file_name(*suffixes: str) -> Callable[[Path], Path]:
    """Make the check of an output file: its folder exists, its name ends well; else wrong usage, before any work."""

    def check(out: Path) -> Path:
        if out.suffix not in suffixes:
            raise typer.BadParameter(f"the name must end in {' or '.join(suffixes)}")
        if out.is_dir():
            raise typer.BadParameter(f"{out} is a folder: name a file in it")
        if not out.parent.is_dir():
            raise typer.BadParameter(f"the folder {out.parent} does not exist: make it first")
        return out

    return check

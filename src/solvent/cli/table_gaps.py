"""Warns, before a long computation begins, of history tables that hold no rows."""

from pathlib import Path

import typer

from solvent.tables.reading import find_empty_tables, open_tables
from solvent.tables.schemas import HISTORY_TABLES


def warn_of_gaps(data: Path) -> None:
    """Write a line to stderr for each history table that has no file or no rows; raises TablesError."""
    with open_tables(data) as tables:
        empty = find_empty_tables(tables)
        for name in HISTORY_TABLES:
            if name not in tables.present:
                typer.echo(f"warning: {name} has no file in {data}: it counts as empty for every client", err=True)
            elif name in empty:
                typer.echo(f"warning: {name} has a header and no rows: it counts as empty for every client", err=True)

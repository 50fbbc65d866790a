"""`solvent db`: the schema of the decision log."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from typing import Annotated

import typer

group = typer.Typer(no_args_is_help=True, help="Bring the database to this version's schema, and check it.")


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    from solvent.cli import retention  # noqa: F401 - it adds its command to the group

    app.add_typer(group, name="db")


@group.command()
def upgrade() -> None:
    """Bring the database to the newest schema.

    Also makes the partitions of the coming months and checks the server's
    settings. Safe to run again, and by several processes at once. Without
    SOLVENT_DATABASE_URL it is the embedded PostgreSQL.

    Example:
        solvent db upgrade

    Writes: tables, views and partitions; rows stay as they are.

    Exit codes: 0 up to date, 1 the database is away or locked, 2 wrong
    usage, 78 it is unsafely configured.
    """
    from solvent.bootstrap import open_database, prepare_database
    from solvent.decision_log.database.revisions import find_revision
    from solvent.settings import read_settings

    with open_database(read_settings()) as url:
        prepare_database(url)
        typer.echo(f"the database is at revision {find_revision(url)}")


@group.command()
def downgrade(
    revision: Annotated[
        str,
        typer.Argument(metavar="REVISION", help="Where to; -1 is one back, base removes every table."),
    ] = "-1",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take the database back to an older schema, after asking.

    Tables that the older schema does not have are removed with their rows:
    decisions cannot be recorded again.

    Example:
        solvent db downgrade base --yes

    Writes: removes tables and columns of the newer schema.

    Exit codes: 0 done, 1 not confirmed, or the database is away or locked,
    2 wrong usage.
    """
    from solvent.bootstrap import open_database
    from solvent.decision_log.database.revisions import downgrade as take_back
    from solvent.decision_log.database.revisions import find_revision
    from solvent.settings import read_settings

    if not yes:
        typer.confirm("Rows that the older schema cannot hold are lost. Go on?", abort=True)
    with open_database(read_settings()) as url:
        take_back(url, revision)
        typer.echo(f"the database is at revision {find_revision(url) or 'base: it has no tables'}")


@group.command()
def check() -> None:
    """Check that the database can be relied on.

    It must answer, have this version's schema, be configured to lose no
    acknowledged decision, and give the API no right to change one.

    Example:
        solvent db check

    Writes: nothing.

    Exit codes: 0 all is well, 1 the database is away or at another
    revision, 2 wrong usage, 78 it is unsafely configured: the line says
    what to do.
    """
    from solvent.bootstrap import open_database
    from solvent.decision_log.database.connections import connect_sync
    from solvent.decision_log.database.revisions import newest_revision
    from solvent.decision_log.database.self_check import check_server_settings
    from solvent.settings import read_settings

    with open_database(read_settings()) as url, connect_sync(url, application_name="solvent-check") as connection:
        check_server_settings(connection)
    typer.echo(f"the database is at revision {newest_revision()} and safely configured")

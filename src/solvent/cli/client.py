"""`solvent client`: what is held about one person, and its erasure."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from solvent.cli.options import Who, check_file_name

group = typer.Typer(no_args_is_help=True, help="Export or erase what is held about a client.")
ClientId = Annotated[int, typer.Argument(metavar="ID", help="The client's SK_ID_CURR.")]


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    app.add_typer(group, name="client")


@group.command()
def export(
    client_id: ClientId,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="File to write, ending in .json; stdout if absent."),
    ] = None,
) -> None:
    """Give everything that is held about a client, as JSON.

    Decisions with input, features and reasons, what happened later, stored
    histories, cached answers. Binary values are decoded.

    Example:
        solvent client export 100001 --out client.json

    Writes: FILE, readable by its owner alone.

    Exit codes: 0 done, also for a client of whom nothing is held, 1 the
    database cannot be read, 2 wrong usage.
    """
    from solvent.bootstrap import open_database
    from solvent.decision_log.database.connections import connect_sync
    from solvent.decision_log.reading.client_export import export_client
    from solvent.domain.clock import utc_now
    from solvent.settings import read_settings

    if out is not None:
        check_file_name(".json")(out)
    with open_database(read_settings()) as url, connect_sync(url, application_name="solvent-export") as connection:
        document = export_client(connection, client_id, now=utc_now())
    if out is None:
        typer.echo(document.decode(), nl=False)
        return
    out.touch(mode=0o600)
    out.chmod(0o600)
    out.write_bytes(document)


@group.command()
def erase(
    client_id: ClientId,
    who: Who,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the audit; it must name nobody.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase what is held about a client, for good, after asking.

    Inputs, features, stored histories and cached answers go, with the keys
    that tie them to the decisions. The decisions stay as figures of nobody,
    and the chain still verifies. The ledger says that it was done, under a
    pseudonym.

    Example:
        solvent client erase 100001 --why "request of 2026-11-23"

    Writes: removes the rows; adds an entry to the ledger.

    Exit codes: 0 erased, also if nothing was held, 1 not confirmed, the
    database is away, or the entry is not kept in SOLVENT_AUDIT_FOLDER: mend
    it and run the command again until it ends with 0, 2 wrong usage, 78 no
    usable signing key.
    """
    from solvent.bootstrap import open_database, open_signer
    from solvent.decision_log.keeping.erasure import Instruction, erase_client
    from solvent.domain.clock import utc_now
    from solvent.settings import read_settings

    if not yes:
        typer.confirm("What is held about the client cannot be brought back. Go on?", abort=True)
    settings = read_settings()
    signer = open_signer(settings)
    with open_database(settings) as url:
        erasure = asyncio.run(
            erase_client(
                url, client_id, Instruction(who, why), signer=signer, folder=settings.ledger_folder, now=utc_now()
            )
        )
    if erasure.entry is None:
        typer.echo("nothing is held about this client")
        return
    typer.echo(
        f"erased {erasure.payloads} inputs, {erasure.histories} histories and {erasure.answers} cached answers; "
        f"ledger entry {erasure.entry}"
    )

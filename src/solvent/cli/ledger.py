"""`solvent ledger`: proof that no decision was changed."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from solvent.cli.options import Who

group = typer.Typer(no_args_is_help=True, help="Prove that no recorded decision was changed, added or removed.")


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    app.add_typer(group, name="ledger")


@group.command()
def verify(
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FILE", help="Ledger entries kept elsewhere: a file or a folder of them."),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option("--public-key", metavar="FILE", help="Public half of the key, kept elsewhere."),
    ] = None,
    chains_only: Annotated[
        bool, typer.Option("--chains-only", help="Leave out the inputs and features: faster, most of the bytes.")
    ] = False,
) -> None:
    """Recompute the chain of every writer and hold it against the signed ledger.

    Finds records, payloads, models and ledger entries that were changed,
    removed, added, reordered or taken back to an older state. Without
    --checkpoint and --public-key it uses those of SOLVENT_AUDIT_FOLDER:
    whoever could rewrite the database may have rewritten them too, so keep
    copies elsewhere.

    Example:
        solvent ledger verify --checkpoint ledger-2026-11-23.jsonl --public-key signing.pub

    Writes: nothing.

    Exit codes: 0 nothing was changed, 1 a finding, each on its own line,
    or the database cannot be read, 2 wrong usage, 78 no usable key.
    """
    from solvent.bootstrap import open_database
    from solvent.cli.progress import shown_progress
    from solvent.decision_log.audit.outside import read_outside
    from solvent.decision_log.audit.signing import public_key_path, read_public_key
    from solvent.decision_log.audit.verification import open_snapshot
    from solvent.decision_log.audit.verification import verify as verify_log
    from solvent.settings import read_settings

    settings = read_settings()
    key = read_public_key(public_key or public_key_path(settings.signing_key_file))
    outside = read_outside(checkpoint or settings.ledger_folder)
    with (
        open_database(settings) as url,
        open_snapshot(url) as connection,
        shown_progress() as progress,
    ):
        verification = verify_log(connection, key, outside=outside, with_payloads=not chains_only, progress=progress)
    for finding in verification.findings:
        typer.echo(str(finding))
    typer.echo(verification.describe())
    raise typer.Exit(int(verification.finding_count > 0))


@group.command()
def resume(
    who: Who,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="What was restored, and why; it must name nobody.")],
) -> None:
    """After a restore from a backup: erase again what was erased since.

    Reads in SOLVENT_AUDIT_FOLDER what the ledger said after the state that
    was restored. Clients who were erased since the backup are erased again.
    A signed entry then says what the restore has lost, so that `solvent
    ledger verify` does not take it for manipulation. The API refuses to
    start on a restored database until this was done.

    Example:
        solvent ledger resume --why "disk lost on 2026-11-23, backup of the 22nd"

    Writes: removes the rows; adds entries to the ledger. A second run finds
    nothing to do.

    Exit codes: 0 done, also if nothing was lost, 1 nothing was done, 2 wrong
    usage, 78 no usable signing key.
    """
    from solvent.bootstrap import open_database, open_signer
    from solvent.decision_log.keeping.erasure import Instruction
    from solvent.decision_log.keeping.restoration import resume as resume_ledger
    from solvent.domain.clock import utc_now
    from solvent.settings import read_settings

    settings = read_settings()
    signer = open_signer(settings)
    with open_database(settings) as url:
        done = asyncio.run(
            resume_ledger(url, Instruction(who, why), signer=signer, folder=settings.ledger_folder, now=utc_now())
        )
    typer.echo(
        f"{done.entries} entries and {done.decisions} decisions were lost by the restore; {done.erasures} clients "
        "erased again"
    )


@group.command()
def key() -> None:
    """Make the key that signs the ledger, and show its public half.

    An existing key is never replaced: only its public half is shown.

    Example:
        solvent ledger key

    Writes: SOLVENT_AUDIT_KEY_FILE with mode 0600, and its public half with
    the ending .pub beside it.

    Exit codes: 0 done, 2 wrong usage, 78 the file is there but not usable.
    """
    from solvent.decision_log.audit.signing import make_signer, public_key_path
    from solvent.settings import read_settings

    key_file = read_settings().signing_key_file
    public = make_signer(key_file).public_key
    typer.echo(f"key {public.fingerprint} in {key_file}, public half in {public_key_path(key_file)}")
    typer.echo(public.to_pem().decode().rstrip())

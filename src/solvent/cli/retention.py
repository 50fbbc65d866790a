"""`solvent db retain`: removes what has been kept long enough."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

import asyncio
from typing import Annotated

import typer

from solvent.cli.database import group


@group.command()
def retain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Drop months of rows, and keys, that are older than their rule.

    The rules are SOLVENT_DECISIONS_KEPT_DAYS, _FAILURES_KEPT_DAYS,
    _TELEMETRY_KEPT_DAYS and _CLAIMS_KEPT_HOURS. A month goes when all of it
    is older, decisions with their outcomes. Each removal is an entry of the ledger, so that the chain still
    verifies. Run it daily, with the login that owns the tables; run it with
    --dry-run first.

    Example:
        solvent db retain --dry-run

    Writes: removes partitions and rows; adds entries to the ledger.

    Exit codes: 0 done, 1 not confirmed, or a table is locked or the
    database away, 2 wrong usage, 78 no usable signing key.
    """
    from solvent.bootstrap import open_database, open_signer, retention_rules
    from solvent.decision_log.keeping.retention import carry_out, plan_removals
    from solvent.domain.clock import utc_now
    from solvent.settings import read_settings

    settings = read_settings()
    rules, now = retention_rules(settings), utc_now()
    with open_database(settings) as url:
        removals = plan_removals(url, rules, now)
        for removal in removals:
            typer.echo(f"{removal.partition or removal.table}: about {removal.rows} rows")
        if not removals:
            typer.echo("nothing is old enough")
        if dry_run or not removals:
            return
        if not yes:
            typer.confirm("These rows cannot be brought back. Go on?", abort=True)
        signer, folder = open_signer(settings), settings.ledger_folder
        entries = asyncio.run(carry_out(url, removals, rules, signer=signer, folder=folder, now=now))
    typer.echo(f"removed; ledger entries {entries[0].number} to {entries[-1].number}")

"""`solvent keys`: who may call the API."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from enum import StrEnum
from typing import Annotated

import typer

from solvent.cli.options import Who

group = typer.Typer(no_args_is_help=True, help="Make, list and revoke the keys of the API's callers.")


class KeyScope(StrEnum):
    """The scopes as an option; a test holds them to those of the decision log, which loads slowly."""

    SCORE = "score"
    READ = "read"
    ADMIN = "admin"
    ERASE = "erase"
    OUTCOMES = "outcomes"


def _read_scope(text: str) -> KeyScope:
    try:
        return KeyScope(text)
    except ValueError:
        raise typer.BadParameter(f"there is no such scope: choose from {', '.join(KeyScope)}") from None


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    app.add_typer(group, name="keys")


@group.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is: a system, not a person.")],
    scope: Annotated[
        list[KeyScope],
        typer.Option(
            "--scope",
            metavar="SCOPE",
            parser=_read_scope,
            help=f"What it may do: {', '.join(KeyScope)}; repeat the option for more than one.",
        ),
    ],
    who: Who,
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="Days until it expires.")] = 365,
) -> None:
    """Make a key and print it, once.

    The database keeps only its digest: store the key now, where your
    secrets are. The API knows it within 4 seconds.

    Example:
        solvent keys create loan-desk --scope score --days 90

    Writes: one row of the table api_keys; the key to stdout.

    Exit codes: 0 made, 1 the database cannot be used, 2 wrong usage.
    """
    from datetime import timedelta

    from solvent.bootstrap import open_database
    from solvent.decision_log.registers.api_keys import Scope, create_key
    from solvent.domain.clock import utc_now
    from solvent.settings import read_settings

    with open_database(read_settings()) as url:
        expires_at = utc_now() + timedelta(days=days)
        typer.echo(create_key(url, name, {Scope(one) for one in scope}, expires_at=expires_at, who=who))


@group.command(name="list")
def list_() -> None:
    """List every key that was made, without what is secret.

    Example:
        solvent keys list

    Writes: nothing.

    Exit codes: 0 done, 1 the database cannot be used, 2 wrong usage.
    """
    from solvent.bootstrap import open_database
    from solvent.decision_log.registers.api_keys import list_keys
    from solvent.domain.clock import utc_now
    from solvent.settings import read_settings

    with open_database(read_settings()) as url:
        now = utc_now()
        for key in list_keys(url):
            state = "revoked" if key.revoked_at else "expired" if key.expires_at <= now else "in force"
            scopes = ",".join(key.scopes)
            typer.echo(f"{key.key_id}  {state:8}  until {key.expires_at:%Y-%m-%d}  {scopes}  {key.name}")


@group.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The twelve characters after slv_.")], who: Who
) -> None:
    """End a key: every instance refuses it within 5 seconds.

    Example:
        solvent keys revoke 3fa9c1d20b77

    Writes: the time and who did it, to the table api_keys.

    Exit codes: 0 revoked, also if it was before; 1 there is no such key, or
    the database cannot be used; 2 wrong usage.
    """
    from solvent.bootstrap import open_database
    from solvent.decision_log.registers.api_keys import revoke_key
    from solvent.settings import read_settings

    with open_database(read_settings()) as url:
        revoked = revoke_key(url, key_id, who=who)
    before = "" if revoked.is_new else f" already, since {revoked.at:%Y-%m-%d %H:%M} UTC by {revoked.who}"
    typer.echo(f"the key {key_id} is revoked{before}")

"""`solvent model`: the registry of models."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from pathlib import Path
from typing import Annotated

import typer

from solvent.cli import promotion, shadow

group = typer.Typer(no_args_is_help=True, help="See which models there are, and choose the champion.")


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    promotion.add_to(group)
    shadow.add_to(group)
    app.add_typer(group, name="model")


@group.command(name="list")
def show() -> None:
    """List every model version, the newest first.

    Each line has its aliases (champion, challenger) and its AUC on the test
    split.

    Example:
        solvent model list

    Writes: nothing.

    Exit codes: 0 listed, 1 the model store cannot be used, 2 wrong usage.
    """
    from solvent.cli.model_store import open_registry
    from solvent.settings import read_settings

    models = open_registry(read_settings()).list_models()
    if not models:
        typer.echo("no models yet: run `solvent train --data DIR --out BUNDLE`")
        return
    typer.echo(f"{'version':>7}  {'bundle':20}  {'trained (UTC)':16}  {'AUC':6}  aliases")
    for model in models:
        trained = f"{model.created_at:%Y-%m-%d %H:%M}"
        aliases = ", ".join(model.aliases)
        typer.echo(f"{model.version:7}  {model.bundle_version:20}  {trained}  {model.auc:.4f}  {aliases}".rstrip())


@group.command()
def sign(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder of the bundle.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="Ed25519 key in PEM, mode 0600.")],
) -> None:
    """Sign a bundle, for services that take signed bundles only.

    The signature covers the manifest, and with it the digest of every file.
    Services that know the public half by SOLVENT_BUNDLE_PUBLIC_KEY refuse
    every bundle without it. SOLVENT_AUDIT_KEY_FILE=FILE solvent ledger key
    makes a key with its public half.

    Example:
        solvent model sign models/champion --key release.key

    Writes: manifest.sig in the bundle.

    Exit codes: 0 signed, 2 wrong usage, 78 the bundle is damaged or the key
    cannot be used.
    """
    from solvent.bundle.files import read_bundle
    from solvent.bundle.signature import sign_bundle
    from solvent.decision_log.audit.signing import read_signer

    signer = read_signer(key)
    version = read_bundle(bundle).version
    sign_bundle(bundle, signer.sign)
    typer.echo(f"{version} signed with key {signer.public_key.fingerprint}")

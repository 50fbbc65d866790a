"""`solvent model compare | promote | rollback | gates`: which model is champion, and why."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solvent.cli.options import Who

if TYPE_CHECKING:
    from solvent.domain.promotion import Worsening
    from solvent.settings import Settings
    from solvent.training.promotion import Verdict
    from solvent.training.tracking import ChampionChange, ModelRegistry

Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the audit.")]
Version = Annotated[str, typer.Argument(metavar="VERSION", help="Number of a version, champion or challenger.")]


def add_to(group: typer.Typer) -> None:
    """Add the commands to `solvent model`."""
    for command in (compare, promote, rollback, gates):
        group.command()(command)


def compare(
    champion: Annotated[
        str, typer.Argument(metavar="A", help="Number of a version, champion or challenger.")
    ] = "champion",
    challenger: Annotated[str, typer.Argument(metavar="B", help="The one that would take its place.")] = "challenger",
) -> None:
    """Compare two versions on the rows that both held out.

    Each line is a figure of A and of B, by how much B is worse, and the 95 %
    interval of that difference; a minus means better. Then the gates that B
    does not pass.

    Example:
        solvent model compare 1 2

    Writes: nothing.

    Exit codes: 0 B passes every gate, 1 it does not, or there is no such
    version, 2 wrong usage, 78 the file of gates is wrong.
    """
    from solvent.cli.model_store import open_registry
    from solvent.settings import read_settings
    from solvent.training.gates import read_gates
    from solvent.training.promotion import compare_versions

    settings = read_settings()
    registry = open_registry(settings)
    versions = (registry.find_version(name) for name in (champion, challenger))
    verdict = compare_versions(registry, *versions, gates=read_gates(settings.promotion_gates))
    for line in describe_verdict(verdict):
        typer.echo(line)
    raise typer.Exit(int(bool(verdict.refusals)))


def promote(
    version: Version,
    why: Why,
    who: Who,
    accept_selection: Annotated[
        bool, typer.Option("--accept-selection", help="Accept rows that the champion chose; recorded with who and why.")
    ] = False,
) -> None:
    """Make a version the champion, if it passes the gates.

    It is compared with the champion on the rows that both held out. Worse by
    more than a gate in AUC, calibration, cost or fairness, or an evaluation
    that is missing or was altered: refused, with the gate named.

    A retrained model learnt from the outcomes of accepted applicants: how it
    ranks those whom the champion refused cannot be seen (gate population).
    --accept-selection promotes it nevertheless, and the audit says so.

    Example:
        solvent model promote 2 --why "better recall at the same cost"
        solvent model promote 3 --why "2026 vintage; limits raised by 5 %" --accept-selection

    Writes: the alias in the model store; an audit entry with who, when and
    why, also of a refusal; the bundle below models in the home folder, where
    the link models/champion names it. Running it again changes nothing.

    Exit codes: 0 promoted, or champion already, 1 refused, no such version or
    the store cannot be used, 2 wrong usage, 78 the file of gates is wrong.
    """
    from solvent.cli.model_store import open_registry
    from solvent.settings import read_settings
    from solvent.training.gates import read_gates
    from solvent.training.promotion import promote as promote_version

    settings = read_settings()
    registry = open_registry(settings)
    number = registry.find_version(version)
    gates = read_gates(settings.promotion_gates)
    change = promote_version(registry, number, gates=gates, who=who, why=why, accept_selection=accept_selection)
    typer.echo(f"version {number} is champion already: nothing changed" if change is None else describe(change))
    _publish(registry, number, settings)


def rollback(why: Why, who: Who) -> None:
    """Make the champion's predecessor champion again.

    Example:
        solvent model rollback --why "recall fell after the release"

    Writes: the alias in the model store, an audit entry with who, when and
    why, and the link models/champion in the home folder.

    Exit codes: 0 rolled back, 1 there is no predecessor, its bundle was
    altered or the store cannot be used, 2 wrong usage.
    """
    from solvent.cli.model_store import open_registry
    from solvent.settings import read_settings
    from solvent.training.promotion import rollback as go_back

    settings = read_settings()
    registry = open_registry(settings)
    change = go_back(registry, who=who, why=why)
    typer.echo(describe(change))
    _publish(registry, change.to_version, settings)


def gates(
    file: Annotated[
        Path | None,
        typer.Option("--check", metavar="FILE", exists=True, dir_okay=False, help="Check this file of gates."),
    ] = None,
) -> None:
    """Print the shipped gates of promotion, to start your own from; or check a file.

    Example:
        solvent model gates > my_gates.toml

    Writes: the gates to stdout.

    Exit codes: 0 done, 2 wrong usage, 78 the file has a mistake.
    """
    from solvent.training.gates import read_gates, shipped_gates

    if file is None:
        typer.echo(shipped_gates(), nl=False)
        return
    read_gates(file)
    typer.echo(f"{file} holds every gate")


def describe(change: "ChampionChange") -> str:
    """Say which version is champion now."""
    before = "none" if change.from_version is None else f"version {change.from_version}"
    accepted = f", who accepts: {', '.join(change.gates)}" if change.gates else ""
    return f"champion: version {change.to_version} (before: {before}); recorded for {change.who}{accepted}"


def describe_verdict(verdict: "Verdict") -> list[str]:
    """Say how two versions compare, and what stands in the way of the second."""
    pair = f"version {verdict.challenger} beside version {verdict.champion}"
    lines = [f"{pair} on {verdict.rows:,} held-out rows of both, {verdict.defaults:,} defaults"]
    if verdict.worsenings:
        lines.append(f"{'':28}  {'A':>10}  {'B':>10}  B is worse by (95 % interval)")
    lines += [describe_worsening(one) for one in verdict.worsenings]
    lines += [f"refused by {one.gate}: {one.reason}" for one in verdict.refusals]
    return lines if verdict.refusals else [*lines, "passes every gate"]


def describe_worsening(one: "Worsening") -> str:
    """One figure of both models, and by how much the second is worse."""
    name = f"{one.gate} by {one.subject}" if one.subject else one.gate.value
    digits = 0 if one.champion >= 100 else 4
    figures = f"{one.champion:>10,.{digits}f}  {one.challenger:>10,.{digits}f}"
    return f"{name:28}  {figures}  {one.worse_by:+.4f} ({one.low:+.4f} to {one.high:+.4f})"


def _publish(registry: "ModelRegistry", version: int, settings: "Settings") -> None:
    from solvent.training.publication import publish_champion

    link = publish_champion(registry.read_bundle(version), settings.models_folder)
    typer.echo(f"serve it: `solvent api --bundle {link}`, or POST /admin/reload where that runs already")

"""`solvent model shadow`: the shadow model beside the one that decided."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from solvent.errors import DecisionLogError

if TYPE_CHECKING:
    from solvent.training.shadow_figures import ShadowFigures


def add_to(group: typer.Typer) -> None:
    """Add the command to `solvent model`."""
    group.command()(shadow)


def shadow(
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", metavar="TIME", help="Matured by this time (UTC); without it, now.")
    ] = None,
) -> None:
    """Compare the shadow model with the one that decided, on the same decisions.

    How often they agree, at once; AUC, calibration error and cost with 95 %
    intervals where outcomes are final. One block for each pair of models,
    one decision per client. SOLVENT_SHADOW_BUNDLE names the shadow model.

    Example:
        solvent model shadow

    Writes: nothing.

    Exit codes: 0 shown, 1 no shadow model has scored a decision, or the
    database cannot be used, 2 wrong usage.
    """
    from solvent.bootstrap import open_database, restore_model
    from solvent.decision_log.database.connections import connect_sync
    from solvent.decision_log.reading.shadowed import count_shadowed, read_shadowed
    from solvent.domain.clock import utc_now
    from solvent.settings import read_settings
    from solvent.training.shadow_figures import measure_shadow

    moment = utc_now() if as_of is None else as_of.replace(tzinfo=UTC)
    with open_database(read_settings()) as url, connect_sync(url, application_name="solvent-shadow-report") as log:
        pairs = count_shadowed(log)
        if not pairs:
            raise DecisionLogError("no shadow model has scored a decision: set SOLVENT_SHADOW_BUNDLE, restart the API")
        for decided, beside, _ in pairs:
            policy = restore_model(log, decided).bundle.policy
            found = list(read_shadowed(log, decided, beside, definition=policy.default_definition, as_of=moment))
            if found:
                typer.echo(f"{beside} beside {decided}")
                typer.echo("\n".join(describe(measure_shadow(found, policy.costs))))


def describe(figures: "ShadowFigures") -> list[str]:
    """Say how two models compare on the same decisions."""
    from solvent.cli.promotion import describe_worsening

    final = figures.challenge
    disagreements = (
        f"{figures.only_shadow_refuses:.1%} refused by the shadow model alone, "
        f"{figures.only_shadow_approves:.1%} approved by it alone"
    )
    lines = [
        f"  {figures.decisions:,} decisions, one per client: {figures.agreeing:.1%} alike, {disagreements}",
        f"  mean probability of default {figures.mean_probability:.4f}, shadow {figures.shadow_mean_probability:.4f}",
        f"  {final.rows:,} with a final outcome (accepted applicants in the main), {final.defaults:,} defaults",
    ]
    return lines + [f"  {describe_worsening(one)}" for one in final.worsenings]

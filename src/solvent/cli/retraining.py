"""`solvent retrain`: a challenger from what became of earlier decisions."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from dataclasses import replace as replace_in
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solvent.cli.progress import shown_progress

if TYPE_CHECKING:
    from solvent.bundle.files import Bundle
    from solvent.settings import Settings
    from solvent.training.population import Population
    from solvent.training.report import TrainingResult
    from solvent.training.retraining import RetrainingRequest


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(retrain)


def retrain(
    out: Annotated[Path, typer.Option("--out", metavar="BUNDLE", help="Folder of the bundle to write.")],
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", metavar="TIME", help="Matured by this time (UTC); without it, now.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, metavar="S", help="The champion's, which is the default; no other.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the bundle that is there.")] = False,
) -> None:
    """Train a challenger on the matured decisions of the log.

    Features are taken as they were recorded, outcomes from `solvent outcomes
    import`, one decision per client: the last one. Only decisions by models
    with the champion's features count. The challenger is compared with the
    champion on the same held-out decisions; a worse one is kept, and refused
    by `solvent model promote`.

    Outcomes of refused applicants are rare: without them the challenger
    learns from accepted ones only, the report says so, and it is promoted
    with --accept-selection alone. What counts as normal for drift comes from
    all decisions of those months, refused ones too.

    Example:
        solvent retrain --out models/challenger

    Writes: the bundle, complete or not at all; a version in the model store,
    which becomes challenger. Neither holds a row that can be tied to a
    client: `solvent client erase` leaves nothing behind in them.

    Exit codes: 0 trained, 1 no champion, too few matured decisions, or the
    log or the model store cannot be used, 2 wrong usage, 78 BUNDLE may not
    be written.
    """
    from solvent.cli.model_store import open_registry
    from solvent.cli.promotion import describe_verdict
    from solvent.cli.training import describe_training
    from solvent.domain.clock import utc_now
    from solvent.settings import read_settings
    from solvent.training.gates import read_gates
    from solvent.training.held_out import draw_pseudonyms
    from solvent.training.promotion import compare_versions
    from solvent.training.retraining import RetrainingRequest

    settings = read_settings()
    gates = read_gates(settings.promotion_gates)
    registry = open_registry(settings)
    champion = registry.find_version("champion")
    moment = utc_now() if as_of is None else as_of.replace(tzinfo=UTC)
    result = _train(registry.read_bundle(champion), RetrainingRequest(out, moment, seed, replace), settings)
    version = registry.log(result, who="solvent retrain", pseudonym=draw_pseudonyms())
    lines = describe_training(replace_in(result, registered_version=version))
    population = result.report.population
    if population is not None:
        lines.insert(1, describe_population(population))
    lines += describe_verdict(compare_versions(registry, champion, version, gates=gates))
    for line in lines:
        typer.echo(line)


def describe_population(population: "Population") -> str:
    """Say what the challenger learnt from."""
    period = f"{population.first_decided_at:%Y-%m-%d} to {population.last_decided_at:%Y-%m-%d}"
    of_whom = (
        "accepted applicants only: what it says of applicants like the refused ones is extrapolated"
        if population.is_accepted_only
        else f"{population.refused:,} of them on refused applicants, whose outcome is known nevertheless"
    )
    thin = population.thin_months
    left_out = f"; left out, with too many outcomes missing: {', '.join(thin)}" if thin else ""
    return f"from {population.decisions:,} matured decisions, {period}, {of_whom}{left_out}"


def _train(champion: "Bundle", request: "RetrainingRequest", settings: "Settings") -> "TrainingResult":
    from solvent.bootstrap import open_database
    from solvent.decision_log.database.connections import connect_sync
    from solvent.decision_log.reading.matured import MaturedDecisions
    from solvent.training.retraining import retrain as retrain_on

    with (
        open_database(settings) as url,
        connect_sync(url, application_name="solvent-retrain") as connection,
        shown_progress() as progress,
    ):
        return retrain_on(champion, MaturedDecisions(connection), request, progress=progress)

"""`solvent monitor prove`: the monitors ring when they should, and only then."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from solvent.cli.options import BundleFolder
from solvent.cli.progress import shown_progress

DETECTION_GOAL = 0.95
FALSE_ALARM_GOAL = 0.01


def prove(
    *,
    bundle: BundleFolder,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Result lines; what is in it is not done again.")],
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", metavar="NAME", help="Prove this one; may be repeated. Else all.")
    ] = None,
    repetitions: Annotated[int, typer.Option("--repetitions", min=0, help="Trials of each scenario.")] = 20,
    planted: Annotated[
        int, typer.Option("--planted", min=250, help="Decisions of a trial after the scenario began.")
    ] = 2_000,
    quiet_windows: Annotated[int, typer.Option("--quiet-windows", min=0, help="Windows without anything.")] = 1_000,
    quiet_clients: Annotated[
        int, typer.Option("--quiet-clients", min=1_000, help="Clients that those windows are drawn from.")
    ] = 100_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the worlds; not that of the training data.")] = 1_000,
) -> None:
    """Prove that monitors ring when something is planted, and are silent otherwise.

    Every scenario of the simulated lender is drawn, scored with the bundle,
    recorded in a decision log of its own and watched: monitors look at the
    last 1,000 decisions, every 250. * must ring, + may, a number is the median
    delay in decisions.

    Example:
        solvent monitor prove --bundle models/first --out evidence/monitors.jsonl

    Writes: lines to FILE as results come; stopped, it goes on from there.

    Exit codes: 0 every goal is met (95 % of the trials ring where they must,
    1 % at most where they must not), 1 one is missed, or FILE holds no trial
    or no quiet window, 2 wrong usage.
    """
    from solvent.bootstrap import load_model, prepare_database
    from solvent.decision_log.database.embedded import start_embedded
    from solvent.proof.results import find_faults, render_table
    from solvent.proof.run import Proof, ProofPlan
    from solvent.proof.trials import WATCHED
    from solvent.world.events.scenarios import SCENARIOS

    unknown = set(scenario or ()) - set(SCENARIOS)
    if unknown:
        raise typer.BadParameter(f"unknown scenario: choose from {', '.join(SCENARIOS)}")
    plan = ProofPlan(tuple(scenario or SCENARIOS), repetitions, planted, quiet_windows, quiet_clients, seed)
    with TemporaryDirectory(prefix="solvent-proof-") as work, start_embedded(Path(work) / "pg") as server:
        prepare_database(server.url)
        proof = Proof(load_model(bundle), plan, url=server.url, folder=Path(work) / "world", out=out)
        with shown_progress() as progress:
            results = proof.run(progress=progress)
    for line in render_table(results, WATCHED):
        typer.echo(line)
    faults = find_faults(results, WATCHED, detection=DETECTION_GOAL, false=FALSE_ALARM_GOAL)
    for fault in faults:
        typer.echo(f"missed: {fault}")
    if faults:
        raise typer.Exit(1)

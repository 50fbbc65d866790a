"""Options of the commands that plant a scenario, and their check."""

from typing import Annotated

import typer


def _check_scenario(name: str | None) -> str | None:
    from solvent.world.events.scenarios import SCENARIOS  # noqa: PLC0415 - `--help` need not wait for numpy

    if name is not None and name not in SCENARIOS:
        raise typer.BadParameter(f"there is no such scenario: choose one of {', '.join(SCENARIOS)}")
    return name


ScenarioName = Annotated[
    str | None,
    typer.Option("--scenario", metavar="NAME", callback=_check_scenario, help="See `solvent world scenarios`."),
]
FromShare = Annotated[
    float,
    typer.Option("--from-share", min=0.0, max=1.0, help="Share of the time before the scenario begins."),
]
UntilShare = Annotated[
    float,
    typer.Option("--until-share", min=0.0, max=1.0, help="Share of the time at which it ends."),
]

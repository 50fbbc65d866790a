"""The history of a client in a few figures, from its latents: what its rows in the history tables must add up to."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvent.world.application.copula import Latents
from solvent.world.application.hidden import Presence
from solvent.world.drawing.marginals import Flags, Floats
from solvent.world.drawing.sentinels import MISSING
from solvent.world.published import Facts


@dataclass(frozen=True)
class ClientFigures:
    """History aggregates of n clients by the names of `marginals.json`, float64 (n,), NaN where there are none."""

    values: Mapping[str, Floats]

    def __getitem__(self, name: str) -> Floats:
        return self.values[name]

    def count(self, name: str) -> Floats:
        """Return the figure with 0 for none."""
        return np.nan_to_num(self.values[name])

    def has(self, name: str) -> Flags:
        """Return a flag per client: the figure exists."""
        return ~np.isnan(self.values[name])


def draw_figures(facts: Facts, presence: Presence, latents: Latents, hidden: Mapping[str, Flags]) -> ClientFigures:
    """Return the history aggregates that the latents stand for."""
    names = [name for name in latents.copula.names if name in facts.client and not name.endswith(MISSING)]
    return ClientFigures(
        {name: np.where(hidden[name], np.nan, facts.client[name].draw(presence.seen(latents, name))) for name in names}
    )

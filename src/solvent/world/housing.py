"""The housing columns: averages from the copula, MODE and MEDI close to them, as often equal as in the real table."""

import numpy as np

from solvent.world.copula import Latents
from solvent.world.draws import Draws
from solvent.world.hidden import Presence
from solvent.world.marginals import Flags, Floats, Marginal, Table, numbers
from solvent.world.published import Facts

CORRELATION = 0.995
"""Of the latents of MODE or MEDI with the one of AVG (rank correlations of .97 to .99 between the columns)."""

DECIMALS = 4


def add_housing(table: Table, facts: Facts, drawn: tuple[Presence, Latents], draws: Draws) -> None:
    """Add the *_MODE and *_MEDI columns of the 14 averages in `table`; all three are missing together."""
    presence, latents = drawn
    for name, equal in facts.relations["housing_equal"].items():
        average = np.round(numbers(table, f"{name}_AVG"), DECIMALS)
        known = facts.relations.get(f"{name}_AVG")
        if known is not None:
            average = _nearest(average, np.asarray(known["values"], dtype=np.float64))
        table[f"{name}_AVG"] = average
        latent = presence.seen(latents, f"{name}_AVG")
        for kind, share in equal.items():
            other = _close_value(facts.application[f"{name}_{kind}"], latent, draws)
            same = draws.chance(share, average.shape[0]) & _allowed(facts.application[f"{name}_{kind}"], average)
            table[f"{name}_{kind}"] = np.where(np.isnan(average) | same, average, other)
    table["TOTALAREA_MODE"] = np.round(numbers(table, "TOTALAREA_MODE"), DECIMALS)


def _nearest(values: Floats, allowed: Floats) -> Floats:
    """Return each value moved to the nearest allowed one (floors and entrances come in fixed fractions)."""
    middles = (allowed[1:] + allowed[:-1]) / 2
    return np.where(np.isnan(values), np.nan, allowed[np.searchsorted(middles, np.nan_to_num(values))])


def _close_value(marginal: Marginal, latent: Floats, draws: Draws) -> Floats:
    moved = CORRELATION * latent + np.sqrt(1 - CORRELATION**2) * draws.normal(latent.shape[0])
    return np.asarray(np.round(marginal.draw(moved), DECIMALS), dtype=np.float64)


def _allowed(marginal: Marginal, values: Floats) -> Flags:
    if not marginal.discrete:
        return np.ones(values.shape[0], dtype=np.bool_)
    return np.isin(values, np.asarray(marginal.values, dtype=np.float64))

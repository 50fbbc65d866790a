"""The housing columns: averages from the copula, MODE and MEDI derived from them, as equal as in the real table."""

import numpy as np

from solvent.world.draws import Draws
from solvent.world.marginals import Floats, Table, numbers
from solvent.world.published import Facts

SPREAD = 0.03
"""Relative distance of MODE or MEDI from AVG where they differ (their rank correlation is .97 to .99)."""

DECIMALS = 4


def add_housing(table: Table, facts: Facts, draws: Draws) -> None:
    """Add the *_MODE and *_MEDI columns of the 14 averages in `table`; all three are missing together."""
    for name, equal in facts.relations["housing_equal"].items():
        average = np.round(numbers(table, f"{name}_AVG"), DECIMALS)
        known = facts.relations.get(f"{name}_AVG")
        if known is not None:
            average = _nearest(average, numbers(known, "values"))
        table[f"{name}_AVG"] = average
        for kind, share in equal.items():
            table[f"{name}_{kind}"] = _derived(average, share, draws)
    table["TOTALAREA_MODE"] = np.round(numbers(table, "TOTALAREA_MODE"), DECIMALS)


def _nearest(values: Floats, allowed: Floats) -> Floats:
    """Return each value moved to the nearest allowed one (floors and entrances come in fixed fractions)."""
    middles = (allowed[1:] + allowed[:-1]) / 2
    return np.where(np.isnan(values), np.nan, allowed[np.searchsorted(middles, np.nan_to_num(values))])


def _derived(average: Floats, share_equal: float, draws: Draws) -> Floats:
    moved = average * (1 + SPREAD * draws.normal(average.shape[0]))
    other = np.round(np.clip(moved, 0.0, 1.0), DECIMALS)
    return np.where(draws.uniform(average.shape[0]) < share_equal, average, other)

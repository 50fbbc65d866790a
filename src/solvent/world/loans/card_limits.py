"""The limits of a card: the one that was granted, and the largest it ever had."""

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Floats
from solvent.world.drawing.money import to_step

LIMIT_STEP = 22_500.0
"""Limits are multiples of this (spikes of AMT_CREDIT_LIMIT_ACTUAL in history_rows.json), large ones of twice this."""

SMALLEST_LIMIT = 2 * LIMIT_STEP

_FIRST_LIMITS = np.array([45_000.0, 67_500.0, 67_500.0, 112_500.0, 112_500.0, 180_000.0, 180_000.0])
"""First limits of cards raised later: an assumption, values that more statements than largest limits have."""

_LATER_RAISED = 0.24
"""Share of the cards whose largest limit is above the granted one (assumption: about a quarter)."""


def largest_limits(figure: Floats) -> Floats:
    """Return the published figure card_limit_max in the steps of limits."""
    return to_step(figure, np.where(figure > 300_000, 2 * LIMIT_STEP, LIMIT_STEP))


def granted_limits(largest: Floats, draws: Draws) -> Floats:
    """Return the first limit of cards with these largest ones: the same, or for some a usual one below it."""
    size = largest.shape[0]
    usual = _FIRST_LIMITS[np.floor(_FIRST_LIMITS.shape[0] * draws.uniform(size)).astype(np.int64)]
    lower = np.where(largest > usual, usual, np.minimum(SMALLEST_LIMIT, largest))
    return np.where(draws.chance(_LATER_RAISED, size), lower, largest)

"""The round amounts of earlier applications: what prices, cash loans and down payments are multiples of.

The shares were measured on 5,542 earlier applications of real clients.
"""

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Floats
from solvent.world.drawing.money import CENT_STEP, ROUND_STEP, to_step

_PRICE_STEPS = np.array([4_500.0, 450.0, 4_500.0, 450.0, 45.0, CENT_STEP])
_PRICE_PLACES, _PRICES_JUST_BELOW = (0.05, 0.12, 0.15, 0.22, 0.45), 0.12
_JUST_BELOW = 45.0
"""Cumulated shares of the prices by their step; the first, 12 % in all, lie 45 below it as prices in shops do."""

_CASH_PLACES = (0.22, 0.5, 0.82)
_LARGE_CASH = 170_000.0
"""Cumulated shares of the cash loans stated in 225,000 (if large), 45,000 and 22,500: 26, 63 and 80 % are multiples."""

_DOWN_PLACES = (0.3, 0.5)
"""Cumulated shares of the free down payments stated in 4,500 and in 450."""


def goods_prices(asked: Floats, draws: Draws) -> Floats:
    """Return the prices as shops state them, float64 (m,)."""
    which = draws.uniform(asked.shape[0])
    step = _PRICE_STEPS[np.searchsorted(_PRICE_PLACES, which)]
    price = to_step(asked, step) - np.where(which < _PRICES_JUST_BELOW, _JUST_BELOW, 0.0)
    return np.where(price > 0.5 * asked, price, to_step(asked, CENT_STEP))


def cash_steps(asked: Floats, draws: Draws) -> Floats:
    """Return what the amounts of cash loans are multiples of, float64 (m,)."""
    which = draws.uniform(asked.shape[0])
    large = (asked > _LARGE_CASH) & (which < _CASH_PLACES[0])
    fine = np.where(which < _CASH_PLACES[1], 45_000.0, np.where(which < _CASH_PLACES[2], 22_500.0, ROUND_STEP))
    return np.where(large, 225_000.0, fine)


def down_payments(asked: Floats, share: Floats, draws: Draws) -> Floats:
    """Return the down payments, float64 (m,): a tenth or a fifth is rounded up to 4.5, others are round themselves."""
    which = draws.uniform(asked.shape[0])
    paid = asked * share
    fixed = (share == 0.1) | (share == 0.2)
    rounder = np.where(which < _DOWN_PLACES[0], 4_500.0, np.where(which < _DOWN_PLACES[1], 450.0, CENT_STEP))
    stated = to_step(paid, rounder)
    up = np.ceil(paid / CENT_STEP - 1e-9) * CENT_STEP
    return np.where(fixed, up, np.where(stated > 0, stated, to_step(paid, CENT_STEP)))

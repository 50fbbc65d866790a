"""The monthly statements of planned cards: balance = last balance + interest + draws - payment, month by month."""

from dataclasses import dataclass

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Flags, Floats, Integers
from solvent.world.drawing.money import CENT_STEP, to_step, to_thousandth
from solvent.world.payments.card_plans import CardPlans

MONTHLY_INTEREST = 0.037
"""Median of (balance - last balance - draws + payments) / last balance, of 12,962 real statements."""

_MINIMUM_RATES = np.array([0.05, 0.06, 0.07])
_MINIMUM_OF_BALANCE = 0.3
"""Share of the cards with a minimum payment of 5 % of the balance instead of the limit: tuned so that two thirds of the
minimum payments are 5, 6 or 7 % of the limit."""

_LIMIT_OF_LARGE_MINIMUM = 450_000.0
"""Above this limit the minimum is a part of the balance: 1 % of the minima exceed 23,347 (history_rows.json)."""

_PAYMENT_STEPS, _STEP_PLACES = np.array([9000.0, 2250.0, 450.0, 0.045]), (0.25, 0.6, 0.86)
"""Multiples in which more than the minimum is paid, and their cumulated shares (assumed; 9 % of payments are 9,000)."""

_LARGEST_USE = 1.03
_DRAW_STEP, _LARGE_STEP = 450.0, 4500.0


@dataclass(frozen=True)
class CardBalances:
    """Amounts of n statements in card order, float64 (n,)."""

    balance: Floats
    minimum: Floats
    paid: Floats
    drawn: Floats
    interest: Floats


@dataclass(frozen=True)
class _Habits:
    """Random numbers of every card (c,) and statement (n,), drawn before the months are walked through."""

    minimum_rate: Floats
    of_balance: Flags
    leftover: Floats
    payment_factor: Floats
    payment_step: Floats
    skipped: Floats
    settled: Floats
    amount: Floats
    most: Floats
    wave: Floats


def walk_months(plans: CardPlans, draws: Draws) -> CardBalances:
    """Return the statements; three walks before it correct the level, so that the mean use is the planned one."""
    habits = _draw_habits(plans, draws)
    level = plans.level
    for _ in range(3):
        reached = _mean_use(plans, _walk(plans, level, habits).balance)
        level = np.minimum(level * np.clip(plans.use / np.maximum(reached, 1e-6), 0.4, 2.5), _LARGEST_USE)
    return _walk(plans, level, habits)


def _draw_habits(plans: CardPlans, draws: Draws) -> _Habits:
    cards, size = plans.client.shape[0], plans.month.shape[0]
    card = plans.rows.owner
    rate = _MINIMUM_RATES[np.searchsorted([0.8, 0.93], draws.uniform(cards))]
    leftover = np.where(draws.chance(0.4, cards), 270.0, to_step(np.exp(4.9 + 0.8 * draws.normal(cards)), 0.045))
    exact = draws.chance((0.75 * draws.uniform(cards))[card], size)
    generous = np.exp(-1.2 + 1.4 * draws.normal(cards))[card]
    factor = np.where(exact, 1.0, 1.0 + generous * draws.exponential(1.0, size))
    step = np.where(exact, 0.005, _PAYMENT_STEPS[np.searchsorted(_STEP_PLACES, draws.uniform(size))])
    length = 8.0 + 20.0 * draws.uniform(cards)
    wave = 0.12 * np.sin(6.28 * (draws.uniform(cards)[card] + plans.rows.position / length[card]))
    of_balance = draws.chance(_MINIMUM_OF_BALANCE, cards)
    skipped, settled, amount = draws.uniform(size), draws.uniform(size), draws.uniform(size)
    most = 180_000.0 * np.exp(0.45 * draws.normal(size))
    punctual = draws.chance(0.5, cards)[card]
    skipped = np.where(punctual, 0.1 + 0.9 * skipped, skipped)
    return _Habits(rate, of_balance, leftover, factor, step, skipped, settled, amount, most, wave)


def _walk(plans: CardPlans, level: Floats, habits: _Habits) -> CardBalances:
    size = plans.month.shape[0]
    starts = np.cumsum(plans.rows.count) - plans.rows.count
    columns = {name: np.zeros(size) for name in ("balance", "minimum", "paid", "drawn", "interest")}
    for place in range(int(plans.rows.count.max(initial=0))):
        at = starts[plans.rows.count > place] + place
        before = columns["balance"][at - 1] if place else np.zeros(at.shape[0])
        for name, values in _next_statement(plans, at, before, level, habits).items():
            columns[name][at] = values
    return CardBalances(**columns)


def _next_statement(
    plans: CardPlans, at: Integers, before: Floats, level: Floats, habits: _Habits
) -> dict[str, Floats]:
    card = plans.rows.owner[at]
    limit, active, leftover = plans.limit[at], plans.active[at], plans.leftover[at]
    interest = to_thousandth(before * MONTHLY_INTEREST)
    owed = to_thousandth(before + interest)
    of_limit = (limit > 0) & (limit <= _LIMIT_OF_LARGE_MINIMUM) & ~habits.of_balance[card]
    minimum = np.where(of_limit, habits.minimum_rate[card] * limit, to_step(0.05 * before, CENT_STEP))
    minimum = np.where((before > 0) & ~(leftover & (before < 500)), np.minimum(owed, minimum), 0.0)
    step = habits.payment_step[at]
    paid = np.minimum(np.maximum(np.ceil(minimum * habits.payment_factor[at] / step) * step, minimum), owed)
    paid = np.where((habits.skipped[at] < 0.07) | (before <= 0) | plans.standing[at], 0.0, paid)
    small = before < 0.1 * limit
    settles = (habits.settled[at] < np.where(small, 0.35, 0.015)) & (paid > 0)
    since = plans.since[at]
    paid = np.where(settles, owed, np.where((since == 1) & (habits.settled[at] > 0.88), 0.0, paid))
    drawn = np.where(active, _draws(plans, at, owed - paid, level, habits), 0.0)
    paid = np.where((since == 0) & active, _early_payment(drawn, plans.rows.count[card], habits, at), paid)
    rest = np.where(leftover, habits.leftover[card], 0.0)
    interest = np.where(leftover, np.maximum(rest - before, 0.0), interest)
    paid = np.where(leftover, np.maximum(before - rest, 0.0), np.where(active, paid, owed))
    paid = to_thousandth(paid)
    balance = np.where(active, to_thousandth(owed + drawn - paid), rest)
    return {"balance": balance, "minimum": minimum, "paid": paid, "drawn": drawn, "interest": interest}


def _early_payment(drawn: Floats, months: Integers, habits: _Habits, at: Integers) -> Floats:
    """Return what is paid in the month of the first use: mostly nothing; tuned so that 28 % pay, more on old cards."""
    amount = np.maximum(_DRAW_STEP * np.rint((habits.most[at] / 180_000.0) ** 2 * 20), 5 * _DRAW_STEP)
    return np.where((habits.settled[at] < np.where(months > 40, 0.45, 0.1)) & (drawn > amount), amount, 0.0)


def _draws(plans: CardPlans, at: Integers, kept: Floats, level: Floats, habits: _Habits) -> Floats:
    """Return the sum drawn in each month: up to the holder's level, or a small one where that is reached.

    Of the first draws nearly half take the whole limit at a machine.
    """
    amount = habits.amount[at]
    limit = plans.limit[at]
    aim = np.clip(level[plans.rows.owner[at]] + habits.wave[at], 0.02, _LARGEST_USE) * limit
    room = np.maximum(aim - kept, 0.0)
    small = np.maximum(0.26 * limit * amount**2, 3 * _DRAW_STEP)
    small = np.minimum(small, np.maximum(_LARGEST_USE * limit - kept, _DRAW_STEP))
    drawn = np.where(room > small, room * np.where(amount > 0.35, 1.0, 0.3), small)
    step = np.where(drawn < 2 * _LARGE_STEP, _DRAW_STEP, _LARGE_STEP)
    drawn = np.maximum(np.floor(drawn / step), 1.0) * step
    whole = (kept <= 0) & (habits.skipped[at] > 0.55) & plans.machine[at]
    drawn = np.where(whole, limit, drawn)
    drawn = np.minimum(drawn, np.floor(habits.most[at] / _LARGE_STEP) * _LARGE_STEP)
    purchases = np.where(plans.shop[at] & ~whole, np.round(449.0 * habits.skipped[at], 2), 0.0)
    drawing = (plans.machine[at] | plans.shop[at]) & (limit > 0)
    return np.where(drawing, to_thousandth(drawn + purchases), 0.0)


def _mean_use(plans: CardPlans, balance: Floats) -> Floats:
    open_months = plans.limit > 0
    cards = plans.client.shape[0]
    use = np.where(open_months, balance / np.maximum(plans.limit, 1.0), 0.0)
    count = np.bincount(plans.rows.owner, weights=open_months, minlength=cards)
    return np.asarray(np.bincount(plans.rows.owner, weights=use, minlength=cards) / np.maximum(count, 1), np.float64)

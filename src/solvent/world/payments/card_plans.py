"""What is decided about a card before its first statement: months, limit, when and how it is used, arrears."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Flags, Floats, Integers, Marginal
from solvent.world.drawing.money import to_step
from solvent.world.drawing.rows import Rows, rank_within, round_randomly, rows_of
from solvent.world.loans.card_limits import LIMIT_STEP, SMALLEST_LIMIT, granted_limits, largest_limits
from solvent.world.payments.arrears import whole_counts
from solvent.world.payments.card_figures import CardFigures, card_figures
from solvent.world.payments.statement_calendar import OLDEST_MONTH, StatementCalendar

MACHINE_DRAWS_A_MONTH = 2.35
"""Draws at machines in a month that has any; tuned so that about 14 % of the statements have some."""


_REPAYING, _REPAID_FROM = 0.3, 0.6
"""Share of the cards that draw no more after this part of their months with a balance, and pay it down (round)."""

_MEAN_OF_LEVEL = 0.78
"""Mean balance over the level, while one is carried; tuned so that 45 % of the statements have a balance."""

_FIRST_CUT = -72
"""No limit is 0 before this month (assumption)."""


@dataclass(frozen=True)
class GrantedCards:
    """Cards in client order, arrays (c,): `client`, `key` (SK_ID_PREV from 0), `decided` (day) and `limit` (granted).

    The last two are NaN for cards from before the window, which previous_application does not list.
    """

    client: Integers
    key: Integers
    decided: Floats
    limit: Floats


@dataclass(frozen=True)
class CardPlans:
    """Months of c cards as rows in card order, and per row or card what the holder will do.

    Per row (n,): `month`, `limit`, `active` (a balance is carried), `since` (months since the first use, negative
    before it and on a card never used), `machine` and `shop` (draws there), `overdue`, `standing` (overdue month after
    month), `leftover` (a small sum is all that is left).
    Per card (c,): `client`, `use` (balance over limit on average), `level` (the same while active).
    """

    client: Integers
    rows: Rows
    month: Integers
    limit: Floats
    active: Flags
    since: Floats
    machine: Flags
    shop: Flags
    overdue: Flags
    standing: Flags
    leftover: Flags
    use: Floats
    level: Floats


def plan_cards(
    figures: ClientFigures,
    cards: GrantedCards,
    calendar: StatementCalendar,
    marginals: Mapping[str, Marginal],
    draws: Draws,
) -> CardPlans:
    """Plan these cards; `marginals` are those of the client figures.

    The first month of a listed card is the one of its decision, of another one what its number of months leaves.
    """
    client = cards.client
    known = card_figures(figures, client, marginals, draws)
    last = calendar.last_month[client]
    by_count = last + 1 - figures.count("card_months")[client].astype(np.int64)
    decided = calendar.month_of(np.nan_to_num(cards.decided), client)
    begun = np.where(np.isnan(cards.decided), by_count, decided)
    rows = rows_of(last + 1 - np.clip(begun, OLDEST_MONTH, last))
    card = rows.owner
    month = last[card] - rows.count[card] + 1 + rows.position
    limit = _limits(figures.count("card_limit_max")[client], (cards, known.use > 0), (rows, month), draws)
    start = _first_use(rows.count, known.use, draws)
    active, level = _active_months(known.use, (rows, start, limit), draws)
    since = np.where((known.use > 0)[card], rows.position - start[card], -1.0)
    machine, shop = _draw_months(known, (rows, active, since, month), draws)
    limit = _lowered(limit, rows, active, draws)
    overdue, debt = _overdue(known.late_share, rows, active, draws)
    leftover = (debt & ~active) | _remnants(known.use, rows, active, draws)
    return CardPlans(
        client, rows, month, limit, active, since, machine, shop, overdue, debt, leftover, known.use, level
    )


def _limits(figure: Floats, known: tuple[GrantedCards, Flags], seen: tuple[Rows, Integers], draws: Draws) -> Floats:
    """Return AMT_CREDIT_LIMIT_ACTUAL: the granted one, a quarter raised on the way; old cards end without one."""
    (cards, used), (rows, month) = known, seen
    size, card = figure.shape[0], rows.owner
    largest = largest_limits(figure)
    first = np.where(np.isnan(cards.limit), granted_limits(largest, draws), cards.limit)
    raised = np.maximum(np.ceil(draws.uniform(size) * (rows.count - 1)), 1.0)
    limit = np.where(rows.position < raised[card], first[card], largest[card])
    age = draws.exponential(1.0, size)
    cut_at = np.where(age < 0.07, age * 350, 28 + (age - 0.07) * 85)
    cut_at = np.maximum(np.where(used, cut_at, age * 75), 1.0)
    return np.where((rows.position >= cut_at[card]) & (month >= _FIRST_CUT), 0.0, limit)


def _lowered(limit: Floats, rows: Rows, active: Flags, draws: Draws) -> Floats:
    """Return the limits, of some cards lowered towards their end, mostly when no balance is carried any more.

    Tuned so that a sixth of the cards has a lowered limit, half of them 45,000 or 67,500.
    """
    size, card = rows.count.shape[0], rows.owner
    until = np.zeros(size)
    np.maximum.at(until, card[active], rows.position[active] + 1.0)
    until = np.where(draws.chance(0.15, size), 0.0, until)
    begins = np.maximum(np.ceil(rows.count * (0.4 + 0.55 * draws.uniform(size))), until)
    begins = np.where(draws.chance(np.where(rows.count > 40, 0.5, 0.2), size), begins, np.inf)
    share = np.where(draws.chance(0.5, size), 0.0, 0.05 + 0.85 * draws.uniform(size))
    lower = to_step(limit * share[card], LIMIT_STEP / 5)
    second = draws.chance(0.3, size)[card]
    lower = np.where(lower > 0, lower, np.where(second, SMALLEST_LIMIT + LIMIT_STEP, SMALLEST_LIMIT))
    return np.where((rows.position >= begins[card]) & (limit > 0), np.minimum(lower, limit), limit)


def _first_use(count: Integers, use: Floats, draws: Draws) -> Floats:
    """Return the months before the first use: none for half of the cards, one for a third (an assumption)."""
    kind = draws.uniform(count.shape[0])
    later = np.floor(2 + draws.exponential(2.5, count.shape[0]))
    start = np.where(kind < 0.45, 0.0, np.where(kind < 0.78, 1.0, later))
    return np.minimum(start, np.floor(count * np.clip(1.05 - use, 0.0, 0.4)))


def _active_months(use: Floats, known: tuple[Rows, Floats, Floats], draws: Draws) -> tuple[Flags, Floats]:
    """Return in which months a balance is carried, and how much of the limit on average while it is.

    A used card is filled soon after its first months, stays near that level, and is empty later on: the share of
    months with a balance times the level is the client's mean use. A quarter of the cards pauses in between.
    """
    rows, start, limit = known
    card = rows.owner
    open_months = np.bincount(card, weights=limit > 0, minlength=use.shape[0])
    lasting = np.clip((open_months - 20.0) / 70.0, 0.0, 1.0)
    room = np.maximum(0.9 - use, 0.0)
    level = use + room * (0.03 + 0.42 * lasting) * draws.uniform(use.shape[0]) ** 0.7
    share = np.clip(use / np.maximum(_MEAN_OF_LEVEL * level, 1e-9), 0.0, 1.0)
    length = np.maximum(np.rint(share * open_months), 1.0)
    idle = np.maximum(open_months - start - length, 0.0)
    pause = np.where(draws.chance(0.3, use.shape[0]), np.floor(draws.uniform(use.shape[0]) ** 2 * idle), 0.0)
    first_part = np.ceil(length * (0.2 + 0.7 * draws.uniform(use.shape[0])))
    place = rows.position - start[card]
    early = (place >= 0) & (place < np.where(pause > 0, first_part, length)[card])
    late = (place >= (first_part + pause)[card]) & (place < (length + pause)[card])
    return (early | late) & (use > 0)[card] & ((limit > 0) | draws.chance(0.04, limit.shape[0])), level


def _draw_months(known: CardFigures, seen: tuple[Rows, Flags, Floats, Integers], draws: Draws) -> tuple[Flags, Flags]:
    """Return the months with draws at machines and in shops; each time of use begins with one of them.

    Purchases in shops came up late in the eight years: 19 % of the recent months of used cards, .6 % of the oldest.
    """
    rows, active, since, month = seen
    card, size = rows.owner, known.use.shape[0]
    shown = np.bincount(card, weights=since >= 0, minlength=size)
    may_draw = active & ~_repaying(rows, active, draws)
    machine_months = round_randomly(known.machine_draws * shown / MACHINE_DRAWS_A_MONTH, draws)
    machine_months = np.maximum(machine_months, known.machine_draws > 0)
    fresh = np.exp(-np.maximum(since, 0.0) / 2.5)
    key = np.where(may_draw, draws.exponential(1.0, month.shape[0]) / (0.35 + fresh), np.inf)
    key = np.where(active & (since == 0), key * 0.3, key)
    machine = may_draw & (rank_within(rows, key) < machine_months[card])
    shopper = draws.chance(np.where(rows.count < 40, 0.6, 0.25), size) | (known.machine_draws <= 0)
    often = draws.uniform(size)[card]
    chance = shopper[card] * np.interp(month, [-96, -45, -12, 0], [0.02, 0.05, 1.0, 1.2]) * (0.1 + 0.85 * often)
    shop = may_draw & draws.chance(np.minimum(chance, 0.97), month.shape[0])
    filled = active & ~np.insert(active[:-1], 0, False) if active.size else active
    first = (known.machine_draws <= 0)[card] | draws.chance(0.2, month.shape[0])
    return machine, shop | (filled & ~machine & first)


def _repaying(rows: Rows, active: Flags, draws: Draws) -> Flags:
    """Return the months in which a card is only paid down, bool (n,): the later part of those with a balance."""
    card, size = rows.owner, rows.count.shape[0]
    total = np.bincount(card, weights=active, minlength=size)
    so_far = np.cumsum(active) - (np.cumsum(total) - total)[card]
    from_month = np.where(draws.chance(_REPAYING, size), _REPAID_FROM * total + 2.0, np.inf)
    return np.asarray(active & (so_far > from_month[card]), dtype=np.bool_)


def _overdue(share: Floats, rows: Rows, active: Flags, draws: Draws) -> tuple[Flags, Flags]:
    """Return the months past due, and those of them in which only a small debt is left, month after month."""
    size, card = share.shape[0], rows.owner
    months = whole_counts(share * rows.count, draws)
    debt_months = np.where((share > 0.07) & (months >= 4) & draws.chance(0.85, size), np.maximum(months - 1, 0), 0)
    active_until = np.zeros(size)
    np.maximum.at(active_until, card[active], rows.position[active] + 1.0)
    room = np.maximum(rows.count - np.maximum(active_until, debt_months), 0)
    end = rows.count - np.floor(draws.uniform(size) * room)
    debt = (rows.position < end[card]) & (rows.position >= (end - debt_months)[card])
    key = np.where(debt, np.inf, draws.uniform(card.shape[0]) + 2.0 * ~active + 2.0 * (rows.position == 0))
    single = rank_within(rows, key) < (months - debt_months)[card]
    return debt | single, debt


def _remnants(use: Floats, rows: Rows, active: Flags, draws: Draws) -> Flags:
    """Return the months in which a small sum stays on an emptied card, not past due: on an eighth of the used ones."""
    chosen = draws.chance(0.14, use.shape[0])[rows.owner] & (use > 0)[rows.owner]
    begun = np.zeros(use.shape[0])
    np.maximum.at(begun, rows.owner[active], rows.position[active] + 1.0)
    until = begun + np.floor(2 + draws.exponential(14.0, use.shape[0]))
    return chosen & (rows.position >= begun[rows.owner]) & (rows.position < until[rows.owner])

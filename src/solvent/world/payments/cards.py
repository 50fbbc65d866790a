"""The lender's own credit cards: one statement a month with limit, draws, payments and balance that add up."""

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Flags, Floats, Table, numbers
from solvent.world.drawing.money import to_step, to_thousandth
from solvent.world.payments.card_balances import CardBalances, walk_months
from solvent.world.payments.card_plans import CardPlans
from solvent.world.payments.statement_calendar import OLDEST_MONTH

_COUNTED_FROM = -23
"""Before this month a card has no minimum payment until it is used first, unless it is older than the window."""

_SMALL_PURCHASE = 900.0
"""Purchases of a month are this large on average at least (an assumption)."""

_MISSING_MONTHS = np.array([-1.0, 0.0, 1.0, 2.0, 4.0])
"""Months after the first use in which nothing paid shows as missing, not as 0."""

_ZERO_BEFORE = -40
"""A used card begun before this month shows 0, not missing, until its first use: an assumption."""

_STATUSES = ("Active", "Completed", "Signed", "Sent proposal")


def make_statements(plans: CardPlans, draws: Draws) -> Table:
    """Return the rows of credit_card_balance without keys, in card order.

    Draw columns are missing until a card is used first; the minimum payment in the first months of some old cards.
    """
    balances = walk_months(plans, draws)
    table: Table = {
        "MONTHS_BALANCE": plans.month.astype(np.float64),
        "AMT_BALANCE": balances.balance,
        "AMT_CREDIT_LIMIT_ACTUAL": plans.limit,
    }
    _add_draws(table, plans, balances, draws)
    _add_payments(table, plans, balances, draws)
    _add_receivables(table, plans, balances, draws)
    _add_minimum(table, plans, balances, draws)
    _add_status(table, plans, draws)
    return table


def _add_draws(table: Table, plans: CardPlans, balances: CardBalances, draws: Draws) -> None:
    """Set draws by place: round sums at machines, single purchases in shops, few elsewhere."""
    drawn = balances.drawn
    size = drawn.shape[0]
    card = plans.rows.owner
    cards = plans.client.shape[0]
    purchases = np.exp(0.7 + 1.5 * draws.normal(cards))[card]
    in_shops = np.where(plans.shop & (drawn > 0), 1 + draws.poisson(purchases, size), 0)
    each = np.exp(8.15 + 0.9 * draws.normal(size))
    spent = np.where(plans.machine, np.minimum(in_shops * each, 0.6 * drawn), drawn)
    at_machine = np.where(plans.machine & (drawn > 0), np.floor((drawn - spent * (in_shops > 0)) / 450.0) * 450.0, 0.0)
    elsewhere = (at_machine <= 0) & (drawn > 0) & draws.chance(0.05, size)
    by_machine = np.where(at_machine > 0, _withdrawals(at_machine, draws), 0)
    in_shops = np.minimum(in_shops, np.floor((drawn - at_machine) / _SMALL_PURCHASE))
    in_shops = np.where((drawn > at_machine) & ~elsewhere, np.maximum(in_shops, 1), 0)
    rest = to_thousandth(drawn - at_machine)
    never = _before_use(plans, 0.0)
    amounts = {"ATM": at_machine, "POS": np.where(elsewhere, 0.0, rest), "OTHER": np.where(elsewhere, rest, 0.0)}
    counts = {"ATM": by_machine, "POS": in_shops, "OTHER": elsewhere.astype(np.int64)}
    for name in ("ATM", "POS", "OTHER"):
        table[f"AMT_DRAWINGS_{name}_CURRENT"] = np.where(never, np.nan, amounts[name])
        table[f"CNT_DRAWINGS_{name}_CURRENT"] = np.where(never, np.nan, counts[name].astype(np.float64))
    table["AMT_DRAWINGS_CURRENT"] = drawn
    table["CNT_DRAWINGS_CURRENT"] = sum(counts.values(), np.zeros(size))


def _before_use(plans: CardPlans, months: Floats | float) -> Flags:
    """Return the statements before so many months after the first use, but for old used cards; all of unused ones."""
    used = (plans.use > 0)[plans.rows.owner]
    start = np.cumsum(plans.rows.count) - plans.rows.count
    old = (plans.month[start] < _ZERO_BEFORE)[plans.rows.owner]
    return np.asarray(np.where(used, (plans.since < months) & ~old, plans.since < 0), dtype=np.bool_)


def _withdrawals(drawn: Floats, draws: Draws) -> Floats:
    """Return in how many withdrawals each sum came, the more the larger; tuned so that half of the months show one."""
    more = np.clip(0.3 + 0.14 * np.log(np.maximum(drawn, 1.0) / 2250.0), 0.05, 0.75)
    count = 1 + np.floor(np.log(np.maximum(draws.uniform(drawn.shape[0]), 1e-12)) / np.log(more))
    return np.asarray(np.clip(count, 1.0, np.maximum(np.floor(drawn / 1350.0), 1.0)), dtype=np.float64)


def _add_payments(table: Table, plans: CardPlans, balances: CardBalances, draws: Draws) -> None:
    """Set both payment columns: fees of a card without balance mostly count in the first one only.

    It is missing until about the first use: then some months longer where nothing was paid.
    """
    size = balances.paid.shape[0]
    fee = np.exp(5.5 + 1.1 * draws.normal(plans.client.shape[0])[plans.rows.owner] + 0.9 * draws.normal(size))
    before = np.insert(balances.balance[:-1], 0, 0.0) if size else balances.balance
    empty = (before <= 0) | (plans.rows.position == 0) | plans.leftover
    usual = np.where(draws.chance(0.6, plans.client.shape[0]), 1.0, 0.62)[plans.rows.owner]
    pays_fee = draws.chance(np.where(plans.leftover, 0.06, usual), size)
    of_empty = empty & pays_fee & (balances.paid <= 0) & (plans.since != 0)
    paid = np.where(of_empty, to_step(fee, 0.045), balances.paid)
    more = ~empty & (plans.since > 2) & draws.chance(np.where(balances.paid > 0, 0.12, 0.24), size)
    paid = np.where(more, balances.paid + to_step(fee, 0.045), paid)
    first = _MISSING_MONTHS[np.searchsorted([0.12, 0.15, 0.83, 0.93], draws.uniform(plans.client.shape[0]))]
    never = _before_use(plans, first[plans.rows.owner])
    table["AMT_PAYMENT_CURRENT"] = np.where(never & (balances.paid <= 0), np.nan, to_thousandth(paid))
    both = of_empty & (plans.since > 0) & draws.chance(0.08, size)
    table["AMT_PAYMENT_TOTAL_CURRENT"] = np.where(both, to_thousandth(paid), balances.paid)


def _add_receivables(table: Table, plans: CardPlans, balances: CardBalances, draws: Draws) -> None:
    """Set what is owed: the principal, about 96 % of the balance, and totals that differ from it in a third of rows."""
    size = balances.balance.shape[0]
    card = plans.rows.owner
    balance = balances.balance
    principal = balance * (1 - np.minimum(0.04 * np.exp(0.5 * draws.normal(size)), 0.3))
    principal = np.where(plans.leftover | (balance < 1500.0 * draws.uniform(size)), 0.0, principal)
    table["AMT_RECEIVABLE_PRINCIPAL"] = to_step(principal, 0.045)
    often = draws.uniform(plans.client.shape[0])[card] ** 1.6
    differs, below = draws.chance(0.85 * often, size), draws.chance(0.8, size)
    gap = np.exp(6.4 + 1.2 * draws.normal(size))
    total = np.where(differs, np.where(below, np.maximum(balance - gap, 0.0), balance + 2 * gap), balance)
    total = np.where(balance > 0, total, 0.0)
    overpaid = draws.chance(0.3, plans.client.shape[0])[card] & draws.chance(0.2, size) & (plans.since > 0)
    credit = to_thousandth(np.exp(5.8 + 1.1 * draws.normal(size)))
    total = to_thousandth(np.where(overpaid & (balance <= 0), -credit, total))
    negative = overpaid & (balance <= 0) & draws.chance(0.05, size)
    table["AMT_BALANCE"] = np.where(negative, total, balance)
    table["AMT_TOTAL_RECEIVABLE"] = total
    table["AMT_RECIVABLE"] = np.where(draws.chance(0.0025, size) & (total > 0), to_thousandth(0.98 * total), total)


def _add_minimum(table: Table, plans: CardPlans, balances: CardBalances, draws: Draws) -> None:
    """Set the minimum payment and how many there were; in early years missing until the first use."""
    card, cards = plans.rows.owner, plans.client.shape[0]
    start = np.cumsum(plans.rows.count) - plans.rows.count
    from_window = plans.month[start] == OLDEST_MONTH
    earlier = from_window & draws.chance(0.8, cards)
    used_from = -plans.since[start] + 1 + np.floor(draws.exponential(0.5, cards))
    run = np.where(plans.use > 0, used_from, np.inf)
    unknown = (plans.rows.position < run[card]) & (plans.month < _COUNTED_FROM) & ~earlier[card]
    told = (balances.minimum > 0) & ~unknown
    mature = np.cumsum(told)
    before = mature[start] - told[start]
    counted = np.where(earlier, np.floor(26 * draws.uniform(cards)), 0.0)
    table["AMT_INST_MIN_REGULARITY"] = np.where(unknown, np.nan, to_thousandth(balances.minimum))
    table["CNT_INSTALMENT_MATURE_CUM"] = np.where(unknown, np.nan, mature - before[card] + counted[card])


def _add_status(table: Table, plans: CardPlans, draws: Draws) -> None:
    """Set status and days past due: a day for single late months, ever more for a small debt, which nobody counts."""
    card, size = plans.rows.owner, plans.month.shape[0]
    cards = plans.client.shape[0]
    completed = draws.chance(0.15, cards)
    tail = np.floor(1 + draws.exponential(1.0, cards) * np.where(draws.chance(0.25, cards), 35.0, 4.0))
    ended = completed[card] & (plans.rows.position >= (plans.rows.count - tail)[card])
    ended &= numbers(table, "AMT_BALANCE") <= 0
    signed = (plans.rows.position < 2) & draws.chance(0.09, cards)[card] & (plans.since < 0)
    sent = signed & draws.chance(0.05, cards)[card]
    table["NAME_CONTRACT_STATUS"] = Coded(np.where(ended, 1, np.where(sent, 3, np.where(signed, 2, 0))), _STATUSES)
    debt = plans.standing
    begun = np.where(debt & ~np.insert(debt[:-1], 0, False), plans.rows.position, 0) if size else card
    since = plans.rows.position + 1000 * card - np.maximum.accumulate(begun + 1000 * card)
    growing = 20.0 + np.rint(30.4 * since)
    single = np.where(draws.chance(0.92, size), 1.0, np.where(draws.chance(0.5, size), 7.0, 8.0))
    table["SK_DPD"] = np.where(debt, growing, np.where(plans.overdue, single, 0.0))
    counted = plans.overdue & ~debt & draws.chance(0.93, size)
    table["SK_DPD_DEF"] = np.where(counted, single, 0.0)

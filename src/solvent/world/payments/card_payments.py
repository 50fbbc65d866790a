"""The payments on cards as rows of installments_payments: schedule version 0, the minimum apart from the rest."""

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Integers, Table, numbers
from solvent.world.drawing.money import to_thousandth
from solvent.world.payments.card_plans import CardPlans
from solvent.world.payments.statement_calendar import StatementCalendar


def make_card_payments(
    figures: ClientFigures, plans: CardPlans, statements: Table, calendar: StatementCalendar, draws: Draws
) -> tuple[Table, Integers]:
    """Return the payment rows without keys, and the card of each row.

    Of a month's payment the minimum is due on the card's own day of the month, and paid some days before; the rest is
    due on the day it comes. 29 % of the rows of the real table are such payments.
    """
    paid = np.nan_to_num(numbers(statements, "AMT_PAYMENT_CURRENT"))
    minimum = np.minimum(np.nan_to_num(numbers(statements, "AMT_INST_MIN_REGULARITY")), paid)
    rest = to_thousandth(paid - minimum)
    at = np.concatenate([np.flatnonzero(minimum > 0), np.flatnonzero(rest > 0)])
    is_rest = np.concatenate([np.zeros(np.count_nonzero(minimum > 0)), np.ones(np.count_nonzero(rest > 0))]) > 0
    order = np.lexsort((is_rest, at))
    at, is_rest = at[order], is_rest[order]
    card, size = plans.rows.owner[at], at.shape[0]
    day = 3 + np.floor(24 * draws.uniform(plans.client.shape[0]))
    end = calendar.last_day_of(plans.month, plans.client[plans.rows.owner])[at]
    habit = np.clip(-figures.count("instalment_delay_days_mean") / 10.0, 0.2, 1.4)[plans.client]
    early = np.where(draws.chance(0.12, size), 0.0, np.floor(22 * habit[card] * draws.uniform(size) ** 1.3))
    late_share = figures.count("instalment_late_share")[plans.client][card]
    late = draws.chance(np.where(numbers(statements, "SK_DPD")[at] > 0, 0.35, 0.4 * late_share), size)
    entry = np.where(late, end - day[card] + 1 + np.floor(draws.exponential(7.0, size)), end - day[card] - early)
    due = np.where(is_rest, entry, end - day[card])
    amount = np.where(is_rest, rest[at], minimum[at])
    number = np.arange(size) - np.searchsorted(card, card) + 1.0
    table: Table = {
        "NUM_INSTALMENT_VERSION": np.zeros(size),
        "NUM_INSTALMENT_NUMBER": number,
        "DAYS_INSTALMENT": np.minimum(due, -1.0),
        "DAYS_ENTRY_PAYMENT": np.minimum(entry, -1.0),
        "AMT_INSTALMENT": amount,
        "AMT_PAYMENT": amount,
    }
    return table, card

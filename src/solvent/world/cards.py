"""The lender's own credit cards: one statement a month with limit, draws, payments and balance that add up."""

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.draws import Draws
from solvent.world.marginals import Coded, Flags, Floats, Integers, Table, numbers
from solvent.world.money import CENT_STEP, ROUND_STEP, to_step, to_thousandth
from solvent.world.previous_loans import PreviousLoans
from solvent.world.rows import Rows, rows_of

MONTHLY_INTEREST = 0.025
MINIMUM_PAYMENT_SHARE = 0.05


def make_statements(figures: ClientFigures, loans: PreviousLoans, draws: Draws) -> tuple[Table, Integers]:
    """Return the statements without keys, and the position of each row's card in previous_application.

    The months end between -1 and -4. A card that is never used has limit and zeros; its draw columns are missing.
    """
    cards = np.flatnonzero(loans.card)
    client = loans.rows.owner[cards]
    last = -1 - np.floor(draws.uniform(cards.shape[0]) * 4)
    months = np.minimum(figures.count("card_months")[client], 97 + last)
    listed = rows_of(months.astype(np.int64))
    month = last[listed.owner] - listed.count[listed.owner] + 1 + listed.position
    limit = _limits(figures.count("card_limit_max")[client], listed, draws)
    used = figures.count("card_utilisation_mean")[client]
    idle = (used <= 0)[listed.owner]
    balance = np.where(idle, 0.0, to_thousandth(limit * _utilisation(used, listed, draws)))
    table: Table = {"MONTHS_BALANCE": month, "AMT_BALANCE": balance, "AMT_CREDIT_LIMIT_ACTUAL": limit}
    draw_count = figures.count("card_atm_drawings_mean")[client][listed.owner]
    _add_movements(table, (listed, idle), draw_count, draws)
    _add_status(table, figures.count("card_late_share")[client], listed, draws)
    return table, cards[listed.owner]


def _limits(largest: Floats, listed: Rows, draws: Draws) -> Floats:
    """Return AMT_CREDIT_LIMIT_ACTUAL: some cards start at half their limit, some end without one."""
    size = largest.shape[0]
    raised_at = np.where(draws.chance(0.35, size), draws.uniform(size), 0.0)
    cut_at = np.where(draws.chance(0.25, size), 0.3 + 0.7 * draws.uniform(size), 1.1)
    place = (listed.position + 1) / np.maximum(listed.count[listed.owner], 1)
    half = to_step(largest / 2, ROUND_STEP)
    limit = np.where(place < raised_at[listed.owner], half[listed.owner], largest[listed.owner])
    return np.where(place > cut_at[listed.owner], 0.0, limit)


def _utilisation(used: Floats, listed: Rows, draws: Draws) -> Floats:
    """Return balance over limit: a slow wave and noise around the client's mean, within 0 and 1.05."""
    phase, length = draws.uniform(used.shape[0]) * 6.28, 6.0 + 18.0 * draws.uniform(used.shape[0])
    wave = np.sin(phase[listed.owner] + 6.28 * listed.position / length[listed.owner])
    room = np.minimum(used, np.maximum(1.02 - used, 0.03))[listed.owner]
    noise = 0.15 * draws.normal(wave.shape[0])
    return np.clip(used[listed.owner] + room * (0.8 * wave + noise), 0.0, 1.05)


def _add_movements(table: Table, known: tuple[Rows, Flags], draw_count: Floats, draws: Draws) -> None:
    """Set draws, payments and receivables: balance = last balance + interest + draws - payments."""
    listed, idle = known
    balance = numbers(table, "AMT_BALANCE")
    size = balance.shape[0]
    before = np.where(listed.position == 0, 0.0, np.concatenate([[0.0], balance[:-1]]))
    interest = to_thousandth(before * MONTHLY_INTEREST)
    minimum = to_step(MINIMUM_PAYMENT_SHARE * before, CENT_STEP)
    paid = np.where(before > 0, minimum * (1 + draws.exponential(0.4, size)), 0.0)
    drawn = balance - before - interest + paid
    paid = to_thousandth(np.where(drawn < 4500, np.maximum(before + interest - balance, 0.0), paid))
    drawn = to_thousandth(np.maximum(balance - before - interest + paid, 0.0))
    at_machine = np.where(
        draws.uniform(size) < np.minimum(0.3 + 0.6 * draw_count, 0.8),
        to_step(drawn * draws.uniform(size) ** 0.3, 450.0),
        0.0,
    )
    at_machine = np.minimum(np.where(draw_count > 0, at_machine, 0.0), drawn)
    by_machine = np.where(at_machine > 0, np.maximum(draws.poisson(np.clip(1.2 * draw_count, 0, 20), size), 1), 0)
    in_shops = np.where(drawn > at_machine, 1 + draws.poisson(3.0, size), 0)
    amounts = {"ATM": at_machine, "POS": to_thousandth(drawn - at_machine), "OTHER": np.zeros(size)}
    counts = {"ATM": by_machine, "POS": in_shops, "OTHER": np.zeros(size)}
    for name, amount in amounts.items():
        table[f"AMT_DRAWINGS_{name}_CURRENT"] = np.where(idle, np.nan, amount)
        table[f"CNT_DRAWINGS_{name}_CURRENT"] = np.where(idle, np.nan, counts[name].astype(np.float64))
    table["AMT_DRAWINGS_CURRENT"] = drawn
    table["CNT_DRAWINGS_CURRENT"] = (by_machine + in_shops).astype(np.float64)
    unknown = draws.chance(0.08, size)
    table["AMT_INST_MIN_REGULARITY"] = np.where(unknown, np.nan, minimum)
    table["AMT_PAYMENT_CURRENT"] = np.where(idle, np.nan, paid)
    table["AMT_PAYMENT_TOTAL_CURRENT"] = paid
    table["AMT_RECEIVABLE_PRINCIPAL"] = to_thousandth(balance * 0.96)
    for name in ("AMT_RECIVABLE", "AMT_TOTAL_RECEIVABLE"):
        table[name] = np.where(idle & draws.chance(0.02, size), -to_thousandth(300 * draws.uniform(size)), balance)
    paying = np.cumsum(paid > 0)
    start = np.concatenate([[0], paying])[np.flatnonzero(listed.position == 0)][listed.owner] if size else paying
    table["CNT_INSTALMENT_MATURE_CUM"] = np.where(unknown, np.nan, paying - start)


def _add_status(table: Table, late_share: Floats, listed: Rows, draws: Draws) -> None:
    size = listed.owner.shape[0]
    completed = draws.chance(0.08, late_share.shape[0])[listed.owner]
    tail = listed.position >= listed.count[listed.owner] - 8
    ended = completed & tail & (numbers(table, "AMT_BALANCE") == 0)
    signed = (listed.position == 0) & draws.chance(0.1, size)
    table["NAME_CONTRACT_STATUS"] = Coded(np.where(ended, 1, np.where(signed, 2, 0)), ("Active", "Completed", "Signed"))
    share = late_share[listed.owner]
    late = draws.uniform(size) < share
    long_late = (share > 0.2) & draws.chance(0.6, size)
    days = np.where(long_late, np.ceil(draws.exponential(500.0, size)), np.ceil(draws.exponential(3.0, size)))
    table["SK_DPD"] = np.where(late, days, 0.0)
    table["SK_DPD_DEF"] = np.where(late & draws.chance(0.48, size), np.minimum(days, 7.0), 0.0)


def make_card_instalments(statements: Table, card: Integers, draws: Draws) -> tuple[Table, Integers]:
    """Return the instalment rows of the statements with a payment: schedule version 0, one a month.

    In the real table 29 % of the instalment rows are card payments.
    """
    paid = numbers(statements, "AMT_PAYMENT_TOTAL_CURRENT")
    rows = np.flatnonzero(paid > 0)
    due = np.rint(numbers(statements, "MONTHS_BALANCE")[rows] * 30.4375) + 5
    delay = np.where(draws.chance(0.5, rows.shape[0]), 0.0, -np.floor(draws.exponential(8.0, rows.shape[0])))
    delay = np.where(numbers(statements, "SK_DPD")[rows] > 0, 3.0, delay)
    number = np.arange(rows.shape[0]) - np.searchsorted(card[rows], card[rows]) + 1
    table: Table = {
        "NUM_INSTALMENT_VERSION": np.zeros(rows.shape[0]),
        "NUM_INSTALMENT_NUMBER": number.astype(np.float64),
        "DAYS_INSTALMENT": due,
        "DAYS_ENTRY_PAYMENT": np.minimum(due + delay, -1.0),
        "AMT_INSTALMENT": paid[rows],
        "AMT_PAYMENT": paid[rows],
    }
    return table, card[rows]

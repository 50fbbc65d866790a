"""The payments of instalment loans: single ones, instalments paid in two parts, and part repayments of a loan."""

from dataclasses import dataclass

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Flags, Floats, Integers, Table, numbers
from solvent.world.drawing.money import to_step, to_thousandth
from solvent.world.drawing.rows import rank_within
from solvent.world.payments.arrears import Arrears, DueInstalments, whole_counts
from solvent.world.payments.instalment_amounts import AMOUNT_STEP

DAYS_BETWEEN_PARTS = 31.0
"""The first part of an instalment usually comes with the payment of the month before (assumption)."""

UNPAID_SHARE = 0.000133
"""Share of rows with neither day nor amount (history_rows.json, installments_payments)."""


_FIRST_PARTS = (0.64, 0.76)
"""Cumulated shares of first parts that are a small rest of the payment before, and nearly all (assumption)."""

_SPLITS = 1.15
"""Splits for each that lacks, as some fall beyond the application (tuned)."""

_ONE_SPLIT = 4.0
"""How much likelier than its expected splits a client has one at all: what is split is often a small instalment (tuned
to the half of the clients without any)."""

_OLDER_SPLIT, _OLD = 0.6, -1100.0
"""Instalments due before this day are split sooner: parts are commoner in old rows (history_correlation.json)."""

_DAYS_EARLY = 7.0
"""Days before the due day within which the second part comes if it is not late (assumption)."""


@dataclass(frozen=True)
class Scheduled:
    """AMT_INSTALMENT, NUM_INSTALMENT_VERSION and DAYS_ENTRY_PAYMENT of each due instalment, float64 (n,).

    `card_amount`, float64 (clients,), is the sum of what each client pays on cards, which is never split.
    """

    amount: Floats
    version: Floats
    entry: Floats
    card_amount: Floats


def make_payments(
    figures: ClientFigures, due: DueInstalments, arrears: Arrears, scheduled: Scheduled, draws: Draws
) -> tuple[Table, Integers]:
    """Return the rows of installments_payments without keys, and the due instalment of each row."""
    amount, version = scheduled.amount, scheduled.version
    split = _choose_split(figures, due, arrears, scheduled, draws)
    near = due.due - np.floor(_DAYS_EARLY * draws.uniform(split.shape[0]))
    entry = np.where(split, np.maximum(scheduled.entry, near), scheduled.entry)
    extra = _part_repayments(figures, due, amount, draws) * ~split
    twice = split | (extra > 0)
    row = np.repeat(np.arange(due.due.shape[0], dtype=np.int64), 1 + twice)
    second = np.diff(row, prepend=-1) == 0
    table: Table = {
        "NUM_INSTALMENT_VERSION": version[row],
        "NUM_INSTALMENT_NUMBER": (due.position[row] + 1).astype(np.float64),
        "DAYS_INSTALMENT": due.due[row],
        "DAYS_ENTRY_PAYMENT": entry[row],
        "AMT_INSTALMENT": amount[row],
        "AMT_PAYMENT": amount[row],
    }
    _pay_in_parts(table, split[row], second, draws)
    _repay_in_part(table, extra[row], second)
    return _paid_rows(table, row, draws)


def _choose_split(
    figures: ClientFigures, due: DueInstalments, arrears: Arrears, scheduled: Scheduled, draws: Draws
) -> Flags:
    """Return which instalments come in two parts: mostly late ones, and several in a row.

    A part repeats AMT_INSTALMENT, so a share s of doubled amounts, cards included, makes the paid share 1 / (1 + s).
    """
    paid_share = figures.count("instalment_paid_share")
    wanted = np.where((paid_share > 0) & (paid_share < 0.9999), 1 / np.maximum(paid_share, 0.6) - 1, 0.0)
    on_loans = np.bincount(due.client, weights=scheduled.amount, minlength=paid_share.shape[0])
    of_all = 1 + np.minimum(scheduled.card_amount / np.maximum(on_loans, 1.0), 5.0)
    expected = _SPLITS * wanted * of_all * due.by_client.count
    count = np.maximum(whole_counts(expected, draws), draws.chance(_ONE_SPLIT * expected, expected.shape[0]))
    key = -3.0 * arrears.late - _OLDER_SPLIT * (due.due < _OLD) + due.ease + 0.4 * draws.normal(due.ease.shape[0])
    return np.asarray(rank_within(due.by_client, key) < count[due.client], dtype=np.bool_)


def _part_repayments(figures: ClientFigures, due: DueInstalments, amount: Floats, draws: Draws) -> Floats:
    """Return what is repaid beyond the instalment, 0 for most: one instalment of clients who paid more than due.

    Both rows of such an instalment show the whole payment, so due d and extra x raise the paid share to
    1 + (d + x) / (total + x).
    """
    ratio = figures.count("instalment_paid_share") - 1.0
    early = due.position * 1.0 + 6.0 * draws.uniform(amount.shape[0])
    chosen = (rank_within(due.by_client, early) == 0) & (ratio[due.client] > 0.0001)
    total = np.bincount(due.client, weights=amount, minlength=ratio.shape[0])
    extra = (ratio * total)[due.client] - amount
    extra = np.maximum(extra / np.maximum(1 - ratio[due.client], 0.2), 0.05 * amount)
    return np.where(chosen, to_step(extra, AMOUNT_STEP), 0.0)


def _pay_in_parts(table: Table, split: Flags, second: Flags, draws: Draws) -> None:
    """Set amount and day of the two parts; most first parts are a small rest of the payment before, or nearly all."""
    size = split.shape[0]
    small = np.exp(-8.0 + 6.0 * draws.uniform(size))
    nearly_all = 1 - np.exp(-9.0 + 7.2 * draws.uniform(size))
    kind = draws.uniform(size)
    share = np.where(
        kind < _FIRST_PARTS[0], small, np.where(kind < _FIRST_PARTS[1], nearly_all, 0.1 + 0.7 * draws.uniform(size))
    )
    whole = numbers(table, "AMT_INSTALMENT")
    part = np.clip(to_step(whole * share, AMOUNT_STEP), AMOUNT_STEP, np.maximum(whole - AMOUNT_STEP, AMOUNT_STEP))
    after = np.append(part[:-1], 0.0)
    before = np.insert(part[:-1], 0, 0.0)[:size] if size else after
    paid = np.where(split, np.where(second, whole - before, part), whole)
    table["AMT_PAYMENT"] = to_thousandth(paid)
    wait = np.rint(DAYS_BETWEEN_PARTS + 9.0 * draws.normal(size))
    wait = np.where(draws.chance(0.2, size), np.floor(20 * draws.uniform(size)), np.maximum(wait, 0.0))
    table["DAYS_ENTRY_PAYMENT"] = numbers(table, "DAYS_ENTRY_PAYMENT") - np.where(split & ~second, wait, 0.0)


def _repay_in_part(table: Table, extra: Floats, second: Flags) -> None:
    due = numbers(table, "AMT_INSTALMENT")
    version = numbers(table, "NUM_INSTALMENT_VERSION")
    table["AMT_PAYMENT"] = np.where(extra > 0, to_thousandth(due + extra), numbers(table, "AMT_PAYMENT"))
    table["AMT_INSTALMENT"] = np.where(second & (extra > 0), extra, due)
    table["NUM_INSTALMENT_VERSION"] = np.where(second & (extra > 0), version + 1, version)


def _paid_rows(table: Table, row: Integers, draws: Draws) -> tuple[Table, Integers]:
    """Return the rows paid before the application; in a few, day and amount are missing."""
    entry = numbers(table, "DAYS_ENTRY_PAYMENT")
    unpaid = draws.chance(UNPAID_SHARE, row.shape[0])
    table["DAYS_ENTRY_PAYMENT"] = np.where(unpaid, np.nan, entry)
    table["AMT_PAYMENT"] = np.where(unpaid, np.nan, numbers(table, "AMT_PAYMENT"))
    kept = unpaid | (entry < 0)
    return {name: numbers(table, name)[kept] for name in table}, row[kept]

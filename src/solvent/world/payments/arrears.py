"""Which instalments are paid late, and which loans leave a small debt behind, so that a client's shares come out."""

from dataclasses import dataclass, replace

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Flags, Floats, Integers
from solvent.world.drawing.rows import Rows, rank_within, round_randomly, rows_of
from solvent.world.payments.instalment_loans import DAYS_BETWEEN_INSTALMENTS, InstalmentLoans
from solvent.world.payments.statement_calendar import OLDEST_MONTH, StatementCalendar

PERSISTENCE = 0.75
"""Correlation of how a loan's neighbouring instalments are paid (assumption)."""

_FEWEST_DEBT_MONTHS = 4.0
_LATER_LENIENCE, _STRICTER_SINCE = 1.2, -1100.0
"""How much likelier an overdue balance is before this day: 6 % of the balances older than 36 months, else 1.5 %."""

_OLD_DEBTS = 0.72
"""Share of the clients overdue often who left a small debt; tuned so that a third of the overdue is counted (DEF)."""

_COUNTED_ON_CARDS = 0.5
"""Part of what the payments on a card lack that instalments make up for: card holders pay later (a round assumption).
"""

_DAYS_OF_PATIENCE = 4.0
"""Scale in which fewer days from the due day to the end of its month make an overdue balance likelier."""


@dataclass(frozen=True)
class DueInstalments:
    """n instalments in loan order: `loan` indexes the loans, `position` counts from 0 within the schedule.

    `ease` is a standard normal habit, alike in neighbouring instalments; `gap` is the days left in the due month.
    """

    loan: Integers
    position: Integers
    client: Integers
    due: Floats
    gap: Floats
    ease: Floats
    by_client: Rows


def list_due(loans: InstalmentLoans, calendar: StatementCalendar, draws: Draws) -> DueInstalments:
    """Return the instalments that fell due within the eight years."""
    rows, due = loans.due_rows()
    client = loans.client[rows.owner]
    gap = calendar.last_day_of(calendar.month_of(due, client), client) - due
    by_client = rows_of(np.bincount(client, minlength=calendar.phase.shape[0]))
    return DueInstalments(rows.owner, rows.position, client, due, gap, _habit(rows.owner, draws), by_client)


def _habit(loan: Integers, draws: Draws) -> Floats:
    """Return a stationary chain of standard normals along each loan, float64 (n,)."""
    step = draws.normal(loan.shape[0])
    starts = np.flatnonzero(np.diff(loan, prepend=-1))
    counts = np.diff(np.append(starts, loan.shape[0]))
    chain = step.copy()
    rest = np.sqrt(1 - PERSISTENCE**2)
    for place in range(1, int(counts.max(initial=0))):
        at = starts[counts > place] + place
        chain[at] = PERSISTENCE * chain[at - 1] + rest * step[at]
    return chain


@dataclass(frozen=True)
class LoanMonths:
    """First and last month with a balance of each loan, int64 (m,); last before first where there is none."""

    first: Integers
    last: Integers

    @property
    def count(self) -> Integers:
        """Balances of each loan within the eight years."""
        return np.asarray(np.maximum(self.last - np.maximum(self.first, OLDEST_MONTH) + 1, 0), dtype=np.int64)


def months_of_loans(loans: InstalmentLoans, calendar: StatementCalendar) -> LoanMonths:
    """Return the months from the decision of each loan to its end, or to the client's newest balance."""
    newest = calendar.last_month[loans.client]
    ended = calendar.month_of(np.where(loans.over, loans.ended, 0.0), loans.client)
    last = np.where(loans.over, np.minimum(ended, newest), newest)
    return LoanMonths(calendar.month_of(loans.decided, loans.client), last)


def leave_small_debts(
    figures: ClientFigures, loans: InstalmentLoans, calendar: StatementCalendar, draws: Draws
) -> tuple[InstalmentLoans, Flags]:
    """Return the loans with later ends where a small debt stayed open, and the flag of those loans.

    Half of the overdue balances of the real table are such debts: one loan of a client, no instalments left, days past
    due growing by a month each month, nothing past due with tolerance. Clients whose overdue share is large get one.
    """
    months = months_of_loans(loans, calendar)
    clients = calendar.phase.shape[0]
    share = np.minimum(figures.count("pos_late_share"), 0.9)
    total = np.bincount(loans.client, weights=months.count, minlength=clients)
    wanted = np.rint(share * total / (1 - share) - 1.0)
    room = np.where(loans.over, calendar.last_month[loans.client] - months.last, 0)
    score = room * draws.uniform(room.shape[0]) ** 0.3
    rank = rank_within(rows_of(np.bincount(loans.client, minlength=clients)), -score)
    extra = np.minimum(room, wanted[loans.client])
    debt = (rank == 0) & (extra >= _FEWEST_DEBT_MONTHS) & draws.chance(_OLD_DEBTS, room.shape[0])
    later = calendar.last_day_of(months.last + extra.astype(np.int64), loans.client)
    return replace(loans, ended=np.where(debt, np.minimum(later, loans.ended + 3000), loans.ended)), debt


@dataclass(frozen=True)
class Arrears:
    """Flags per due instalment: paid after its due day; still unpaid when its month ended; and then a counted sum."""

    late: Flags
    over_month_end: Flags
    counted: Flags


@dataclass(frozen=True)
class KnownRows:
    """What is known of each client's rows before its loans are paid, float64 (clients,).

    `balances` are monthly balances of instalment loans, `debt_months` those of them with a small debt, overdue anyway;
    `card_payments`, `card_late`, `card_delay` and `card_amount` are rows, late rows, days of delay and sum of the
    payments on a card.
    """

    balances: Floats
    debt_months: Floats
    card_payments: Floats
    card_late: Floats
    card_delay: Floats
    card_amount: Floats


def choose_arrears(figures: ClientFigures, due: DueInstalments, known: KnownRows, draws: Draws) -> Arrears:
    """Choose the late instalments of each client so that its three shares of late rows come out."""
    monthly = whole_counts(figures.count("pos_late_share") * known.balances, draws)
    monthly = np.maximum(monthly - known.debt_months, (monthly > 0) & (known.debt_months > 0))
    noise = np.log(draws.exponential(1.0, due.due.shape[0]))
    key = due.gap / _DAYS_OF_PATIENCE - due.ease + noise - _LATER_LENIENCE * (due.due < _STRICTER_SINCE)
    over = rank_within(due.by_client, np.where(due.position > 0, key, key + 1.0)) < monthly[due.client]
    counted_wanted = np.minimum(whole_counts(figures.count("pos_late_def_share") * known.balances, draws), monthly)
    counted_key = np.where(over, due.gap / 5.0 + draws.uniform(key.shape[0]), np.inf)
    counted = over & (rank_within(due.by_client, counted_key) < counted_wanted[due.client])
    share = figures.count("instalment_late_share")
    beside = _COUNTED_ON_CARDS * (share * known.card_payments - known.card_late)
    wanted = whole_counts(np.maximum(share * due.by_client.count + beside, 0.0), draws)
    wanted = np.maximum(np.minimum(wanted, 0.9 * due.by_client.count), monthly)
    late_key = np.where(over, -np.inf, np.where(due.gap < 1, np.inf, -due.ease + noise))
    late = over | (rank_within(due.by_client, late_key) < wanted[due.client])
    return Arrears(late & (over | (due.gap >= 1)), over, counted)


def whole_counts(expected: Floats, draws: Draws) -> Integers:
    """Return counts near these expectations; of the small ones more become 1 than rounding gives.

    A share above 0 must show in at least one row of the client, yet a share of .02 can hardly show in five.
    """
    rounded = round_randomly(expected, draws)
    return np.maximum(rounded, draws.chance(1.5 * expected, expected.shape[0]).astype(np.int64))


def draw_entry_days(
    figures: ClientFigures, due: DueInstalments, known: KnownRows, arrears: Arrears, draws: Draws
) -> Floats:
    """Return DAYS_ENTRY_PAYMENT of each due instalment, float64 (n,); late ones as chosen, others early.

    How early is a habit of the client (its mean delay), of the loan and of the moment (assumption: about a third
    of the variance each); in a fifth of the loans many payments come on the day.
    """
    size = due.due.shape[0]
    crossing = due.gap + 1 + np.floor(draws.exponential(5.0, size))
    within = 1 + np.floor(draws.uniform(size) ** 1.5 * np.minimum(due.gap, 25.0))
    late_days = np.where(arrears.over_month_end, crossing, np.minimum(within, np.maximum(due.gap, 1.0)))
    late_days = np.where(arrears.late, np.minimum(late_days, DAYS_BETWEEN_INSTALMENTS + due.gap), 0.0)
    loans = int(due.loan.max(initial=-1)) + 1
    weight = np.exp(0.45 * draws.normal(loans)[due.loan] + 0.4 * due.ease)
    punctual = draws.chance(0.2, loans)[due.loan] & draws.chance(0.4, size)
    weight = np.where(arrears.late | punctual, 0.0, weight)
    rows = np.maximum(due.by_client.count, 1)
    late_total = np.bincount(due.client, weights=late_days, minlength=rows.shape[0])
    mean = figures.count("instalment_delay_days_mean")
    wanted = mean * rows + _COUNTED_ON_CARDS * (mean * known.card_payments - known.card_delay)
    early_total = np.maximum(late_total - wanted, 0.5 * rows)
    weights = np.maximum(np.bincount(due.client, weights=weight, minlength=rows.shape[0]), 1e-9)
    early = np.floor(weight * (early_total / weights)[due.client] + draws.uniform(size))
    return np.asarray(due.due + np.where(arrears.late, late_days, -np.minimum(early, 200.0)), dtype=np.float64)

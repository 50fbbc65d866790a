"""The monthly balances of instalment loans: instalments left, status and days past due, from decision to end."""

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Flags, Floats, Integers, Table, numbers, texts
from solvent.world.drawing.rows import Rows, rows_of
from solvent.world.payments.arrears import Arrears, DueInstalments, LoanMonths
from solvent.world.payments.instalment_loans import DAYS_BETWEEN_INSTALMENTS, InstalmentLoans
from solvent.world.payments.statement_calendar import OLDEST_MONTH, StatementCalendar

_STATUSES = ("Active", "Completed", "Signed", "Demand", "Amortized debt", "Returned to the store", "Approved")
ACTIVE, COMPLETED, SIGNED, DEMAND, AMORTIZED, RETURNED, APPROVED = range(len(_STATUSES))

NO_LAST_BALANCE = 0.01
"""Share of ended loans that stop in the month before their end, so that «Completed» has its 7.3 % of the balances."""


def make_pos_months(
    loans: InstalmentLoans, months: LoanMonths, calendar: StatementCalendar, debt: Flags, draws: Draws
) -> tuple[Table, Integers]:
    """Return the balances without keys and without days past due, and the loan of each row."""
    last = np.where(loans.over & ~debt & draws.chance(NO_LAST_BALANCE, debt.shape[0]), months.last - 1, months.last)
    first = np.maximum(months.first, OLDEST_MONTH)
    rows = rows_of(np.maximum(last - first + 1, 0))
    loan = rows.owner
    month = first[loan] + rows.position
    client = loans.client[loan]
    completed = loans.over[loan] & (month == calendar.month_of(loans.ended, loans.client)[loan])
    due = np.floor((calendar.last_day_of(month, client) - loans.first_due[loan]) / DAYS_BETWEEN_INSTALMENTS) + 1
    planned = _planned(loans, np.clip(due, 0.0, loans.run[loan]), loan, draws)
    planned = np.where(completed, loans.run[loan], planned)
    future = np.where(completed, 0.0, np.maximum(planned - np.clip(due, 0.0, loans.run[loan]), 0.0))
    status = _statuses((rows, month == months.first[loan]), completed, draws)
    unknown = (status == SIGNED) & draws.chance(0.25, loan.shape[0])
    table: Table = {
        "MONTHS_BALANCE": month.astype(np.float64),
        "CNT_INSTALMENT": np.where(unknown, np.nan, planned),
        "CNT_INSTALMENT_FUTURE": np.where(unknown, np.nan, future),
        "NAME_CONTRACT_STATUS": Coded(status, _STATUSES),
    }
    return table, loan


def _planned(loans: InstalmentLoans, due: Floats, loan: Integers, draws: Draws) -> Floats:
    """Return CNT_INSTALMENT before the end: the term, or, where early repayment is known, the instalments that run.

    Of the loans repaid early a fifth shows the shorter count from the start, a quarter from some month on.
    """
    size = loans.term.shape[0]
    kind = draws.uniform(size)
    known_from = np.where(kind < 0.2, 0.0, np.where(kind < 0.44, np.ceil(draws.uniform(size) * loans.run), np.inf))
    shorter = due >= known_from[loan]
    return np.where(shorter, loans.run[loan], loans.term[loan]).astype(np.float64)


def _statuses(known: tuple[Rows, Flags], completed: Flags, draws: Draws) -> Integers:
    """Return the status codes: some loans start signed for a month or more, few approved or returned to the store."""
    rows, at_start = known
    loans, loan = rows.count.shape[0], rows.owner
    kind = draws.uniform(loans)
    early = np.select([kind < 0.087, kind < 0.092, kind < 0.097], [SIGNED, APPROVED, RETURNED], ACTIVE)
    length = np.floor(draws.exponential(0.62, loans)) + 1
    starts = np.zeros(loans, dtype=np.bool_)
    starts[loan[at_start]] = True
    status = np.where(starts[loan] & (rows.position < length[loan]), early[loan], ACTIVE)
    return np.where(completed, COMPLETED, status).astype(np.int64)


def add_days_past_due(
    table: Table,
    known: tuple[Integers, Flags, Floats],
    unpaid: tuple[DueInstalments, Arrears],
    calendar: StatementCalendar,
    draws: Draws,
) -> None:
    """Set SK_DPD and SK_DPD_DEF: unpaid instalments at the end of a month, and small debts that nobody counts.

    `known` has of each row the loan, whether it leaves a small debt, and the days from its last due day to month end.
    """
    loan, debt, since = known
    due, arrears = unpaid
    overdue, counted = np.zeros(loan.shape[0]), np.zeros(loan.shape[0])
    month = numbers(table, "MONTHS_BALANCE").astype(np.int64)
    place = _row_of(loan, month, due.loan, calendar.month_of(due.due, due.client))
    hit = arrears.over_month_end & (place >= 0)
    days = np.maximum(due.gap[hit], 1.0)
    overdue[place[hit]] = days
    counted[place[hit]] = np.where(arrears.counted[hit], days, 0.0)
    left = debt & (since > 25)
    _demand_or_amortize(table, left, loan, draws)
    table["SK_DPD"] = np.where(left, since, overdue)
    table["SK_DPD_DEF"] = np.where(left, 0.0, counted)


def _row_of(loan: Integers, month: Integers, wanted_loan: Integers, wanted_month: Integers) -> Integers:
    """Return the row with this loan and month, -1 if there is none; rows are in order of both."""
    key, wanted = loan * 256 + month, wanted_loan * 256 + wanted_month
    place = np.searchsorted(key, wanted).clip(max=max(key.shape[0] - 1, 0))
    return np.where(key[place] == wanted, place, -1) if key.shape[0] else np.full(wanted.shape, -1)


def _demand_or_amortize(table: Table, left: Flags, loan: Integers, draws: Draws) -> None:
    """Set the status of some loans with a small debt to «Demand» or «Amortized debt»."""
    status = texts(table, "NAME_CONTRACT_STATUS").codes
    kind = draws.uniform(int(loan.max(initial=-1)) + 1)[loan]
    codes = np.where(left & (kind < 0.05), DEMAND, np.where(left & (kind > 0.97), AMORTIZED, status))
    table["NAME_CONTRACT_STATUS"] = Coded(np.where(status == COMPLETED, COMPLETED, codes), _STATUSES)

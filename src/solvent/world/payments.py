"""What happened to instalment loans: monthly balances and single payments, on the schedule of the loan."""

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.draws import Draws
from solvent.world.marginals import Coded, Floats, Integers, Table, numbers
from solvent.world.money import to_thousandth
from solvent.world.previous_loans import PreviousLoans
from solvent.world.rows import rows_of

DAYS_BETWEEN_INSTALMENTS = 30
MONTH_DAYS = 30.4375
OLDEST_MONTH = -96
_STATUSES = ("Active", "Completed", "Signed", "Demand")


def make_pos_months(figures: ClientFigures, loans: PreviousLoans, draws: Draws) -> tuple[Table, Integers]:
    """Return the monthly balances without keys, and the position of each row's loan in previous_application.

    One row a month from the month before the first instalment until the loan is repaid, or until last month (-1).
    """
    start = np.floor(loans.first_due / MONTH_DAYS).astype(np.int64) - 1
    months = np.minimum(loans.months_run + 1, -start)
    months = np.where(loans.repaid & (start < -1), np.maximum(months, 0), 0)
    listed = rows_of(months)
    month = start[listed.owner] + listed.position
    kept = month >= OLDEST_MONTH
    loan, paid, month = listed.owner[kept], listed.position[kept], month[kept]
    done = paid >= loans.months_run[loan]
    future = np.where(done, 0, loans.term[loan] - paid)
    planned = np.where(done, np.maximum(loans.months_run[loan], 1), loans.term[loan])
    client = loans.rows.owner[loan]
    overdue, counted = _days_past_due(figures, client, draws)
    signed = (paid == 0) & draws.chance(0.1, loan.shape[0])
    demand = ~done & (overdue > 60) & draws.chance(0.3, loan.shape[0])
    status = np.where(done, 1, np.where(signed, 2, np.where(demand, 3, 0)))
    unknown = draws.chance(0.0028, loan.shape[0])
    table: Table = {
        "MONTHS_BALANCE": month.astype(np.float64),
        "CNT_INSTALMENT": np.where(unknown, np.nan, planned),
        "CNT_INSTALMENT_FUTURE": np.where(unknown, np.nan, future),
        "NAME_CONTRACT_STATUS": Coded(status, _STATUSES),
        "SK_DPD": overdue,
        "SK_DPD_DEF": counted,
    }
    return table, loan


def _days_past_due(figures: ClientFigures, client: Integers, draws: Draws) -> tuple[Floats, Floats]:
    """Return SK_DPD and SK_DPD_DEF of each row: late in the client's share of months, small debts not counted."""
    late_share = figures.count("pos_late_share")[client]
    counted_share = np.minimum(figures.count("pos_late_def_share")[client], 1.0)
    chance = draws.uniform(client.shape[0])
    days = np.ceil(draws.exponential(8.0, client.shape[0]))
    long_late = (late_share > 0.25) & draws.chance(0.5, client.shape[0])
    days = np.where(long_late, np.ceil(draws.exponential(500.0, client.shape[0])), days)
    counted = np.where(chance < counted_share, np.minimum(days, 60.0), 0.0)
    return np.where(chance < np.maximum(late_share, counted_share), days, 0.0), counted


def make_instalments(figures: ClientFigures, loans: PreviousLoans, draws: Draws) -> tuple[Table, Integers]:
    """Return the payments without keys, and the position of each row's loan in previous_application.

    Instalment k of a loan is due 30 k days after the first one. A loan repaid early ends with one payment of the rest,
    under a second schedule version. Some instalments are paid in two parts: two rows with one number.
    """
    months = np.minimum(
        loans.months_run, np.floor((-1 - loans.first_due) / DAYS_BETWEEN_INSTALMENTS).astype(np.int64) + 1
    )
    listed = rows_of(np.where(loans.repaid, np.maximum(months, 0), 0))
    loan = listed.owner
    due = loans.first_due[loan] + DAYS_BETWEEN_INSTALMENTS * listed.position
    client = loans.rows.owner[loan]
    amount, version = _amounts_due(loans, loan, listed.position, draws)
    paid_share = figures.count("instalment_paid_share")[client]
    in_parts = draws.uniform(loan.shape[0]) < np.clip(1 / np.maximum(paid_share, 0.4) - 1, 0.0, 0.9)
    table: Table = {
        "NUM_INSTALMENT_VERSION": version,
        "NUM_INSTALMENT_NUMBER": (listed.position + 1).astype(np.float64),
        "DAYS_INSTALMENT": due,
        "DAYS_ENTRY_PAYMENT": due + _delays(figures, client, draws),
        "AMT_INSTALMENT": amount,
        "AMT_PAYMENT": amount,
    }
    return _split_payments(table, loan, np.flatnonzero(in_parts), draws)


def _amounts_due(loans: PreviousLoans, loan: Integers, position: Integers, draws: Draws) -> tuple[Floats, Floats]:
    """Return amount and schedule version of each instalment; the last of an early repaid loan is the rest."""
    early = (loans.months_run < loans.term)[loan] & (position == loans.months_run[loan] - 1)
    left = np.maximum(loans.term[loan] - position, 1)
    rest = loans.annuity[loan] * left * 0.85
    amount = np.where(early, np.maximum(rest, loans.annuity[loan]), loans.annuity[loan])
    later = draws.uniform(loans.term.shape[0])[loan] < 0.03
    return to_thousandth(amount), np.where(early, 2.0, np.where(later & (position > 0), 3.0, 1.0))


def _delays(figures: ClientFigures, client: Integers, draws: Draws) -> Floats:
    """Return days from due to paid: late in the client's share of payments, else early by the client's habit."""
    late_share = figures.count("instalment_late_share")[client]
    mean = np.clip(figures.count("instalment_delay_days_mean")[client], -60.0, 60.0)
    days_late = np.maximum(8.0, mean)
    punctual = np.clip((late_share * days_late - mean) / np.maximum(1 - late_share, 0.05), 0.3, 60.0)
    size = client.shape[0]
    on_the_day = draws.chance(0.15, size)
    early = np.where(on_the_day, 0.0, np.floor(draws.exponential(1.0, size) * punctual / 0.85))
    late = np.ceil(draws.exponential(1.0, size) * days_late)
    return np.where(draws.uniform(size) < late_share, late, -np.minimum(early, 200.0))


def _split_payments(table: Table, loan: Integers, split: Integers, draws: Draws) -> tuple[Table, Integers]:
    """Return the table with the rows of `split` doubled: the payment in two parts, the second some days later."""
    order = np.sort(np.concatenate([np.arange(loan.shape[0]), split]))
    second = np.concatenate([[False], order[1:] == order[:-1]])
    first = np.concatenate([second[1:], [False]])
    doubled: Table = {name: numbers(table, name)[order] for name in table}
    share = np.zeros(loan.shape[0])
    share[split] = 0.05 + 0.9 * draws.uniform(split.shape[0])
    part = np.where(first, share[order], np.where(second, 1 - share[order], 1.0))
    doubled["AMT_PAYMENT"] = to_thousandth(numbers(doubled, "AMT_PAYMENT") * part)
    later = np.where(second, np.ceil(draws.exponential(4.0, order.shape[0])), 0.0)
    entry = np.minimum(numbers(doubled, "DAYS_ENTRY_PAYMENT") + later, -1.0)
    unpaid = draws.chance(0.0002, order.shape[0])
    doubled["DAYS_ENTRY_PAYMENT"] = np.where(unpaid, np.nan, entry)
    doubled["AMT_PAYMENT"] = np.where(unpaid, np.nan, numbers(doubled, "AMT_PAYMENT"))
    return doubled, loan[order]

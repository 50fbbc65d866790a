"""The monthly statuses of the loans at other lenders, from their opening to the present month."""

import numpy as np

from solvent.world.bureau import BureauLoans
from solvent.world.clients import ClientFigures
from solvent.world.draws import Draws
from solvent.world.marginals import Coded, Flags, Floats, Integers, Table
from solvent.world.published import Facts
from solvent.world.rows import Rows, rows_of


def make_bureau_months(
    facts: Facts, figures: ClientFigures, loans: BureauLoans, draws: Draws
) -> tuple[Table, Integers]:
    """Return the monthly statuses without SK_ID_BUREAU, and the position of each row's loan in the bureau table.

    Months run from the opening (at most 96 ago) to the present one, 0; a closed loan is C after its end.
    """
    months = np.minimum(np.floor(-loans.opened / 30.4375).astype(np.int64) + 1, 97)
    key = draws.uniform(months.shape[0])
    order = np.lexsort((key, loans.rows.owner))
    cumulated = np.cumsum(months[order])
    before = cumulated - months[order] - _before_owner(loans.rows, months)
    wanted = figures.count("bureau_balance_months")[loans.rows.owner]
    included = np.zeros(months.shape[0], dtype=np.bool_)
    included[order] = (before == 0) | (before + 0.5 * months[order] <= wanted[order])
    included &= wanted > 0
    status = _statuses(facts, figures, loans, (included, months), draws)
    listed = rows_of(np.where(included, months, 0))
    month = listed.position - months[listed.owner] + 1
    codes = status[listed.position, np.cumsum(included)[listed.owner] - 1]
    table: Table = {"MONTHS_BALANCE": month.astype(np.float64), "STATUS": Coded(codes, _STATUSES)}
    return table, listed.owner


_STATUSES = ("0", "1", "2", "3", "4", "5", "C", "X")
_CLOSED, _UNKNOWN = 6, 7


def _before_owner(rows: Rows, months: Integers) -> Integers:
    totals = np.bincount(rows.owner, weights=months, minlength=rows.count.shape[0]).astype(np.int64)
    return (np.cumsum(totals) - totals)[rows.owner]


def _statuses(
    facts: Facts,
    figures: ClientFigures,
    loans: BureauLoans,
    chosen: tuple[Flags, Integers],
    draws: Draws,
) -> Integers:
    """Return the status codes, int64 (months, included loans), of a Markov chain with the published transitions.

    The step from 0 to 1 follows the client's own late share (months of an open loan are about 29 % of all, a late
    spell lasts about 1.7 months, so the monthly chance is twice the share); punctual clients never take it.
    """
    included, months = chosen
    owner = loans.rows.owner[included]
    late_step = np.minimum(2.0 * figures.count("bureau_balance_late_share")[owner], 0.5)
    base = _open_transitions(facts)
    span = months[included]
    closing = span + np.floor(np.where(np.isnan(loans.ended[included]), 1e6, loans.ended[included] / 30.4375)).astype(
        np.int64
    )
    longest = int(span.max()) if span.size else 0
    status = np.zeros((longest, span.size), dtype=np.int64)
    current = np.where(draws.chance(0.35, span.size), _UNKNOWN, 0)
    for step in range(longest):
        status[step] = np.where(step >= closing, _CLOSED, current)
        edges = base[current]
        late = np.where((current == 0)[:, None], _from_zero(base, late_step), edges)
        current = (draws.uniform(span.size)[:, None] > late).sum(axis=1)
    return status


def _open_transitions(facts: Facts) -> Floats:
    """Return cumulated transition shares (8, 8) of a loan that is not closed in the month."""
    listed = facts.histories["bureau_balance"]["transition"]
    shares = np.array([[listed[before][after] for after in _STATUSES] for before in _STATUSES])
    shares[:, _CLOSED] = 0.0
    shares[_CLOSED] = shares[0]
    shares[_UNKNOWN, 1:6] = 0.0
    return np.asarray(np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1), dtype=np.float64)


def _from_zero(base: Floats, late_step: Floats) -> Floats:
    unknown = base[0, _UNKNOWN] - base[0, _CLOSED]
    stay = 1.0 - late_step - unknown
    edges = np.repeat((stay + late_step)[:, None], len(_STATUSES), axis=1)
    edges[:, 0] = stay
    edges[:, _UNKNOWN] = 1.0
    return edges

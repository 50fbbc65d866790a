"""The monthly statuses of the loans at other lenders, from the month after their opening."""

from dataclasses import dataclass

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Flags, Floats, Integers, Table
from solvent.world.drawing.rows import rank_within, rows_of, sum_within
from solvent.world.drawing.time_spans import MONTH_DAYS
from solvent.world.loans.bureau import BureauLoans
from solvent.world.published import Facts

_STATUSES = ("0", "1", "2", "3", "4", "5", "C", "X")
_CLOSED, _UNKNOWN = 6, 7
_LONGEST = 97

_CLOSING_SHOWN = (0.45, 1.0)
"""Share of the open and of the closed loans whose months are to turn to C; reports of some stop before, others are of
unknown status then (tuned so that about 30 % and 65 % do turn)."""

_UNKNOWN_TURNS_CLOSED = 0.25
"""Chance that a loan of unknown status turns to C when it closes: the monthly step is .007 from X, .046 from 0."""

_UNKNOWN_SPREAD, _UNKNOWN_OF_CLIENT = 1.3, 0.6
_TO_UNKNOWN, _FROM_UNKNOWN, _FIRST_UNKNOWN = 0.09, 0.21, 0.45
"""Loans are unknown (X) for half their months or hardly ever: the logit of the steps between 0 and X deviates by this
much, .33 of its variance between clients. The steps at the middle give the published .077 and .109 over all."""

_MONTHS_LOST = 1.1
"""What the wanted months are raised by, as some clients have not so many since their loans began."""

_LATE_MONTHS, _LATE_SHARE_FALLS = 70.0, 0.5
"""Clients with more months are late more often, for a smaller share of them: 1.05 % of all months are late, but 1.67 %
of the mean client's."""

_LATE_SPELL = 1.75
_HASTE = 1.0
"""Months of a late spell, and how fast spells begin beside the even rate; none begins beyond the client's number."""

_LATE_KNOWN = 0.6
"""By how much less the logit of the steps to X is for clients with late months, who pay where it is seen (round)."""

_CLOSES_WHEN_LATE = 0.2
"""Part of the published steps from a late status to C; the rest are loans that close as planned."""


@dataclass(frozen=True)
class _Loans:
    """The loans that have months: client, number of months, months until closing (a large number for never)."""

    client: Integers
    months: Integers
    closing: Integers
    unknown: Floats


def make_bureau_months(
    facts: Facts, figures: ClientFigures, loans: BureauLoans, draws: Draws, *, complete: Flags
) -> tuple[Table, Integers]:
    """Return the monthly statuses without SK_ID_BUREAU, and the position of each row's loan in the bureau table.

    The months of a loan begin with the one after its opening, and end with the present one, 0, or where reports stop;
    a client has months of all its loans or of none. A loan that has turned to C stays C.

    Args:
        facts: transitions of the status.
        figures: months and late share of the clients that have any.
        loans: the bureau rows.
        draws: random stream.
        complete: clients all of whose loans are reported to the present month, whatever their figures. They are those
            of application_test: the full table has 77 rows per client, and clients of application_train have 48.
    """
    months = _months(figures, loans, complete, draws)
    chosen = np.flatnonzero(months)
    status = _statuses(facts, figures, _chosen_loans(loans, months, draws), draws)
    listed = rows_of(months)
    first = np.floor(loans.opened / MONTH_DAYS).astype(np.int64) + 1
    place = np.zeros(months.shape[0], dtype=np.int64)
    place[chosen] = np.arange(chosen.shape[0])
    codes = status[listed.position, place[listed.owner]]
    month = np.maximum(first, 1 - _LONGEST)[listed.owner] + listed.position
    table: Table = {"MONTHS_BALANCE": month.astype(np.float64), "STATUS": Coded(codes, _STATUSES)}
    return table, listed.owner


def _months(figures: ClientFigures, loans: BureauLoans, complete: Flags, draws: Draws) -> Integers:
    """Return the number of months of each bureau loan; reports of some loans stop, so that the client's sum is met."""
    rows = loans.rows
    possible = np.minimum(-np.floor(loans.opened / MONTH_DAYS), _LONGEST)
    wanted = np.where(complete, np.inf, _MONTHS_LOST * figures.count("bureau_balance_months"))
    surplus = sum_within(rows, possible) - np.minimum(wanted, 1e9)
    lost = np.floor(possible * draws.uniform(possible.shape[0]) ** 0.3)
    order = np.lexsort((-possible * draws.uniform(possible.shape[0]), rows.owner))
    total = np.cumsum(lost[order])
    starts = np.cumsum(rows.count) - rows.count
    before = total - lost[order] - np.concatenate([[0.0], total])[starts][rows.owner[order]]
    cut = np.empty_like(lost)
    cut[order] = np.clip(surplus[rows.owner[order]] - before, 0.0, lost[order])
    reported = (complete | figures.has("bureau_balance_months"))[rows.owner]
    return np.where(reported, np.maximum(possible - cut, 1.0), 0.0).astype(np.int64)


def _chosen_loans(loans: BureauLoans, months: Integers, draws: Draws) -> _Loans:
    chosen = np.flatnonzero(months)
    size, clients = chosen.shape[0], loans.rows.count.shape[0]
    client, opened, ended = loans.rows.owner[chosen], loans.opened[chosen], loans.ended[chosen]
    is_open = np.isnan(ended)
    age = -np.floor(opened / MONTH_DAYS)
    end = np.floor(np.where(is_open, draws.uniform(size) * opened, ended) / MONTH_DAYS) + age
    shift = np.rint(10.0 * (draws.exponential(1.0, size) - draws.exponential(1.0, size)))
    end = end + np.where(draws.chance(0.45, size) | is_open, 0.0, shift)
    shown = draws.uniform(size) < np.where(is_open, _CLOSING_SHOWN[0], _CLOSING_SHOWN[1])
    of_client = np.sqrt(_UNKNOWN_OF_CLIENT) * draws.normal(clients)[client]
    unknown = of_client + np.sqrt(1 - _UNKNOWN_OF_CLIENT) * draws.normal(size)
    return _Loans(client, months[chosen], np.where(shown, np.maximum(end, 0.0), 10_000).astype(np.int64), unknown)


def _statuses(facts: Facts, figures: ClientFigures, loans: _Loans, draws: Draws) -> Integers:
    """Return the status codes, int64 (longest, loans), of a Markov chain with the published transitions.

    Late spells begin at the client's own rate, until it has as many late months as its late share wants.
    """
    size, clients = loans.client.shape[0], figures.values["bureau_count"].shape[0]
    total = np.bincount(loans.client, weights=loans.months, minlength=clients)
    share = figures["bureau_balance_late_share"]
    share = np.where(np.isnan(share), facts.client["bureau_balance_late_share"].draw(draws.normal(clients)), share)
    share = share * np.clip(total / _LATE_MONTHS, 0.3, 10.0) ** -_LATE_SHARE_FALLS
    wanted = np.where(share > 0, np.maximum(np.rint(share * total), 1.0), 0.0)
    rate = np.minimum(_HASTE * share / _LATE_SPELL / 0.4, 0.6)[loans.client]
    late_edges = _late_transitions(facts)
    tilt = np.exp(_UNKNOWN_SPREAD * loans.unknown - _LATE_KNOWN * (wanted > 0)[loans.client])
    to_unknown = _step(_TO_UNKNOWN, tilt)
    from_unknown = _step(_FROM_UNKNOWN, 1 / tilt)
    longest = int(loans.months.max()) if size else 0
    status = np.zeros((longest, size), dtype=np.int64)
    current = np.where(draws.uniform(size) < _step(_FIRST_UNKNOWN, tilt), _UNKNOWN, 0)
    late = np.zeros(clients)
    for step in range(longest):
        begins = (loans.closing <= step) & (current != _CLOSED)
        refuses = begins & (current == _UNKNOWN) & ~draws.chance(_UNKNOWN_TURNS_CLOSED, size)
        loans.closing[refuses] = 10_000
        current = np.where(begins & ~refuses, _CLOSED, current)
        status[step] = current
        is_late = (current > 0) & (current < _CLOSED) & (step < loans.months)
        late += np.bincount(loans.client[is_late], minlength=clients)
        chance = draws.uniform(size)
        goes_late = (chance < rate) & (late < wanted)[loans.client]
        from_zero = np.where(goes_late, 1, np.where(chance > 1 - to_unknown, _UNKNOWN, 0))
        from_late = (chance[:, None] > late_edges[np.minimum(current, 5)]).sum(axis=1)
        after = np.where(current == 0, from_zero, np.where(current < _CLOSED, from_late, current))
        current = np.where((current == _UNKNOWN) & (chance < from_unknown), 0, after)
    return _with_missing_late(status, loans, wanted - late, draws)


def _step(share: float, tilt: Floats) -> Floats:
    odds = share / (1 - share) * tilt
    return odds / (1 + odds)


def _late_transitions(facts: Facts) -> Floats:
    """Return cumulated transition shares (6, 8) of loans that need not close in the month; row 0 is not used."""
    listed = facts.histories["bureau_balance"]["transition"]
    shares = np.array([[listed[before][after] for after in _STATUSES] for before in _STATUSES[:_CLOSED]])
    shares[:, _CLOSED] *= _CLOSES_WHEN_LATE
    return np.asarray(np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1), dtype=np.float64)


def _with_missing_late(status: Integers, loans: _Loans, lacking: Floats, draws: Draws) -> Integers:
    """Return the statuses with the late months that a client still lacks put into months of status 0, else X.

    A month before X or after a late one is taken last: .037 of late months are followed by X (history_rows.json).
    """
    in_time = np.arange(status.shape[0])[:, None] < loans.months[None, :]
    month, loan = np.nonzero(np.isin(status, (0, _UNKNOWN)) & in_time & (lacking > 0)[loans.client][None, :])
    order = np.argsort(loans.client[loan], kind="stable")
    month, loan = month[order], loan[order]
    rows = rows_of(np.bincount(loans.client[loan], minlength=lacking.shape[0]))
    after = np.minimum(month + 1, loans.months[loan] - 1)
    before = status[np.maximum(month - 1, 0), loan]
    worse = (status[month, loan] == _UNKNOWN) | (status[after, loan] == _UNKNOWN)
    worse |= (before > 0) & (before < _CLOSED)
    filled = rank_within(rows, draws.uniform(loan.shape[0]) + worse) < lacking[rows.owner]
    status[month[filled], loan[filled]] = 1
    return status

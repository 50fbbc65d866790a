"""The loans at other lenders: bureau rows that add up to the client's figures, and their monthly statuses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.marginals import Coded, Flags, Floats, Integers, Table
from solvent.world.published import Facts
from solvent.world.rows import Rows, choose, rank_within, rows_of, sum_within

OLDEST_DAY = -2922.0
"""The bureau reports eight years."""

_TYPICAL_SIZE = {"Mortgage": 12.0, "Car loan": 4.0, "Loan for business development": 6.0, "Microloan": 0.1, "Credit card": 0.8}
_NO_LIMIT_END = (27000.0, 31200.0)
"""Cards without a term carry an end date some 80 years ahead (2 % of the rows)."""


@dataclass(frozen=True)
class BureauLoans:
    """The bureau table, the rows' owners, and the day each loan ended (NaN while it is active)."""

    table: Table
    rows: Rows
    opened: Floats
    ended: Floats


def make_bureau(facts: Facts, figures: ClientFigures, draws: np.random.Generator) -> BureauLoans:
    """Return the bureau rows of these clients without keys (SK_ID_BUREAU, SK_ID_CURR), in client order."""
    rows = rows_of(figures.count("bureau_count").astype(np.int64))
    opened = _opening_days(figures, rows, draws)
    kind = _types(facts, figures, rows, draws)
    active = _active(figures, rows, (opened, kind.equals("Credit card")), draws)
    ends, ended = _end_days(opened, active, kind, draws)
    credit, debt = _amounts(figures, rows, (kind, active), draws)
    size = opened.shape[0]
    sold = ~active & (draws.random(size) < 0.0063)
    table: Table = {
        "CREDIT_ACTIVE": Coded(np.where(active, 0, np.where(sold, 2, 1)), ("Active", "Closed", "Sold")),
        "CREDIT_CURRENCY": choose(facts.histories["bureau"]["currency"], size, draws),
        "DAYS_CREDIT": opened,
        "DAYS_CREDIT_ENDDATE": ends,
        "DAYS_ENDDATE_FACT": ended,
        "CNT_CREDIT_PROLONG": _counts(facts.histories["bureau"]["prolong"], size, draws),
        "AMT_CREDIT_SUM": credit,
        "AMT_CREDIT_SUM_DEBT": _with_gaps(debt, np.where(active, 0.124, 0.167), draws),
        "AMT_CREDIT_SUM_LIMIT": _limits(kind, active, credit - debt, draws),
        "CREDIT_TYPE": kind,
        "DAYS_CREDIT_UPDATE": _update_days(active, ended, draws),
        "AMT_ANNUITY": _annuities(rows, credit, draws),
    }
    _add_overdue(table, figures, rows, active, draws)
    return BureauLoans(table, rows, opened, ended)


def _opening_days(figures: ClientFigures, rows: Rows, draws: np.random.Generator) -> Floats:
    """Return DAYS_CREDIT: the latest loan at the client's maximum, the others so that the mean is the client's."""
    mean, count = figures["bureau_days_credit_mean"], figures.count("bureau_count")
    latest = np.where(count == 1, mean, np.maximum(figures["bureau_days_credit_max"], mean))
    others = (mean * count - latest) / np.maximum(count - 1, 1)
    share = np.clip((others - OLDEST_DAY) / np.maximum(latest - OLDEST_DAY, 1), 0.02, 0.98)
    spread = draws.random(rows.owner.shape[0]) ** ((1 - share) / share)[rows.owner]
    day = OLDEST_DAY + (latest[rows.owner] - OLDEST_DAY) * spread
    return np.clip(np.rint(np.where(rows.position == 0, latest[rows.owner], day)), OLDEST_DAY, -1.0)


def _types(facts: Facts, figures: ClientFigures, rows: Rows, draws: np.random.Generator) -> Coded:
    shares = dict(facts.histories["bureau"]["type"])
    other = choose({name: share for name, share in shares.items() if name != "Credit card"}, rows.owner.shape[0], draws)
    cards = figures.count("bureau_credit_card_count")[rows.owner]
    is_card = rank_within(rows, draws.random(rows.owner.shape[0])) < cards
    return Coded(np.where(is_card, len(other.labels), other.codes), (*other.labels, "Credit card"))


def _active(
    figures: ClientFigures, rows: Rows, known: tuple[Floats, Flags], draws: np.random.Generator
) -> Flags:
    """Return which loans are open: as many as the client has, the recent ones and the cards first."""
    opened, is_card = known
    score = opened / 700 + 1.2 * is_card + 0.8 * draws.standard_normal(opened.shape[0])
    return rank_within(rows, -score) < figures.count("bureau_active_count")[rows.owner]


def _end_days(
    opened: Floats, active: Flags, kind: Coded, draws: np.random.Generator
) -> tuple[Floats, Floats]:
    size = opened.shape[0]
    term = np.exp(6.35 + 0.75 * draws.standard_normal(size))
    term = np.where(kind.equals("Mortgage"), 9 * term, np.where(kind.equals("Car loan"), 2 * term, term))
    span = -opened * np.where(draws.random(size) < 0.2, draws.random(size), 1.0)
    ended = np.minimum(opened + np.minimum(term * (0.35 + 0.75 * draws.random(size)), span), -1.0)
    late_end = np.where(draws.random(size) < 0.15, opened + term, term * draws.random(size))
    planned = np.where(active, late_end, opened + term)
    endless = active & kind.equals("Credit card") & (draws.random(size) < 0.12)
    planned = np.where(endless, _NO_LIMIT_END[0] + draws.random(size) * (_NO_LIMIT_END[1] - _NO_LIMIT_END[0]), planned)
    ends = _with_gaps(np.rint(planned), np.where(active, 0.113, 0.025), draws)
    return ends, np.where(active, np.nan, np.rint(ended))


def _amounts(
    figures: ClientFigures, rows: Rows, known: tuple[Coded, Flags], draws: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return credit and debt of each loan: per client they add up to its credit and debt sums, as far as they can."""
    kind, active = known
    typical = np.array([_TYPICAL_SIZE.get(label, 1.0) for label in kind.labels])[kind.codes]
    weight = typical * np.exp(0.9 * draws.standard_normal(rows.owner.shape[0]))
    weight = np.where(kind.equals("Credit card") & (draws.random(weight.shape[0]) < 0.12), 0.0, weight) + 1e-9
    credit = figures.count("bureau_credit_sum")[rows.owner] * weight / sum_within(rows, weight)[rows.owner]
    credit = _round_amounts(credit, draws)
    wanted = figures.count("bureau_debt_sum")
    room = credit * active * (0.05 + draws.random(credit.shape[0]))
    total = sum_within(rows, room)
    share = np.where(total > 0, wanted / np.maximum(total, 1.0), 0.0)[rows.owner]
    debt = np.where(active, np.round(room * share, 1), 0.0)
    return np.where(debt > credit, np.maximum(credit, np.rint(debt * 1.1 / 4.5) * 4.5), credit), debt


def _round_amounts(amounts: Floats, draws: np.random.Generator) -> Floats:
    """Return amounts of which a third are multiples of 22,500, a quarter of 4,500, and the rest of 4.5."""
    which = draws.random(amounts.shape[0])
    step = np.where(amounts < 22500, 4.5, np.where(which < 0.33, 22500.0, np.where(which < 0.58, 4500.0, 4.5)))
    return np.asarray(np.rint(amounts / step) * step, dtype=np.float64)


def _counts(shares: dict[str, float], size: int, draws: np.random.Generator) -> Floats:
    drawn = choose(shares, size, draws)
    return np.array([float(label) for label in drawn.labels])[drawn.codes]


def _with_gaps(values: Floats, share: Floats, draws: np.random.Generator) -> Floats:
    return np.where(draws.random(values.shape[0]) < share, np.nan, values)


def _limits(kind: Coded, active: Flags, unused: Floats, draws: np.random.Generator) -> Floats:
    has_limit = kind.equals("Credit card") & active & (draws.random(unused.shape[0]) < 0.33)
    limit = np.where(has_limit, np.maximum(np.round(unused, 1), 0.0), 0.0)
    return _with_gaps(limit, np.where(active, 0.272, 0.36), draws)


def _update_days(active: Flags, ended: Floats, draws: np.random.Generator) -> Floats:
    fresh = -np.floor(draws.exponential(22.0, active.shape[0]))
    after = np.minimum(np.nan_to_num(ended) + np.floor(draws.exponential(90.0, active.shape[0])), 0.0)
    return np.clip(np.where(active, fresh, np.where(draws.random(active.shape[0]) < 0.15, fresh, after)), OLDEST_DAY, 0)


def _annuities(rows: Rows, credit: Floats, draws: np.random.Generator) -> Floats:
    """Return AMT_ANNUITY: reported for a quarter of the clients, half of the time as 0."""
    reported = (draws.random(rows.count.shape[0]) < 0.27)[rows.owner] & (draws.random(credit.shape[0]) < 0.85)
    annuity = np.where(draws.random(credit.shape[0]) < 0.5, 0.0, np.rint(credit * (0.03 + 0.09 * draws.random(credit.shape[0]))))
    return np.where(reported, annuity, np.nan)


def _add_overdue(
    table: Table, figures: ClientFigures, rows: Rows, active: Flags, draws: np.random.Generator
) -> None:
    """Put the client's largest overdue amount on one loan, and what is overdue now on its first open loan."""
    size = rows.owner.shape[0]
    worst = figures["bureau_max_overdue"][rows.owner]
    chosen = rank_within(rows, draws.random(size)) == 0
    other = np.where(draws.random(size) < 0.1, worst * draws.random(size), 0.0)
    listed = chosen | (draws.random(size) < 0.45)
    table["AMT_CREDIT_MAX_OVERDUE"] = np.where(listed, np.round(np.where(chosen, worst, other), 1), np.nan)
    now = figures.count("bureau_overdue_sum")[rows.owner]
    first_open = active & (rank_within(rows, np.where(active, draws.random(size), 2.0)) == 0)
    overdue = np.where(first_open, np.round(now, 1), 0.0)
    table["AMT_CREDIT_SUM_OVERDUE"] = overdue
    days = np.ceil(draws.exponential(60.0, size))
    table["CREDIT_DAY_OVERDUE"] = np.where(overdue > 0, days, 0.0)


def make_bureau_months(
    facts: Facts, figures: ClientFigures, loans: BureauLoans, draws: np.random.Generator
) -> tuple[Table, Integers]:
    """Return the monthly statuses without SK_ID_BUREAU, and the position of each row's loan in the bureau table.

    Months run from the opening (at most 96 ago) to the present one, 0; a closed loan is C after its end.
    """
    months = np.minimum(np.floor(-loans.opened / 30.4375).astype(np.int64) + 1, 97)
    key = draws.random(months.shape[0])
    order = np.lexsort((key, loans.rows.owner))
    cumulated = np.cumsum(months[order])
    before = cumulated - months[order] - _before_owner(loans.rows, months)
    wanted = figures.count("bureau_balance_months")[loans.rows.owner]
    included = np.zeros(months.shape[0], dtype=np.bool_)
    included[order] = before + 0.5 * months[order] <= wanted
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
    draws: np.random.Generator,
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
    closing = span + np.floor(np.where(np.isnan(loans.ended[included]), 1e6, loans.ended[included] / 30.4375)).astype(np.int64)
    longest = int(span.max()) if span.size else 0
    status = np.zeros((longest, span.size), dtype=np.int64)
    current = np.where(draws.random(span.size) < 0.35, _UNKNOWN, 0)
    for step in range(longest):
        status[step] = np.where(step >= closing, _CLOSED, current)
        edges = base[current]
        late = np.where((current == 0)[:, None], _from_zero(base, late_step), edges)
        current = (draws.random(span.size)[:, None] > late).sum(axis=1)
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

"""The amounts of the loans at other lenders: credit, debt, limit, annuity and what is overdue.

Shares without another source were measured on 5,218 bureau rows of real applicants.
"""

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Flags, Floats, Table, numbers
from solvent.world.drawing.money import CENT_STEP, to_step
from solvent.world.drawing.normal import normal_cdf, normal_quantile
from solvent.world.drawing.rows import Rows, rank_within, sum_within
from solvent.world.loans.bureau_dates import Book

_TERM_KNOTS = (5.0, 6.25, 7.0, 7.55)
_LOG_CREDIT = (10.8, 11.45, 12.75, 13.35)
"""Mean logarithm of a consumer credit at these logarithms of its term in days."""

_TYPICAL = {"Credit card": 11.7, "Car loan": 14.1, "Mortgage": 15.2, "Microloan": 10.2}
_TYPICAL_OTHERWISE = 12.7
_SPREAD = {"Credit card": 0.7, "Car loan": 0.65, "Mortgage": 0.5, "Microloan": 0.5}
_SPREAD_OTHERWISE = 0.48
_NO_CREDIT = (0.105, 0.243, 0.001)
"""Share of rows without an amount: open cards, closed cards, others."""

_CREDIT_BY_FIGURE, _DEBT_BY_FIGURE = 1.6, 1.0
"""Weight of a client's own figure beside what its loans let expect, when the block's sums are handed out."""

_MEAN_CREDIT = 260_000.0
_MEAN_CREDIT_COUNTS, _MEAN_CREDIT_KEEPS = (2.0, 6.0, 10.0, 16.0), (1.0, 0.9, 0.84, 0.78)
"""The more loans, the less their mean differs between clients: median of it, and the power left at so many loans."""

_SMALLEST_STEP = 0.045
"""Every credit of 5,218 bureau rows is a multiple of it: a hundredth of the currency before it was scaled."""

_SMALLEST_CREDIT = 26_000.0
_LEAST_OWING = 0.4
_LARGEST_DEBT = 0.97
_NO_DEBT_KNOWN, _NO_LIMIT_KNOWN = (0.124, 0.167), (0.272, 0.36)
"""Shares missing by activity, open and closed (history_correlation.json); with the debt the limit is missing too."""


def amounts(figures: ClientFigures, book: Book, draws: Draws) -> tuple[Floats, Floats]:
    """Return credit and debt (NaN where unknown): per client they add up to its credit and debt sums."""
    size, owner = book.opened.shape[0], book.rows.owner
    card = book.kind.equals("Credit card")
    empty_share = np.where(card, np.where(book.active, _NO_CREDIT[0], _NO_CREDIT[1]), _NO_CREDIT[2])
    empty = draws.uniform(size) < empty_share
    share = _debt_share(book, draws)
    unknown = _unknown(book, _NO_DEBT_KNOWN, draws)
    share = np.where(unknown | empty | ~book.active, 0.0, share)
    worth = np.where(empty & (share == 0), 0.0, _weights(book, draws))
    total, wanted = _consistent_sums(figures, book, (worth, share), draws)
    share = _some_debt(book.rows, share, wanted, (book.active & ~unknown).astype(np.float64))
    weight = np.where(empty & (share == 0), 0.0, np.maximum(worth, 1.0))
    credit = _split_credit(book.rows, weight, (total, wanted), share)
    least = np.minimum(
        _SMALLEST_CREDIT * np.exp(0.5 * draws.normal(size)), (0.6 * total / np.maximum(book.rows.count, 1))[owner]
    )
    credit = _round_credit(np.where(weight > 0, np.maximum(credit, least), 0.0), card, draws)
    debt = _split_debt(book.rows, credit, share, wanted)
    debt = np.round(to_step(debt, np.where(draws.chance(0.85, size), CENT_STEP, _SMALLEST_STEP)), 3)
    debt = np.where(card & book.active & (debt == 0) & draws.chance(0.05, size), _overpaid(size, draws), debt)
    return credit, np.where(unknown, np.nan, debt)


def _overpaid(size: int, draws: Draws) -> Floats:
    return np.asarray(-np.round(np.exp(2.5 + 2.2 * draws.normal(size)), 3), dtype=np.float64)


def _consistent_sums(
    figures: ClientFigures, book: Book, loans: tuple[Floats, Floats], draws: Draws
) -> tuple[Floats, Floats]:
    """Return credit and debt sum of each client: only clients with an open loan owe, and none more than its credit.

    The block's credit sums go to its clients by their figures and what their loans let expect, its positive debts to
    those with open loans likewise. `loans` is what each loan is worth beside others and the share of it still owed.
    """
    worth, share = loans
    expected = sum_within(book.rows, worth)
    credit = _assigned(_credit_sums(figures), expected, _CREDIT_BY_FIGURE)
    debt = figures.count("bureau_debt_sum")
    open_loans = sum_within(book.rows, book.active.astype(np.float64))
    able = np.flatnonzero(open_loans > 0)
    positive = np.sort(debt[debt > 0])[-able.shape[0] :] if able.size else debt[:0]
    owing = (sum_within(book.rows, worth * share) * credit / np.maximum(expected, 1.0))[able]
    score = _DEBT_BY_FIGURE * _places(debt[able] + draws.uniform(able.shape[0])) + _places(owing)
    order = able[np.argsort(score, kind="stable")]
    owed = np.zeros_like(debt)
    owed[order[order.shape[0] - positive.shape[0] :]] = positive
    between = np.sqrt(credit * owed)
    too_much = owed > _LARGEST_DEBT * credit
    root = float(np.sqrt(_LARGEST_DEBT))
    return np.where(too_much, between / root, credit), np.where(too_much, between * root, owed)


def _assigned(sums: Floats, expected: Floats, weight: float) -> Floats:
    """Return the same positive sums, each client's by the rank of `weight` times its own sum's place and `expected`."""
    some = np.flatnonzero((sums > 0) & (expected > 0))
    score = weight * _places(sums[some]) + _places(expected[some])
    assigned = sums.copy()
    assigned[some[np.argsort(score, kind="stable")]] = np.sort(sums[some])
    return assigned


def _places(values: Floats) -> Floats:
    """Return the standard normal score of each value's rank."""
    ranks = np.empty(values.shape[0])
    ranks[np.argsort(values, kind="stable")] = np.arange(values.shape[0]) + 0.5
    return normal_quantile(ranks / max(values.shape[0], 1))


def _credit_sums(figures: ClientFigures) -> Floats:
    """Return the credit sums, the mean credit of clients with many loans moved towards the middle one."""
    total, count = figures.count("bureau_credit_sum"), np.maximum(figures.count("bureau_count"), 1.0)
    keep = np.interp(count, _MEAN_CREDIT_COUNTS, _MEAN_CREDIT_KEEPS)
    return np.where(total > 0, _MEAN_CREDIT * count * (np.maximum(total, 1.0) / count / _MEAN_CREDIT) ** keep, 0.0)


def _weights(book: Book, draws: Draws) -> Floats:
    """Return what a loan of this type and term is worth beside the client's others."""
    by_term = np.interp(np.log(np.maximum(np.nan_to_num(book.term), 1.0)), _TERM_KNOTS, _LOG_CREDIT)
    typical = book.share(_TYPICAL, _TYPICAL_OTHERWISE)
    log_credit = np.where(book.kind.equals("Consumer credit"), by_term, typical)
    return np.asarray(np.exp(log_credit + book.share(_SPREAD, _SPREAD_OTHERWISE) * draws.normal(typical.shape[0])))


def _debt_share(book: Book, draws: Draws) -> Floats:
    """Return debt over credit: what an annuity loan still owes at its age; cards are empty, or nearly drawn out."""
    size = book.opened.shape[0]
    left = np.clip(1 + book.opened / np.maximum(np.nan_to_num(book.term), 1.0), 0.0, 1.0)
    loan = np.clip(left**0.72 * np.exp(0.1 * draws.normal(size)), 0.0, 1.02)
    loan = np.where((left == 0) | draws.chance(0.07, size), draws.uniform(size), loan)
    loan = np.where(draws.chance(0.04, size), 1.0, np.where(draws.chance(0.02, size), 0.0, loan))
    of_client = draws.normal(book.rows.count.shape[0])[book.rows.owner]
    place = normal_cdf(0.55 * of_client + 0.835 * draws.normal(size))
    drawn = np.clip((place - 0.2) / 0.7, 0.0, 1.0) ** 0.25
    card = np.where(place > 0.9, 1 + 0.08 * draws.uniform(size), drawn)
    return np.where(book.kind.equals("Credit card"), card, np.maximum(loan, 0))


def _some_debt(rows: Rows, share: Floats, wanted: Floats, able: Floats) -> Floats:
    """Return the shares with one loan put into debt for each client that is to owe something and has none to owe it."""
    lacking = (wanted > 0) & (sum_within(rows, share) == 0)
    first = (able > 0) & (rank_within(rows, -able) == 0)
    return np.where(first & lacking[rows.owner], 0.7, np.where((wanted > 0)[rows.owner], share, 0.0))


def _split_credit(rows: Rows, weight: Floats, sums: tuple[Floats, Floats], share: Floats) -> Floats:
    """Return the credits that add up to the client's, with as much of it on the loans that owe as the debt wants."""
    total, wanted = sums
    owing = sum_within(rows, weight * (share > 0))
    all_of = np.maximum(sum_within(rows, weight), 1e-9)
    part = np.clip(owing / all_of, 1e-9, 1.0)
    usual = np.clip(sum_within(rows, weight * share) / np.maximum(owing, 1e-9), 0.1, 0.95)
    needed = np.minimum(wanted / np.maximum(total, 1.0) / usual, 1.0)
    moved = np.where(part > 1 - 1e-9, 1.0, np.maximum(needed, _LEAST_OWING * part))
    of_owing, of_rest = moved / part, (1 - moved) / np.maximum(1 - part, 1e-9)
    factor = np.where(share > 0, of_owing[rows.owner], of_rest[rows.owner])
    return total[rows.owner] * weight * factor / all_of[rows.owner]


def _split_debt(rows: Rows, credit: Floats, share: Floats, wanted: Floats) -> Floats:
    """Return debts that add up to the wanted sums: every share is raised to one power per client, found by halving."""
    lower, upper = np.full(wanted.shape[0], -6.0), np.full(wanted.shape[0], 6.0)
    owing = share > 0
    log_share = np.log(np.where(owing, share, 1.0))
    for _ in range(30):
        middle = (lower + upper) / 2
        debt = np.where(owing, credit * np.exp(np.exp(middle)[rows.owner] * log_share), 0.0)
        too_much = sum_within(rows, debt) > wanted
        lower, upper = np.where(too_much, middle, lower), np.where(too_much, upper, middle)
    scale = wanted / np.maximum(sum_within(rows, debt), 1e-9)
    return np.where(owing, debt * scale[rows.owner], 0.0)


def _round_credit(credit: Floats, card: Flags, draws: Draws) -> Floats:
    """Return amounts as lenders state them: the larger, the more often a multiple of 22,500; cards mostly.

    The currency was scaled by .45, so 22,500 stands for fifty thousand and 225,000 for half a million.
    """
    size = credit.shape[0]
    which = draws.uniform(size)
    log_credit = np.log(np.maximum(credit, 1.0))
    round_share = np.where(card, 0.62, np.interp(log_credit, (10.0, 11.0, 12.3, 13.0), (0.02, 0.06, 0.3, 0.5)))
    large = draws.uniform(size) < np.where((credit > 300_000) & ~card, 0.5, 0.35)
    coarse = np.where(credit > 300_000, np.where(large, 225_000.0, 45_000.0), np.where(large, 22_500.0, 45_000.0))
    coarse = np.where(credit < 40_000, np.where(large, 4_500.0, 22_500.0), coarse)
    beyond = which - round_share
    fine = np.select([beyond < np.where(card, 0.2, 0.08), beyond < np.where(card, 0.28, 0.15)], [4_500.0, 450.0], 45.0)
    fine = np.where(beyond < np.where(card, 0.3, 0.27), fine, CENT_STEP)
    step = np.where(which < round_share, coarse, np.where(which > np.where(card, 0.98, 0.87), _SMALLEST_STEP, fine))
    rounded = to_step(credit, step)
    return np.where((rounded == 0) & (credit > 0), to_step(credit, CENT_STEP), np.round(rounded, 3))


def _unknown(book: Book, shares: tuple[float, float], draws: Draws) -> Flags:
    """Return flags with these shares for open and closed loans, which lenders of one client have in common."""
    owner, clients = book.rows.owner, book.rows.count.shape[0]
    latent = 0.5 * draws.normal(clients)[owner] + 0.866 * draws.normal(book.opened.shape[0])
    return np.asarray(normal_cdf(latent) < np.where(book.active, shares[0], shares[1]), dtype=np.bool_)


def limits(book: Book, credit: Floats, debt: Floats, draws: Draws) -> Floats:
    """Return AMT_CREDIT_SUM_LIMIT: what is left to draw, on a third of the open cards and 6 % of the closed ones."""
    size = credit.shape[0]
    card = book.kind.equals("Credit card")
    of_open = np.where(np.nan_to_num(debt) > 0, 0.29, 0.48)
    stated = card & (draws.uniform(size) < np.where(book.active, of_open, 0.08))
    which = draws.uniform(size)
    left = credit - np.nan_to_num(debt) + np.where(which > 0.62, np.round(100 * draws.uniform(size) - 50, 3), 0.0)
    left = np.where(
        (which > 0.96) | ((credit == 0) & (which > 0.7)), np.round(np.exp(10.5 + 1.5 * draws.normal(size)), 3), left
    )
    limit = np.where(stated, np.round(np.maximum(left, 0.0), 3), 0.0)
    rest = [(hidden - known) / (1 - known) for known, hidden in zip(_NO_DEBT_KNOWN, _NO_LIMIT_KNOWN, strict=True)]
    unknown = _unknown(book, (rest[0], rest[1]), draws) | np.isnan(debt)
    return np.where(unknown, np.nan, limit)


def annuities(rows: Rows, credit: Floats, active: Flags, draws: Draws) -> Floats:
    """Return AMT_ANNUITY: no loan of two thirds of the clients has one, of an eighth every loan; half of them are 0."""
    clients = rows.count.shape[0]
    reports, every = draws.chance(0.335, clients), draws.chance(0.32, clients)
    share = np.where(reports, np.where(every, 1.0, 0.15 + 0.85 * draws.uniform(clients)), 0.0)
    size = credit.shape[0]
    reported = draws.uniform(size) < share[rows.owner]
    latent = normal_cdf(0.8 * draws.normal(clients)[rows.owner] + 0.6 * draws.normal(size))
    none = latent < np.where(active, 0.40, 0.58)
    size_part = np.clip((np.log(np.maximum(credit, 1.0)) - 11.8) / 1.2, -2.0, 2.0)
    paid = to_step(np.exp(9.5 + 0.35 * size_part + 0.9 * draws.normal(size)), CENT_STEP)
    return np.where(reported, np.where(none, 0.0, paid), np.nan)


def add_overdue(table: Table, figures: ClientFigures, book: Book, draws: Draws) -> None:
    """Put the client's largest overdue amount on one loan, rather an old one, and what is due now on an open one."""
    rows, size = book.rows, book.opened.shape[0]
    worst = figures["bureau_max_overdue"][rows.owner]
    age = -book.opened / 1000
    credit = np.maximum(numbers(table, "AMT_CREDIT_SUM"), 1_000.0)
    chosen = rank_within(rows, draws.exponential(1.0, size) / ((0.15 + age) * np.sqrt(credit))) == 0
    clients = rows.count.shape[0]
    share = np.where(draws.chance(0.08, clients), 1.0, 0.57 * draws.uniform(clients))[rows.owner]
    listed = ~np.isnan(worst) & (chosen | (draws.uniform(size) < share))
    other = np.where(draws.uniform(size) < 0.12 + 0.14 * age, worst * draws.uniform(size), 0.0)
    table["AMT_CREDIT_MAX_OVERDUE"] = np.where(listed, np.round(np.where(chosen, worst, other), 3), np.nan)
    now = figures.count("bureau_overdue_sum")[rows.owner]
    first_open = book.active & (rank_within(rows, np.where(book.active, draws.uniform(size), 2.0)) == 0)
    overdue = np.where(first_open, np.round(now, 3), 0.0)
    table["AMT_CREDIT_SUM_OVERDUE"] = overdue
    table["CREDIT_DAY_OVERDUE"] = np.where(overdue > 0, np.ceil(np.exp(3.0 + 1.6 * draws.normal(size))), 0.0)

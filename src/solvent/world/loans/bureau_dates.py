"""When the loans at other lenders were to end, ended, and were last reported.

The shares and quantiles in this module were measured on 5,218 bureau rows of real applicants, per type and activity;
`history_rows.json` and `history_correlation.json` of the published statistics hold the margins that they add up to.
"""

from dataclasses import dataclass

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Flags, Floats
from solvent.world.drawing.normal import normal_cdf
from solvent.world.drawing.rows import Rows
from solvent.world.drawing.time_spans import MONTH_DAYS
from solvent.world.published import Facts

OLDEST_DAY = -2922.0
"""The bureau reports eight years."""

_NO_LIMIT_END = (27000.0, 31200.0)
"""Cards without a term carry an end date some 80 years ahead (2 % of the rows)."""

_ENDLESS = -1.0
_OPEN, _DONE, _OTHER = "open", "done", "other"
_TERM_LEANING, _TERM_OF_CLIENT = 0.4, 0.35
"""Weights of the size of the client's loans and of the client itself in the latent of the term."""

_PAST_ITS_END = {"Consumer credit": 0.12, "Credit card": 0.12}
"""Share of the open loans whose agreed end is past."""

_NO_END_OPEN = {"Consumer credit": 0.017, "Credit card": 0.245, "Microloan": 0.57}
_NO_END_DONE = {"Consumer credit": 0.008, "Credit card": 0.17, "Microloan": 0.67}
_FRESH, _FRESH_OTHERWISE, _FRESH_PAST = {"Consumer credit": 0.946, "Credit card": 0.755}, 0.95, 0.26
"""Share of the open loans reported within the last 60 days, by type and for those past their end; of the others the
lender has stopped to report (of 1,676 open loans)."""

_RUN_TERMS = (90.0, 165.0, 250.0, 350.0, 550.0, 1200.0)
_EARLY = (0.22, 0.2, 0.35, 0.46, 0.49, 0.78)
_TO_TERM = (0.52, 0.48, 0.34, 0.29, 0.31, 0.11)
_LATE_A_MONTH = (0.2, 0.18, 0.16, 0.16, 0.12, 0.07)
_EARLY_POWER = (0.6, 0.5, 0.42, 0.45, 0.6, 1.05)
"""By days of the term, shares of the closed loans repaid early, on the agreed day and within a month after it, and the
power of a uniform number that the part run of the early ones is like (of 2,403 closed consumer credits)."""

_RUN_OF_CLIENT = 0.45

_NORMAL_KNOTS = (-3.0, -1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645, 3.0)
_FRESH_DAYS = (0.0, 4.0, 6.0, 10.0, 18.0, 29.0, 41.0, 48.0, 60.0)


@dataclass(frozen=True)
class Book:
    """What is settled first of each bureau loan: owners, type, activity, opening day, agreed term in days."""

    rows: Rows
    kind: Coded
    active: Flags
    opened: Floats
    term: Floats

    def share(self, shares: dict[str, float], otherwise: float = 0.0) -> Floats:
        """Return the share that belongs to each row's type."""
        of_label = np.array([shares.get(label, otherwise) for label in self.kind.labels], dtype=np.float64)
        return np.asarray(of_label[self.kind.codes], dtype=np.float64)


def terms(facts: Facts, known: tuple[Rows, Coded, Flags, Floats], leaning: Floats, draws: Draws) -> Floats:
    """Return the agreed term of each loan in days, longer for clients with large loans; NaN for cards without one.

    The term of an open loan mostly reaches beyond the present day: it is drawn among those longer than its age.
    """
    rows, kind, active, opened = known
    size = opened.shape[0]
    of_client = _TERM_LEANING * leaning + _TERM_OF_CLIENT * draws.normal(leaning.shape[0])
    latent = of_client[rows.owner] + np.sqrt(1 - _TERM_LEANING**2 - _TERM_OF_CLIENT**2) * draws.normal(size)
    place = normal_cdf(latent)
    book = Book(rows, kind, active, opened, opened)
    past = draws.uniform(size) < book.share(_PAST_ITS_END, 0.05)
    term, listed = np.empty(size), facts.history_assumptions["bureau"]["term_months"]
    for label in kind.labels:
        for state in (_OPEN, _DONE):
            chosen = np.flatnonzero(kind.equals(label) & (active == (state == _OPEN)))
            shares = listed.get(label, listed[_OTHER])[state]
            within = (-opened[chosen] / MONTH_DAYS, past[chosen]) if state == _OPEN else None
            term[chosen] = _months(shares, place[chosen], within)
    jitter = np.rint(np.where(draws.chance(0.25, size), 30 * draws.uniform(size) - 15, 2 * draws.uniform(size) - 1))
    days = np.maximum(np.rint(term * MONTH_DAYS) + jitter, 0.0)
    return np.where(term == _ENDLESS, np.nan, days)


def _months(shares: dict[str, float], place: Floats, within: tuple[Floats, Flags] | None) -> Floats:
    """Return the months at these places of the distribution, above (or, if past, below) the age where one is given."""
    values = np.array([_ENDLESS if months == "none" else float(months) for months in shares])
    cumulated = np.cumsum(list(shares.values()))
    edges = np.concatenate([[0.0], cumulated / cumulated[-1]])
    if within is not None:
        age, past = within
        below = edges[np.searchsorted(np.where(values == _ENDLESS, 1e9, values), age)]
        place = np.where(past, below * place, below + (1 - below) * place)
    return np.asarray(values[np.minimum(np.searchsorted(edges[1:], place, side="right"), values.shape[0] - 1)])


def end_days(book: Book, draws: Draws) -> tuple[Floats, Floats]:
    """Return agreed end (NaN where unknown) and true end of each loan; the true end of an open loan is fictive."""
    size = book.opened.shape[0]
    endless = np.rint(_NO_LIMIT_END[0] + (_NO_LIMIT_END[1] - _NO_LIMIT_END[0]) * draws.uniform(size) ** 0.12)
    planned = np.where(np.isnan(book.term), endless, book.opened + book.term)
    unknown = np.where(book.active, book.share(_NO_END_OPEN, 0.02), book.share(_NO_END_DONE, 0.05))
    ran = np.where(book.kind.equals("Credit card"), _card_run(book, draws), _loan_run(book, draws))
    age = -book.opened
    ran = np.where(ran >= age, np.floor((age - 1) * draws.uniform(size) ** 0.5), ran)
    ended = np.clip(book.opened + np.rint(ran), book.opened, -1.0)
    of_client = draws.normal(book.rows.count.shape[0])[book.rows.owner]
    place = normal_cdf(0.6 * of_client + 0.8 * draws.normal(size))
    return np.where(place < unknown, np.nan, planned), ended


def _loan_run(book: Book, draws: Draws) -> Floats:
    """Return the days that a loan ran: short ones to the agreed day, some longer, long ones are repaid early."""
    size, term = book.term.shape[0], np.nan_to_num(book.term)
    of_client = draws.normal(book.rows.count.shape[0])[book.rows.owner]
    which = normal_cdf(_RUN_OF_CLIENT * of_client + np.sqrt(1 - _RUN_OF_CLIENT**2) * draws.normal(size))
    early, to_term, late = (np.interp(term, _RUN_TERMS, shares) for shares in (_EARLY, _TO_TERM, _LATE_A_MONTH))
    part = np.minimum(draws.uniform(size) ** np.interp(term, _RUN_TERMS, _EARLY_POWER), 0.97)
    a_month, longer = 1 + np.floor(30 * draws.uniform(size)), 31 + np.floor(draws.exponential(150.0, size))
    after = np.where(which < early + to_term, 0.0, np.where(which < early + to_term + late, a_month, longer))
    return np.where(which < early, term * part, term + after)


def _card_run(book: Book, draws: Draws) -> Floats:
    """Return the days that a card was open: a median of 15 months whatever its term, or just its term."""
    size = book.term.shape[0]
    free = np.exp(6.25 + 1.0 * draws.normal(size))
    to_term = draws.chance(0.25, size) & ~np.isnan(book.term)
    late = np.where(draws.chance(0.4, size), np.floor(30 * draws.uniform(size)), 0.0)
    return np.where(to_term, np.nan_to_num(book.term) + late, free)


def update_days(book: Book, ended: Floats, draws: Draws) -> Floats:
    """Return DAYS_CREDIT_UPDATE: recent for loans still reported, else at the end or when reports stopped.

    Loans of one client are reported at like times (18 % of the variance lies between clients).
    """
    size = book.opened.shape[0]
    owner, clients = book.rows.owner, book.rows.count.shape[0]
    latent = 0.55 * draws.normal(clients)[owner] + 0.835 * draws.normal(size)
    fresh = -np.floor(np.interp(latent, _NORMAL_KNOTS, _FRESH_DAYS))
    habit = normal_cdf(0.6 * draws.normal(clients)[owner] + 0.8 * draws.normal(size))
    stopped = np.minimum(np.minimum(book.opened * (0.1 + 0.9 * draws.uniform(size)), -61.0), fresh)
    past = np.nan_to_num(book.opened + book.term) < 0
    of_open = np.where(habit < np.where(past, _FRESH_PAST, book.share(_FRESH, _FRESH_OTHERWISE)), fresh, stopped)
    which = normal_cdf(0.45 * draws.normal(clients)[owner] + 0.893 * draws.normal(size))
    days = np.where(which < 0.5, np.ceil(draws.exponential(2.0, size)), np.floor(draws.exponential(25.0, size)))
    later = np.where(which < 0.3, 0.0, np.where(which < 0.76, days, np.floor((fresh - ended) * draws.uniform(size))))
    of_done = np.minimum(ended + np.maximum(later, 0.0), np.maximum(fresh, ended))
    return np.clip(np.rint(np.where(book.active, np.maximum(of_open, book.opened), of_done)), OLDEST_DAY, 0.0)

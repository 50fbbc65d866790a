"""The loans at other lenders: bureau rows that add up to the client's figures."""

from dataclasses import dataclass

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Flags, Floats, Table
from solvent.world.drawing.normal import normal_cdf
from solvent.world.drawing.rows import Rows, choose, rank_within, rows_of, sum_within
from solvent.world.loans.bureau_amounts import add_overdue, amounts, annuities, limits
from solvent.world.loans.bureau_dates import OLDEST_DAY, Book, end_days, terms, update_days
from solvent.world.published import Facts

_BY_SIZE = (
    *("Microloan", "Unknown type of loan", "Another type of loan", "Consumer credit"),
    *("Loan for working capital replenishment", "Loan for business development", "Car loan", "Mortgage"),
)
"""The types but the card, from small to large loans: clients with large loans hold the last ones."""

_SIZE_LEANING = 0.55
_LOAN_SIZE = (12.2, 1.1)
"""Mean and deviation over clients of the logarithm of the mean credit (history_per_client: sum over count)."""

_DAYS_BETWEEN_CLIENTS, _LATENT_OF_COUNT = 0.1, 1.13
"""Share of the variance of DAYS_CREDIT between clients with as many loans (over all clients it is .184,
history_correlation.json), and what brings the latent of such clients back to deviation 1."""

_MEAN_DAY, _DAY_DEVIATION = -1085.0, 803.0
_DAY_PLACES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
_DAYS = (
    OLDEST_DAY,
    -2869.0,
    -2818.0,
    -2669.0,
    -2445.0,
    -2233.0,
    -1906.0,
    -1677.0,
    -980.0,
    -470.0,
    -210.0,
    -116.0,
    -36.0,
    -1.0,
)
"""Mean of the clients' means (history_per_client.json); deviation and quantiles of one loan's DAYS_CREDIT
(history_rows.json)."""

_SAME_DAY, _SAME_WEEK = 0.065, 0.04
"""Share of the loans opened on the day of the client's next one, or within a week of it (of 5,218 bureau rows)."""

_AGES = (45.0, 135.0, 270.0, 455.0, 640.0, 910.0, 1280.0, 1640.0, 2000.0, 2560.0)
_OPEN_LOANS = (0.845, 0.825, 0.69, 0.43, 0.276, 0.18, 0.085, 0.07, 0.045, 0.045)
_OPEN_CARDS = (0.97, 0.96, 0.905, 0.81, 0.72, 0.69, 0.66, 0.57, 0.4, 0.36)
"""Shares still open at these ages in days, of 3,259 consumer credits and 1,084 cards of real applicants."""

_CHANCE_OF_OPEN = 0.55
"""Scale of the logistic deviation from these, less than 1 as the client's number of open loans is given."""

_LASTING = {"Mortgage": 3.0, "Car loan": 1.0, "Credit card": 0.3}
"""What the logit of being open gains on a consumer credit or card of the age (round; the margins are published)."""

_PROLONGED_CARDS, _PROLONGED_OTHERS = 0.085, 0.003
"""Together the published .67 % of the rows, and their correlation of .16 with the limit."""

_ACTIVE_WITH_END, _SOLD, _MORTGAGE_SOLD, _SOLD_WITH_END = 0.004, 0.0063, 0.12, 0.1
"""Shares of history_correlation.json and history_rows.json: open loans that carry an end all the same, sold ones among
those that are not open, and among such mortgages; hardly a sold loan has an end (else more rows had one)."""


@dataclass(frozen=True)
class BureauLoans:
    """The bureau table, the rows' owners, and the day each loan ended (NaN while it is active)."""

    table: Table
    rows: Rows
    opened: Floats
    ended: Floats


def make_bureau(facts: Facts, figures: ClientFigures, draws: Draws) -> BureauLoans:
    """Return the bureau rows of these clients without keys (SK_ID_BUREAU, SK_ID_CURR), in client order."""
    rows = rows_of(figures.count("bureau_count").astype(np.int64))
    opened = _opening_days(facts, figures, rows, draws)
    leaning = _leaning(figures)
    kind = _types(facts, figures, rows, leaning, draws)
    active = _active(figures, rows, (opened, kind), draws)
    book = Book(rows, kind, active, opened, terms(facts, (rows, kind, active, opened), leaning, draws))
    ends, ended = end_days(book, draws)
    credit, debt = amounts(figures, book, draws)
    size, limit = opened.shape[0], limits(book, credit, debt, draws)
    sold = ~active & draws.chance(np.where(kind.equals("Mortgage"), _MORTGAGE_SOLD, _SOLD), size)
    has_end = np.where(active, draws.chance(_ACTIVE_WITH_END, size), ~sold | draws.chance(_SOLD_WITH_END, size))
    table: Table = {
        "CREDIT_ACTIVE": Coded(np.where(active, 0, np.where(sold, 2, 1)), ("Active", "Closed", "Sold")),
        "CREDIT_CURRENCY": choose(facts.histories["bureau"]["currency"], size, draws),
        "DAYS_CREDIT": opened,
        "DAYS_CREDIT_ENDDATE": ends,
        "DAYS_ENDDATE_FACT": np.where(has_end, ended, np.nan),
        "CNT_CREDIT_PROLONG": _prolongations(facts, limit, draws),
        "AMT_CREDIT_SUM": credit,
        "AMT_CREDIT_SUM_DEBT": debt,
        "AMT_CREDIT_SUM_LIMIT": limit,
        "CREDIT_TYPE": kind,
        "DAYS_CREDIT_UPDATE": update_days(book, ended, draws),
        "AMT_ANNUITY": annuities(rows, credit, active, draws),
    }
    add_overdue(table, figures, book, draws)
    return BureauLoans(table, rows, opened, np.where(active, np.nan, ended))


def _opening_days(facts: Facts, figures: ClientFigures, rows: Rows, draws: Draws) -> Floats:
    """Return DAYS_CREDIT: the latest loan at the client's maximum, the others so that the mean is the client's."""
    mean, count = _mean_days(facts, figures), figures.count("bureau_count")
    latest = np.where(count == 1, mean, np.maximum(figures["bureau_days_credit_max"], mean))
    others = (mean * count - latest) / np.maximum(count - 1, 1)
    wanted = np.clip((others - OLDEST_DAY) / np.maximum(latest - OLDEST_DAY, 1), 0.02, 0.98)[rows.owner]
    first = rows.position == 0
    reach = np.interp(latest, _DAYS, _DAY_PLACES)[rows.owner]
    drawn = np.interp(reach * draws.uniform(wanted.shape[0]), _DAY_PLACES, _DAYS)
    place = (drawn - OLDEST_DAY) / np.maximum(latest - OLDEST_DAY, 1)[rows.owner]
    place = _with_mean(rows, np.where(first, 0.0, np.clip(place, 1e-6, 1.0)), wanted)
    day = np.where(first, latest[rows.owner], OLDEST_DAY + (latest[rows.owner] - OLDEST_DAY) * place)
    return np.clip(np.rint(_gathered(rows, day, draws)), OLDEST_DAY, -1.0)


def _gathered(rows: Rows, day: Floats, draws: Draws) -> Floats:
    """Return the days with some loans moved to the day of the client's next one, or into the week before it."""
    size = day.shape[0]
    order = np.lexsort((-day, rows.owner))
    which = draws.uniform(size)
    joins = (which < _SAME_DAY + _SAME_WEEK) & (rows.position > 0)
    leader = np.maximum.accumulate(np.where(joins, 0, np.arange(size)))
    before = np.where(which < _SAME_DAY, 0.0, 1 + np.floor(7 * draws.uniform(size)))
    gathered = np.empty(size)
    gathered[order] = day[order][leader] - np.where(joins, before, 0.0)
    return gathered


def _mean_days(facts: Facts, figures: ClientFigures) -> Floats:
    """Return the client's mean of DAYS_CREDIT, spread as a mean of so many loans is.

    The mean over n loans of a client has the variance b + (1 - b) / n of one loan's, b the share between clients; over
    all clients these mix to the published distribution of the means.
    """
    marginal = facts.client["bureau_days_credit_mean"]
    latent = np.interp(figures["bureau_days_credit_mean"], np.asarray(marginal.values, np.float64), marginal.edges)
    count = np.maximum(figures.count("bureau_count"), 1.0)
    latent = _LATENT_OF_COUNT * latent
    spread = np.sqrt(_DAYS_BETWEEN_CLIENTS + (1 - _DAYS_BETWEEN_CLIENTS) / count)
    one = np.interp(normal_cdf(latent), _DAY_PLACES, _DAYS)
    several = _MEAN_DAY + spread * (spread * (one - _MEAN_DAY) + (1 - spread) * _DAY_DEVIATION * latent)
    return np.clip(several, OLDEST_DAY, -1.0)


def _with_mean(rows: Rows, place: Floats, wanted: Floats) -> Floats:
    """Return places between 0 and 1, each client's raised to one power so that their mean is the wanted one."""
    clients, others = rows.count.shape[0], np.maximum(rows.count - 1, 1)
    target = np.zeros(clients)
    target[rows.owner] = wanted
    lower, upper = np.full(clients, -3.0), np.full(clients, 3.0)
    log_place = np.log(np.where(place > 0, place, 1.0))
    for _ in range(20):
        middle = (lower + upper) / 2
        raised = np.where(place > 0, np.exp(np.exp(middle)[rows.owner] * log_place), 0.0)
        too_much = sum_within(rows, raised) / others > target
        lower, upper = np.where(too_much, middle, lower), np.where(too_much, upper, middle)
    return raised


def _leaning(figures: ClientFigures) -> Floats:
    """Return how large the client's loans are, standardised, float64 (clients,)."""
    credit = figures.count("bureau_credit_sum") / np.maximum(figures.count("bureau_count"), 1)
    return np.clip((np.log(np.maximum(credit, 1.0)) - _LOAN_SIZE[0]) / _LOAN_SIZE[1], -2.5, 2.5)


def _types(facts: Facts, figures: ClientFigures, rows: Rows, leaning: Floats, draws: Draws) -> Coded:
    size = rows.owner.shape[0]
    shares = facts.histories["bureau"]["type"]
    edges = np.cumsum([shares[label] for label in _BY_SIZE])
    latent = _SIZE_LEANING * leaning[rows.owner] + np.sqrt(1 - _SIZE_LEANING**2) * draws.normal(size)
    other = np.minimum(np.searchsorted(edges / edges[-1], normal_cdf(latent)), len(_BY_SIZE) - 1)
    is_card = rank_within(rows, draws.uniform(size)) < figures.count("bureau_credit_card_count")[rows.owner]
    return Coded(np.where(is_card, len(_BY_SIZE), other), (*_BY_SIZE, "Credit card"))


def _active(figures: ClientFigures, rows: Rows, known: tuple[Floats, Coded], draws: Draws) -> Flags:
    """Return which loans are open: as many as the client has, the likely ones by age and type first."""
    opened, kind = known
    open_share = np.where(
        kind.equals("Credit card"), np.interp(-opened, _AGES, _OPEN_CARDS), np.interp(-opened, _AGES, _OPEN_LOANS)
    )
    place = draws.uniform(opened.shape[0])
    score = np.log(open_share / (1 - open_share)) + _CHANCE_OF_OPEN * np.log((place + 1e-12) / (1 - place))
    for label, lasting in _LASTING.items():
        score += lasting * kind.equals(label)
    return rank_within(rows, -score) < figures.count("bureau_active_count")[rows.owner]


def _prolongations(facts: Facts, limit: Floats, draws: Draws) -> Floats:
    """Return CNT_CREDIT_PROLONG, half of them on the few cards that state a limit."""
    shares = facts.histories["bureau"]["prolong"]
    drawn = choose({name: share for name, share in shares.items() if float(name) > 0}, limit.shape[0], draws)
    count = np.array([float(label) for label in drawn.labels])[drawn.codes]
    chance = np.where(np.nan_to_num(limit) > 0, _PROLONGED_CARDS, _PROLONGED_OTHERS)
    return np.where(draws.uniform(limit.shape[0]) < chance, count, 0.0)

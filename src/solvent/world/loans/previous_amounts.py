"""What the earlier applications asked for: amounts, terms, products by price, annuities and down payments.

Shares without another source were measured on 5,542 earlier applications of real clients.
"""

from dataclasses import dataclass

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Flags, Floats, Integers
from solvent.world.drawing.money import CENT_STEP, to_step, to_thousandth
from solvent.world.drawing.normal import normal_cdf
from solvent.world.drawing.rows import sum_within
from solvent.world.loans.card_limits import granted_limits, largest_limits
from solvent.world.loans.previous_plan import CANCELED, CASH, CONSUMER, REFUSED, REVOLVING, UNUSED, Applications
from solvent.world.loans.previous_steps import cash_steps, down_payments, goods_prices
from solvent.world.published import Facts

_LOG_SIZE, _LOG_SPREAD = np.array([12.35, 11.05, 12.05]), np.array([0.64, 0.57, 0.6])
"""Logarithm of the credit of cash, consumer and revolving loans, and its deviation within a client."""

_ALIKE = np.array([0.75, 0.95, 0.6])
"""Share of that variance which an application has in common with the one that it repeats: cash loans of one client and
day correlate by .66, consumer loans by .90."""

_LOG_CREDIT, _LOG_DEVIATION = np.array([12.72, 11.06, 12.08]), np.array([0.91, 0.81, 0.86])
"""The same over all clients."""

_LOG_REFUSED = np.array([0.6, 0.25, 0.2])
"""What refused applications asked for beyond the others."""

_GROWTH = np.array([0.36, 0.34, -0.05])
"""What a standard deviation of DAYS_DECISION (780 days) adds to it: later loans are larger."""

_NO_PRICE = np.array([[0.0, 0.971, 0.16, 1.0], [0.0, 1.0, 0.2, 0.987], [0.0, 0.974, 0.007, 1.0]])
"""Share of the applications that ended before a price was set, by kind and decision."""

_CONSUMER_SHARE_OF_TERM = {6: 0.86, 10: 0.98, 12: 0.68, 18: 0.34, 24: 0.43, 36: 0.06}
"""How many of the loans with this term are consumer loans; other ones below 17 all, longer ones none."""

_DEARER = 0.1
"""What the latent of a cash loan's yield group is above its deviate on average; the groups have the published shares
(tuned)."""

_CASH_TERM_SHIFT = np.array([-0.3, 0.0, -0.1, 0.0])
"""What approved and refused cash loans are shorter by than their size lets expect, in deviations of the latent
(tuned so that approved ones last two years on average, refused ones three)."""

HIGH, MIDDLE, LOW_NORMAL, LOW_ACTION = 0, 1, 2, 3
_MONTHLY_RATE = np.array([[0.05, 0.0325, 0.0237, 0.0163], [0.059, 0.0337, 0.0195, 0.0085]])
"""Monthly interest of cash and consumer loans by yield group, from the medians of credit over annuity by term."""

_CASH_MARKUPS = (1.0, 1.0, 1.03, 1.06, 1.103, 1.172, 1.255, 1.3, 1.43)
_CASH_MARKUP_PLACES = (0.0, 0.15, 0.17, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)
_GOODS_MARKUPS = np.array([1.099, 1.053, 1.106, 1.049, 1.05, 1.083, 1.082, 1.088, 1.066, 1.033, 1.158, 1.211, 0.0])
_GOODS_MARKUP_SHARES = np.array(
    [0.154, 0.086, 0.08, 0.068, 0.066, 0.056, 0.051, 0.046, 0.043, 0.022, 0.02, 0.016, 0.292]
)
"""What goods loans cost above the price for insurance and fees; the last share lies between 1.02 and 1.14."""

_DOWN_SHARES = (
    *(0.0001, 0.0003, 0.02, 0.05, 0.08, 0.1, 0.1, 0.105, 0.12, 0.15, 0.19, 0.2, 0.2),
    *(0.22, 0.26, 0.295, 0.35, 0.45, 0.6, 0.8),
)
_DOWN_PLACES = (
    *(0.0, 0.027, 0.028, 0.04, 0.069, 0.085, 0.6, 0.633, 0.672, 0.708, 0.745, 0.756, 0.856),
    *(0.872, 0.901, 0.91, 0.938, 0.968, 0.995, 1.0),
)
"""Quantiles of the down payment over the price of 1,153 goods loans with one: half are a tenth, a tenth are a fifth."""

_INSURED_DAYS, _INSURED_CASH, _INSURED_GOODS = (-2600.0, -1200.0, -300.0), (0.99, 0.96, 0.86), (0.45, 0.28, 0.08)
"""Share insured of the loans with a markup, by day."""

RATE_OF_DOWN_PAYMENT = 1.0890909091
"""RATE_DOWN_PAYMENT is this times the down payment over the sum of down payment and credit, in every row."""


_LEAST_REST = 0.3
"""Share of a client's credit that loans keep beside a card with a large limit (an assumption)."""


@dataclass(frozen=True)
class Offers:
    """Of each application: credit, amount asked for, goods price, down payment, term, yield group, annuity, flags."""

    credit: Floats
    asked: Floats
    down: Floats
    term: Integers
    group: Integers
    annuity: Floats
    priced: Flags
    insured: Flags
    size: Floats


def make_offers(facts: Facts, figures: ClientFigures, made: Applications, draws: Draws) -> Offers:
    """Return the terms of each application; the client's mean credit is the one of its figures."""
    count = made.kind.shape[0]
    priced = draws.uniform(count) >= _NO_PRICE[made.kind, made.status]
    sources = made.habits.sources(draws)
    credit, size = _credits(figures, made, (priced, sources), draws)
    term = _terms(facts, figures, made, (size, sources), draws)
    group = _groups(made, (size, term, sources), draws)
    credit, asked, down, insured = _asked(made, credit, (group, term, sources), draws)
    rate = _MONTHLY_RATE[np.minimum(made.kind, CONSUMER), group]
    rate = rate * np.exp(0.06 * made.habits.normal(sources, 0.0, draws))
    months = np.maximum(term, 1)
    annuity = np.where(term > 0, credit * rate / (1 - (1 + rate) ** -months), credit / 20)
    return Offers(credit, asked, down, term, group, to_thousandth(to_step(annuity, 0.045)), priced, insured, size)


def _credits(
    figures: ClientFigures, made: Applications, known: tuple[Flags, Integers], draws: Draws
) -> tuple[Floats, Floats]:
    """Return credits that, with the card's limit, add up to the client's, and how large each is for its kind.

    `known` is which applications were priced and which one each repeats.
    """
    priced, sources = known
    rows, kind = made.rows, made.kind
    empty = ~priced & (kind != CONSUMER) | ((kind == CONSUMER) & (made.status == CANCELED))
    growth = _GROWTH[kind] * (made.day + 870.0) / 780.0
    alike = _ALIKE[kind]
    own = np.sqrt(alike) * made.habits.normal(sources, 0.0, draws)
    own = _LOG_SPREAD[kind] * (own + np.sqrt(1 - alike) * draws.normal(kind.shape[0]))
    bold = np.where(made.status == REFUSED, _LOG_REFUSED[kind], 0.0)
    weight = np.where(empty, 0.0, np.exp(_LOG_SIZE[kind] + bold + growth + own))
    granted = granted_limits(largest_limits(figures.count("card_limit_max")), draws)[rows.owner]
    weight = np.where(made.card, granted, weight)
    expected, on_card = sum_within(rows, weight), sum_within(rows, np.where(made.card, granted, 0.0))
    total = _mean_credits(figures, expected / np.maximum(rows.count, 1)) * rows.count
    rest = np.maximum(total - on_card, _LEAST_REST * total)
    credit = weight * (rest / np.maximum(expected - on_card, 1e-9))[rows.owner]
    least = np.where(kind == CONSUMER, 13_000.0 + 9_000.0 * draws.uniform(kind.shape[0]), 45_000.0)
    credit = np.where(made.card, granted, np.where(empty, 0.0, np.maximum(credit, least)))
    size = (np.log(np.maximum(credit, 1.0)) - _LOG_CREDIT[kind]) / _LOG_DEVIATION[kind]
    return credit, np.where(empty, draws.normal(kind.shape[0]), np.clip(size, -3.0, 3.0))


def _mean_credits(figures: ClientFigures, expected: Floats) -> Floats:
    """Return the mean credit of each client: the block's figures, in the order of figure and what its kinds let expect.

    A client with cash loans asks for more than one that buys phones. So figures and kinds cannot be drawn apart.
    """
    credit, annuity = figures.count("previous_credit_mean"), figures.count("previous_annuity_mean")
    some = np.flatnonzero((credit > 0) & (expected > 0))
    score = np.zeros(some.shape[0])
    for values, weight in ((credit, 0.45), (annuity, 0.3), (expected, 0.45)):
        score += weight * _standardised(np.log(np.maximum(values[some], 1.0)))
    means = np.zeros(credit.shape[0])
    means[some[np.argsort(score, kind="stable")]] = np.sort(credit[some])
    return means


def _standardised(values: Floats) -> Floats:
    return (values - values.mean()) / max(float(values.std()), 1e-9) if values.size else values


def _terms(
    facts: Facts, figures: ClientFigures, made: Applications, known: tuple[Floats, Integers], draws: Draws
) -> Integers:
    """Return CNT_PAYMENT: by kind, longer for large loans and clients of long terms; 0 for revolving loans."""
    size, sources = known
    listed = {
        int(term): share for term, share in facts.histories["previous_application"]["terms"].items() if term != "0"
    }
    values = np.array(sorted(listed))
    consumer = np.array([listed[v] * _CONSUMER_SHARE_OF_TERM.get(v, 1.0 if v < 17 else 0.0) for v in values])
    cash = np.array([listed[v] for v in values]) - consumer
    marginal = facts.client["previous_payment_count_mean"]
    mean_term = figures["previous_payment_count_mean"]
    leaning = np.nan_to_num(np.interp(mean_term, np.asarray(marginal.values, np.float64), marginal.edges))
    leaning = np.clip(leaning, -2.5, 2.5)[made.rows.owner]
    own = made.habits.normal(sources, 0.0, draws)
    place = np.where(
        made.kind == CASH,
        normal_cdf(_CASH_TERM_SHIFT[made.status] + 0.62 * size + 0.25 * leaning + 0.6 * own),
        normal_cdf(0.33 * size + 0.35 * leaning + 0.82 * own),
    )
    term = np.where(
        made.kind == CASH,
        values[np.searchsorted(np.cumsum(cash / cash.sum())[:-1], place)],
        values[np.searchsorted(np.cumsum(consumer / consumer.sum())[:-1], place)],
    )
    return np.where(made.kind == REVOLVING, 0, term).astype(np.int64)


def _groups(made: Applications, known: tuple[Floats, Integers, Integers], draws: Draws) -> Integers:
    """Return the yield group: small short loans are dear, large long ones cheap (history_correlation.json)."""
    size, term, sources = known
    of_term = np.where(
        made.kind == CASH, (np.log(np.maximum(term, 1)) - 3.1) / 0.6, (np.log(np.maximum(term, 1)) - 2.3) / 0.45
    )
    mean = np.where(made.kind == CASH, 0.5 * size + 0.35 * of_term - _DEARER, 0.32 * size + 0.22 * of_term)
    place = normal_cdf(mean + np.where(made.kind == CASH, 0.62, 0.86) * made.habits.normal(sources, 0.3, draws))
    of_cash = np.searchsorted([0.275, 0.643, 0.946], place)
    of_goods = np.searchsorted([0.349, 0.639, 0.904], place)
    return np.where(made.kind == CASH, of_cash, of_goods).astype(np.int64)


def _asked(
    made: Applications, credit: Floats, priced_by: tuple[Integers, Integers, Integers], draws: Draws
) -> tuple[Floats, Floats, Floats, Flags]:
    """Return credit, amount asked for, down payment and insurance flag.

    Credit is the amount asked for, less the down payment, times a markup for insurance and fees.
    """
    kind, status = made.kind, made.status
    group, term, sources = priced_by
    size, habits = kind.shape[0], made.habits
    place = habits.uniform(sources, 0.15, draws)
    of_cash = np.interp(place, _CASH_MARKUP_PLACES, _CASH_MARKUPS)
    edges = np.cumsum(_GOODS_MARKUP_SHARES) / _GOODS_MARKUP_SHARES.sum()
    chosen = np.searchsorted(edges, habits.uniform(sources, 0.15, draws))
    some = _GOODS_MARKUPS[np.minimum(chosen, _GOODS_MARKUPS.shape[0] - 1)]
    some = np.where(some == 0, 1.02 + 0.12 * draws.uniform(size), some)
    bare = habits.uniform(sources, 0.3, draws) < np.where(status == REFUSED, 0.6, np.where(status == UNUSED, 1.0, 0.35))
    of_goods = np.where(bare, 1.0, some)
    markup = np.where(kind == CASH, of_cash, np.where(kind == CONSUMER, of_goods, 1.0))
    none_share = np.array([0.27, 0.39, 0.44, 0.89])[group]
    late = np.interp(made.day, (-2500.0, -1500.0, -750.0, -375.0), (0.35, 0.85, 1.4, 1.55))
    shorter = -0.25 * (np.log(np.maximum(term, 1)) - 2.3) / 0.45
    place = normal_cdf(shorter + 0.97 * habits.normal(sources, 0.15, draws))
    pays_down = (kind == CONSUMER) & (status != UNUSED) & (place >= np.minimum(none_share * late, 0.98))
    share = np.interp(habits.uniform(sources, 0.1, draws), _DOWN_PLACES, _DOWN_SHARES)
    share = np.where(pays_down, share, 0.0)
    asked = credit / markup / (1 - share)
    step = cash_steps(asked, draws)
    asked = np.where(kind == CONSUMER, goods_prices(asked, draws), asked)
    asked = np.where(kind == CASH, np.where(credit > 0, np.maximum(to_step(asked, step), 45_000.0), 0.0), asked)
    asked = np.where(
        kind == REVOLVING, np.where(credit > 0, np.maximum(to_step(asked, 22_500.0), 45_000.0), 0.0), asked
    )
    down = down_payments(asked, share, draws)
    credit = np.where(markup == 1, asked - down, to_step((asked - down) * markup, CENT_STEP))
    likely = np.interp(made.day, _INSURED_DAYS, _INSURED_GOODS)
    likely = np.where(kind == CASH, np.interp(made.day, _INSURED_DAYS, _INSURED_CASH), likely)
    insured = (markup > 1) & (habits.uniform(sources, 0.4, draws) < likely)
    return to_thousandth(credit), to_thousandth(asked), to_thousandth(down), insured

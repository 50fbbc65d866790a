"""What an earlier application says in words: contract, decision, product, channel, goods, reject reason.

Conditional shares without another source were measured on 5,542 earlier applications of real clients; the margins are
those of `histories.json`.
"""

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Flags, Floats, Integers, Table
from solvent.world.drawing.normal import normal_cdf
from solvent.world.drawing.rows import choose, choose_at, choose_by
from solvent.world.loans.previous_amounts import HIGH, LOW_ACTION, LOW_NORMAL, MIDDLE, Offers
from solvent.world.loans.previous_plan import (
    APPROVED,
    CANCELED,
    CASH,
    CONSUMER,
    REFUSED,
    REVOLVING,
    UNUSED,
    Applications,
)
from solvent.world.loans.previous_shops import add_shop
from solvent.world.published import Facts

_TYPES = ("Cash loans", "Consumer loans", "Revolving loans", "XNA")
_STATUSES = ("Approved", "Canceled", "Refused", "Unused offer")
_GROUPS = ("high", "middle", "low_normal", "low_action", "XNA")
_XNA_CONTRACT = 0.0016

_FAMILIES = ("mobile", "household", "industry", "other")
_FAMILY_EDGES = (0.305, 0.795, 0.9645)
"""Cumulated shares of what is bought on credit, from cheap to dear, but for offers that are not used: phones."""

_FREE_OF_INTEREST = {HIGH: 0.0, MIDDLE: 0.057, LOW_NORMAL: 0.24, LOW_ACTION: 0.97}
_FREE_OF_FAMILY = np.array([0.6, 1.25, 0.65, 0.8])
_WALK_IN = {HIGH: 0.53, MIDDLE: 0.2, LOW_NORMAL: 0.22, LOW_ACTION: 0.22}
_WALK_IN_CARD = np.array([0.29, 0.6, 0.44, 0.29])
"""Share of the priced card applications of clients who walked in, by decision."""

_STREET_WITHOUT_WALK_IN = 0.083
"""Share of the other priced cash applications with a street combination: .185 of all cash ones have it, .146 walk in
(measured.json)."""

_SUITE_OF_CANCELED = 0.031
"""Share of the canceled applications with a suite (history_correlation.json)."""

_CLIENT_TYPES = ("New", "Refreshed", "Repeater", "XNA")
_NEW_AND_REFRESHED = np.array([[0.41, 0.57], [0.965, 0.985], [0.26, 0.34]])
"""Cumulated shares of new and refreshed clients among those of the first visit, by kind of the application."""

_PAUSES, _REFRESHED = (0.0, 365.0, 730.0, 915.0, 1100.0, 1300.0), (0.012, 0.015, 0.06, 0.12, 0.55, 0.75)
"""Share of later visits as a refreshed client, by days since the one before."""

_UNKNOWN_CLIENT = 0.0009

_SUITE_DAYS = (-2950.0, -2000.0, -1500.0, -760.0, -690.0, -370.0, -330.0, 0.0)
_NO_SUITE = (0.31, 0.2, 0.19, 0.23, 0.78, 0.76, 0.23, 0.19)
"""Share of priced applications without NAME_TYPE_SUITE: for a year, two years before, it was hardly recorded."""

_NO_SUITE_SHIFT = np.array([[0.0, 0.0, -0.3, 0.0], [0.0, 0.0, 0.25, 2.0], [1.6, 2.2, 1.5, 1.6]])
_ALONE_AT_CASH = 0.5


def add_texts(table: Table, facts: Facts, made: Applications, offers: Offers, draws: Draws) -> None:
    """Add the text columns that follow from kind, decision and price of each application."""
    kind, status = made.kind, made.status
    size = kind.shape[0]
    odd = (status == CANCELED) & draws.chance(_XNA_CONTRACT, size)
    table["NAME_CONTRACT_TYPE"] = Coded(np.where(odd, 3, kind), _TYPES)
    table["NAME_CONTRACT_STATUS"] = Coded(status, _STATUSES)
    _add_products(table, facts, made, (offers, odd), draws)
    table["CODE_REJECT_REASON"] = _reject_reasons(facts, made, draws)
    table["NAME_CLIENT_TYPE"] = _client_types(made, draws)
    table["NAME_CASH_LOAN_PURPOSE"] = _purposes(table, facts, made, draws)
    table["NAME_PAYMENT_TYPE"] = _payment_types(made, offers.priced, draws)
    table["NAME_TYPE_SUITE"] = _suites(facts, made, offers.priced, draws)
    _add_process(table, facts, made, draws)


def _add_products(table: Table, facts: Facts, made: Applications, known: tuple[Offers, Flags], draws: Draws) -> None:
    """Add combination, yield group, portfolio and product type, which follow from one another, and what was bought."""
    offers, odd = known
    kind, priced = made.kind, offers.priced & ~odd
    size = kind.shape[0]
    sources, habits = made.habits.sources(draws), made.habits
    walk_in = habits.uniform(sources, 0.45, draws) < _walk_in_share(made, offers)
    product = np.where((kind == CONSUMER) | ~priced, 0, np.where(walk_in, 2, 1))
    family = _families(made, offers, sources, draws)
    of_group = np.array([_FREE_OF_INTEREST[group] for group in range(4)])[offers.group]
    free = habits.uniform(sources, 0.2, draws) < of_group * _FREE_OF_FAMILY[family]
    street_card = walk_in | ~priced | draws.chance(0.19, size)
    level = np.minimum(offers.group, LOW_NORMAL)
    street = walk_in | draws.chance(_STREET_WITHOUT_WALK_IN, size)
    cash = np.where(priced, 2 + 3 * ~street + level, 1)
    combination = np.where(kind == CASH, cash, np.where(kind == CONSUMER, 10 + 2 * family + free, 8 + ~street_card))
    table["PRODUCT_COMBINATION"] = Coded(np.where(odd, -1, combination - 1), _COMBINATIONS)
    grouped = priced & (kind != REVOLVING)
    table["NAME_YIELD_GROUP"] = Coded(np.where(grouped, offers.group, len(_GROUPS) - 1), _GROUPS)
    table["NAME_PORTFOLIO"] = Coded(np.where(priced, kind, 3), ("Cash", "POS", "Cards", "XNA"))
    table["NAME_PRODUCT_TYPE"] = Coded(product, ("XNA", "x-sell", "walk-in"))
    add_shop(table, facts, made, (priced, product == 2, family, sources), draws)


_COMBINATIONS = (
    "Cash",
    *(f"Cash {way}: {level}" for way in ("Street", "X-Sell") for level in ("high", "middle", "low")),
    *("Card Street", "Card X-Sell"),
    *(f"POS {family} {interest} interest" for family in _FAMILIES[:3] for interest in ("with", "without")),
    *("POS other with interest", "POS others without interest"),
)


def _walk_in_share(made: Applications, offers: Offers) -> Floats:
    of_cash = np.array([_WALK_IN[group] for group in range(4)])[offers.group]
    of_cash = of_cash * np.where(made.status == REFUSED, 1.4, 0.61)
    return np.where(made.kind == CASH, of_cash, _WALK_IN_CARD[made.status])


def _families(made: Applications, offers: Offers, sources: Integers, draws: Draws) -> Integers:
    """Return what is bought: cheap things are phones, dear ones furniture; unused offers are phones mostly."""
    size = made.kind.shape[0]
    place = normal_cdf(0.62 * offers.size + 0.79 * made.habits.normal(sources, 0.45, draws))
    family = np.searchsorted(_FAMILY_EDGES, place)
    unused = (made.status == UNUSED) & draws.chance(0.8, size)
    return np.where(unused, 0, family).astype(np.int64)


def _reject_reasons(facts: Facts, made: Applications, draws: Draws) -> Coded:
    shares = facts.history_assumptions["previous_application"]["reject_reason"]
    place = made.habits.uniform(made.habits.sources(draws), 0.25, draws)
    reason = choose_by(Coded(np.where(made.status == REFUSED, made.kind, -1), tuple(shares)), shares, place)
    labels = (*reason.labels, "XAP", "CLIENT")
    other = np.where(made.status == UNUSED, len(labels) - 1, len(labels) - 2)
    return Coded(np.where(made.status == REFUSED, reason.codes, other), labels)


def _client_types(made: Applications, draws: Draws) -> Coded:
    """Return NAME_CLIENT_TYPE: new at the first visit, refreshed after years away, else a repeater."""
    visit, day, pause = made.visits
    size = made.kind.shape[0]
    place = draws.uniform(day.shape[0])[visit]
    first = np.isnan(pause)[visit]
    at_first = (draws.uniform(size)[:, None] > _NEW_AND_REFRESHED[made.kind]).sum(axis=1)
    later = np.where(place < np.interp(np.nan_to_num(pause), _PAUSES, _REFRESHED)[visit], 1, 2)
    codes = np.where(first, at_first, later)
    return Coded(np.where(draws.chance(_UNKNOWN_CLIENT, size), 3, codes), _CLIENT_TYPES)


def _purposes(table: Table, facts: Facts, made: Applications, draws: Draws) -> Coded:
    """Return the purpose of cash loans, stated by clients who walked in; XAP for other kinds."""
    shares = facts.histories["previous_application"]["NAME_CASH_LOAN_PURPOSE"]
    kind, habits, size = made.kind, made.habits, made.kind.shape[0]
    sources = habits.sources(draws)
    of_stated = {name: share for name, share in shares.items() if name not in ("XAP", "XNA")}
    stated = choose_at(of_stated, habits.uniform(sources, 0.2, draws))
    product = table["NAME_PRODUCT_TYPE"]
    walk_in = product.equals("walk-in") if isinstance(product, Coded) else np.zeros(size, dtype=np.bool_)
    states = habits.uniform(sources, 0.4, draws) < np.where(walk_in, 0.64, 0.004)
    labels = (*stated.labels, "XNA", "XAP")
    codes = np.where(states, stated.codes, len(labels) - 2)
    return Coded(np.where(kind == CASH, codes, len(labels) - 1), labels)


def _payment_types(made: Applications, priced: Flags, draws: Draws) -> Coded:
    labels = (
        *("Cash through the bank", "XNA", "Non-cash from your account"),
        "Cashless from the account of the employer",
    )
    place = made.habits.uniform(made.habits.sources(draws), 0.45, draws)
    bank = np.where(made.kind == CASH, np.where(made.status == REFUSED, 0.86, 0.9), 0.857)
    bank = np.where(made.status == UNUSED, 0.96, bank)
    bank = np.where((made.kind == REVOLVING) | (~priced & (made.kind == CASH)), 0.011 * (made.kind == CASH), bank)
    away = np.where(made.kind == CONSUMER, 0.012, 0.0004)
    codes = np.where(place < bank, 0, np.where(place < 1 - away, 1, np.where(place < 1 - 0.0009, 2, 3)))
    return Coded(np.where(made.kind == REVOLVING, 1, codes), labels)


def _suites(facts: Facts, made: Applications, priced: Flags, draws: Draws) -> Coded:
    """Return who accompanied the client; buyers of goods come with family, others alone."""
    habits = made.habits
    sources = habits.sources(draws)
    shares = dict(facts.histories["previous_application"]["NAME_TYPE_SUITE"])
    of_all = {**shares, "Unaccompanied": 0.405 * sum(shares.values())}
    company = choose_at(of_all, habits.uniform(sources, 0.35, draws))
    alone = (made.kind != CONSUMER) & (habits.uniform(sources, 0.45, draws) < _ALONE_AT_CASH)
    codes = np.where(alone, company.labels.index("Unaccompanied"), company.codes)
    share = np.interp(made.day, _SUITE_DAYS, _NO_SUITE)
    odds = share / (1 - share) * np.exp(_NO_SUITE_SHIFT[made.kind, made.status])
    empty = ~priced & (made.kind != CONSUMER) | (made.status == CANCELED)
    empty &= ~((made.status == CANCELED) & draws.chance(_SUITE_OF_CANCELED, made.kind.shape[0]))
    return Coded(codes, company.labels).hidden(empty | (habits.uniform(sources, 0.0, draws) < odds / (1 + odds)))


def _add_process(table: Table, facts: Facts, made: Applications, draws: Draws) -> None:
    """Add when the application was made: one client comes at like hours, and once for several on one day."""
    shares = facts.histories["previous_application"]
    rows, size = made.rows, made.kind.shape[0]
    visit = made.visits[0]
    visits = made.visits[1].shape[0]
    weekday = choose(shares["WEEKDAY_APPR_PROCESS_START"], visits, draws)
    table["WEEKDAY_APPR_PROCESS_START"] = Coded(weekday.codes[visit], weekday.labels)
    habit = 0.67 * draws.normal(rows.count.shape[0])[rows.owner] + 0.66 * draws.normal(visits)[visit]
    place = normal_cdf(habit + 0.34 * draws.normal(size) + np.array([-0.1, 0.12, 0.0])[made.kind])
    edges = np.cumsum(list(shares["HOUR_APPR_PROCESS_START"].values()))
    hours = np.array([float(hour) for hour in shares["HOUR_APPR_PROCESS_START"]])
    table["HOUR_APPR_PROCESS_START"] = hours[np.minimum(np.searchsorted(edges / edges[-1], place), hours.shape[0] - 1)]
    table["FLAG_LAST_APPL_PER_CONTRACT"] = Coded(draws.chance(0.0044, size).astype(np.int64), ("Y", "N"))
    table["NFLAG_LAST_APPL_IN_DAY"] = (draws.uniform(size) >= 0.0033).astype(np.float64)
    rated = (made.kind == CONSUMER) & (made.status == APPROVED) & draws.chance(0.0088, size)
    for name in ("RATE_INTEREST_PRIMARY", "RATE_INTEREST_PRIVILEGED"):
        listed = choose(shares[name], size, draws)
        table[name] = np.where(rated, np.array([float(label) for label in listed.labels])[listed.codes], np.nan)

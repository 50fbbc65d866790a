"""The earlier applications at this lender: decisions, amounts, terms and dates that add up to the client's figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.marginals import Coded, Flags, Floats, Integers, Table
from solvent.world.published import Facts
from solvent.world.rows import Rows, choose, choose_by, rank_within, round_randomly, rows_of, sum_within

NO_DATE = 365243.0
"""The raw tables' date for «not yet» and «does not apply»."""

CASH, CONSUMER, REVOLVING = 0, 1, 2
_TYPES = ("Cash loans", "Consumer loans", "Revolving loans", "XNA")
APPROVED, CANCELED, REFUSED, UNUSED = 0, 1, 2, 3
_STATUSES = ("Approved", "Canceled", "Refused", "Unused offer")
_TYPICAL_SIZE = np.array([4.0, 1.0, 2.2])
_CONSUMER_SHARE_OF_TERM = {12: 0.62, 14: 0.5, 15: 0.5, 16: 0.5, 18: 0.35, 24: 0.25}
"""How many of the loans with this term are consumer loans; shorter ones all, longer ones none (terms of the facts)."""

_MONTHLY_RATE = {"low_action": 0.006, "low_normal": 0.014, "middle": 0.024, "high": 0.041, "XNA": 0.03}


@dataclass(frozen=True)
class PreviousLoans:
    """The previous_application table and what the payment tables need of each row."""

    table: Table
    rows: Rows
    kind: Integers
    status: Integers
    term: Integers
    months_run: Integers
    first_due: Floats
    annuity: Floats
    credit: Floats
    card: Flags

    @property
    def repaid(self) -> Flags:
        """A flag per row: an approved loan with instalments (cash or consumer)."""
        return (self.status == APPROVED) & (self.kind != REVOLVING) & (self.term > 0)


def make_previous(facts: Facts, figures: ClientFigures, draws: np.random.Generator) -> PreviousLoans:
    """Return the earlier applications of these clients without keys, newest first per client."""
    rows = rows_of(figures.count("previous_count").astype(np.int64))
    kind, status, card = _kinds_and_decisions(figures, rows, draws)
    decided = _decision_days(figures, rows, draws)
    texts = _texts(facts, (kind, status), draws)
    term = _terms(facts, figures, rows, kind, draws)
    yield_group = texts["NAME_YIELD_GROUP"]
    credit, asked, down = _amounts(figures, rows, (kind, status), draws)
    rate = np.array([_MONTHLY_RATE[label] for label in yield_group.labels])[yield_group.codes]
    annuity = _annuities(credit, term, rate)
    table: Table = {**texts, "DAYS_DECISION": decided}
    _add_amounts(table, (kind, status), (credit, asked, down, annuity, term.astype(np.float64)), draws)
    first_due, months_run = _add_dates(table, (kind, status, term), decided, draws)
    _add_process(table, facts, (kind, status), draws)
    return PreviousLoans(table, rows, kind, status, term, months_run, first_due, annuity, credit, card)


def _kinds_and_decisions(
    figures: ClientFigures, rows: Rows, draws: np.random.Generator
) -> tuple[Integers, Integers, Flags]:
    """Return contract kind and decision of each row, and which row is the client's card with statements."""
    count, size = figures.count("previous_count"), rows.owner.shape[0]
    cash = round_randomly(count * figures.count("previous_cash_share"), draws)
    has_card = figures.has("card_months") & (count > 0)
    revolving = np.maximum(round_randomly(count * figures.count("previous_revolving_share"), draws), has_card)
    order = rank_within(rows, draws.random(size))
    by_kind = np.where(order < revolving[rows.owner], REVOLVING, CONSUMER)
    kind = np.where((by_kind == CONSUMER) & (order < (revolving + cash)[rows.owner]), CASH, by_kind)
    oldest = rows.position == rows.count[rows.owner] - 1
    pays = figures.has("pos_months")[rows.owner] & (rows.count[rows.owner] > has_card[rows.owner])
    kind = np.where(oldest & pays & (kind == REVOLVING) & (rows.count[rows.owner] > 1), CONSUMER, kind)
    card = has_card[rows.owner] & (rank_within(rows, np.where(kind == REVOLVING, order, size + order)) == 0)
    kind = np.where(card, REVOLVING, kind)
    return kind, _decisions(figures, rows, (kind, card | (oldest & pays)), draws), card


def _decisions(
    figures: ClientFigures, rows: Rows, known: tuple[Integers, Flags], draws: np.random.Generator
) -> Integers:
    """Return decisions: cash loans are cancelled most, consumer loans approved most; `sure` rows are approved."""
    kind, sure = known
    count = figures.count("previous_count")
    approved = round_randomly(count * figures.count("previous_approved_share"), draws)
    refused = np.minimum(round_randomly(count * figures.count("previous_refused_share"), draws), count - approved)
    ease = np.array([0.0, 1.6, 0.5])[kind] + draws.standard_normal(kind.shape[0]) + 20.0 * sure
    place = rank_within(rows, -ease)
    by_rank = np.where(place < approved[rows.owner], APPROVED, CANCELED)
    by_rank = np.where((by_rank == CANCELED) & (place < (approved + refused)[rows.owner]), REFUSED, by_rank)
    status = np.where(sure, APPROVED, by_rank)
    unused = (status == CANCELED) & (kind == CONSUMER) & (draws.random(kind.shape[0]) < 0.96)
    return np.where(unused, UNUSED, status)


def _decision_days(figures: ClientFigures, rows: Rows, draws: np.random.Generator) -> Floats:
    """Return DAYS_DECISION, newest first per client: the newest at the client's maximum, the others before it."""
    newest = figures["previous_days_decision_max"][rows.owner]
    day = -2922.0 + (newest + 2922.0) * draws.random(newest.shape[0]) ** 0.65
    day = np.where(rows.position == 0, newest, day)
    ordered = np.empty_like(day)
    ordered[np.lexsort((rows.position, rows.owner))] = day[np.lexsort((-day, rows.owner))]
    return np.clip(np.rint(ordered), -2922.0, -2.0)


def _terms(
    facts: Facts, figures: ClientFigures, rows: Rows, kind: Integers, draws: np.random.Generator
) -> Integers:
    """Return CNT_PAYMENT: by kind of loan, longer for clients whose mean term is long; 0 for revolving loans."""
    listed = {int(term): share for term, share in facts.histories["previous_application"]["terms"].items() if term != "0"}
    values = np.array(sorted(listed))
    consumer = np.array([listed[v] * _CONSUMER_SHARE_OF_TERM.get(v, 1.0 if v < 12 else 0.0) for v in values])
    cash = np.array([listed[v] for v in values]) - consumer
    known = figures["previous_payment_count_mean"]
    leaning = np.nan_to_num((known - np.nanmean(known)) / np.nanstd(known)) if np.isfinite(known).any() else known
    latent = 0.45 * np.clip(leaning, -2, 2)[rows.owner] + 0.9 * draws.standard_normal(kind.shape[0])
    share = 1 / (1 + np.exp(-1.702 * latent))
    term = np.where(
        kind == CASH,
        values[np.searchsorted(np.cumsum(cash / cash.sum())[:-1], share)],
        values[np.searchsorted(np.cumsum(consumer / consumer.sum())[:-1], share)],
    )
    return np.where(kind == REVOLVING, 0, term).astype(np.int64)


def _amounts(
    figures: ClientFigures, rows: Rows, known: tuple[Integers, Integers], draws: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return credit, amount asked for and down payment; the client's mean credit is the one of its figures."""
    kind, status = known
    size = kind.shape[0]
    zero = (status == CANCELED) & (draws.random(size) < 0.97)
    weight = np.where(zero, 0.0, _TYPICAL_SIZE[kind] * np.exp(0.55 * draws.standard_normal(size)))
    total = (figures["previous_credit_mean"] * figures.count("previous_count"))[rows.owner]
    credit = total * weight / np.maximum(sum_within(rows, weight)[rows.owner], 1e-9)
    step = np.where(draws.random(size) < np.where(kind == CONSUMER, 0.1, 0.6), 4500.0, 4.5)
    credit = np.maximum(np.rint(credit / step) * step, np.where(zero, 0.0, np.where(kind == CONSUMER, 9000.0, 22500.0)))
    share_down = np.where(draws.random(size) < 0.48, 0.0, np.minimum(draws.exponential(0.13, size), 0.8))
    factor = np.where(kind == CASH, 1.0 + 0.2 * (draws.random(size) < 0.5) * draws.random(size), 1.0)
    asked = np.where(kind == CONSUMER, credit / np.maximum(1 - share_down, 0.2), credit / factor)
    asked = np.rint(asked / 4.5) * 4.5
    down = np.where(kind == CONSUMER, np.round(asked * share_down / 4.5) * 4.5, 0.0)
    return credit, asked, down


def _annuities(credit: Floats, term: Integers, rate: Floats) -> Floats:
    """Return the annuity of each credit; a revolving loan pays a twentieth of its limit."""
    months = np.maximum(term, 1)
    annuity = np.where(term > 0, credit * rate / (1 - (1 + rate) ** -months), credit / 20)
    return np.round(annuity / 0.045) * 0.045


def _add_amounts(
    table: Table, known: tuple[Integers, Integers], amounts: tuple[Floats, ...], draws: np.random.Generator
) -> None:
    kind, status = known
    credit, asked, down, annuity, term = amounts
    size = kind.shape[0]
    unpriced = draws.random(size) < np.array([0.0, 0.967, 0.151, 0.984])[status]
    no_down = (kind != CONSUMER) | (draws.random(size) < np.array([0.05, 0.9, 0.1, 0.0])[status])
    table["AMT_ANNUITY"] = np.where(unpriced, np.nan, np.round(annuity, 3))
    table["CNT_PAYMENT"] = np.where(unpriced, np.nan, term)
    table["AMT_APPLICATION"] = np.where(credit > 0, np.round(asked, 3), 0.0)
    table["AMT_CREDIT"] = credit
    no_goods = (credit == 0) | ((kind == REVOLVING) & (draws.random(size) < 0.5))
    table["AMT_GOODS_PRICE"] = np.where(no_goods, np.nan, np.round(asked, 3))
    table["AMT_DOWN_PAYMENT"] = np.where(no_down, np.nan, np.round(down, 3))
    table["RATE_DOWN_PAYMENT"] = np.where(no_down, np.nan, 1.0895 * down / np.maximum(asked + down, 1.0))
    table["NFLAG_INSURED_ON_APPROVAL"] = np.where(
        (status != APPROVED) | (draws.random(size) < 0.042), np.nan, (draws.random(size) < 0.327).astype(np.float64)
    )


def _add_dates(
    table: Table, known: tuple[Integers, Integers, Integers], decided: Floats, draws: np.random.Generator
) -> tuple[Floats, Integers]:
    """Set the five dates of approved loans; return the first due day and how many instalments the loan runs.

    A third of the loans are repaid early. A date after the application is the sentinel 365243.
    """
    kind, status, term = known
    size = kind.shape[0]
    first = np.rint(decided + 30 + 15 * draws.random(size))
    early = draws.random(size) < 0.33
    share = np.where(early, 0.3 + 0.7 * draws.random(size), 1.0)
    months_run = np.maximum(np.ceil(term * share), np.minimum(term, 1)).astype(np.int64)
    planned_last = first + 30 * (term - 1)
    last = first + 30 * (months_run - 1)
    over = last <= 0
    ended = last + np.rint(2 + draws.exponential(9.0, size))
    revolving = kind == REVOLVING
    drawn_first = np.where(revolving & (draws.random(size) < 0.75), np.minimum(decided + np.floor(draws.exponential(60, size)), -1), NO_DATE)
    dates = {
        "DAYS_FIRST_DRAWING": drawn_first,
        "DAYS_FIRST_DUE": np.where(first < 0, first, NO_DATE),
        "DAYS_LAST_DUE_1ST_VERSION": np.where(revolving, NO_DATE, planned_last),
        "DAYS_LAST_DUE": np.where(revolving | ~over, NO_DATE, np.minimum(last, -1)),
        "DAYS_TERMINATION": np.where(revolving | (ended > 0), NO_DATE, np.minimum(ended, -1)),
    }
    absent = (status != APPROVED) | (draws.random(size) < 0.042)
    for name, values in dates.items():
        table[name] = np.where(absent, np.nan, values)
    return first, months_run


def _texts(facts: Facts, known: tuple[Integers, Integers], draws: np.random.Generator) -> dict[str, Coded]:
    kind, status = known
    size = kind.shape[0]
    shares = facts.histories["previous_application"]
    contract = Coded(np.where((status == CANCELED) & (draws.random(size) < 0.0016), 3, kind), _TYPES)
    texts = {"NAME_CONTRACT_TYPE": contract, "NAME_CONTRACT_STATUS": Coded(status, _STATUSES)}
    for name in ("NAME_GOODS_CATEGORY", "CHANNEL_TYPE", "NAME_CLIENT_TYPE"):
        texts[name] = choose_by(contract, shares[name], draws)
    unpriced = (status == CANCELED) | (contract.codes == len(_TYPES) - 1)
    texts.update(_products(facts, contract, unpriced, draws))
    reject = choose({name: share for name, share in shares["reject_reason"].items()}, size, draws)
    codes = np.where(status == REFUSED, reject.codes, np.where(status == UNUSED, len(reject.labels) + 1, len(reject.labels)))
    texts["CODE_REJECT_REASON"] = Coded(codes, (*reject.labels, "XAP", "CLIENT"))
    return texts


def _products(facts: Facts, contract: Coded, unpriced: Flags, draws: np.random.Generator) -> dict[str, Coded]:
    """Return combination, yield group, portfolio and product type, which follow from one another."""
    shares = facts.histories["previous_application"]["PRODUCT_COMBINATION"]
    priced = {**shares, "Cash loans": {name: share for name, share in shares["Cash loans"].items() if name != "Cash"}}
    drawn = choose_by(contract, priced, draws)
    labels = (*drawn.labels, "Cash")
    codes = np.where(unpriced & contract.equals("Cash loans"), len(labels) - 1, drawn.codes)
    combination = Coded(codes, labels)
    groups = ("XNA", "low_action", "low_normal", "middle", "high")
    low = np.where(draws.random(codes.shape[0]) < 0.2, 1, 2)
    consumer = np.searchsorted([0.36, 0.76], draws.random(codes.shape[0])) + 2
    group = np.zeros(codes.shape[0], dtype=np.int64)
    for name, chosen in ((": low", low), (": middle", 3), (": high", 4), (" with interest", consumer), (" without interest", 1)):
        group = np.where(combination.equals(*[label for label in labels if label.endswith(name)]), chosen, group)
    cross = combination.equals(*[label for label in labels if "X-Sell" in label])
    street = combination.equals(*[label for label in labels if "Street" in label])
    portfolio = np.where(contract.codes < 3, contract.codes, 3)
    portfolio = np.where(unpriced, 3, portfolio)
    return {
        "PRODUCT_COMBINATION": combination,
        "NAME_YIELD_GROUP": Coded(np.where(unpriced, 0, group), groups),
        "NAME_PORTFOLIO": Coded(portfolio, ("Cash", "POS", "Cards", "XNA")),
        "NAME_PRODUCT_TYPE": Coded(np.where(cross, 1, np.where(street, 2, 0)), ("XNA", "x-sell", "walk-in")),
    }


def _add_process(
    table: Table, facts: Facts, known: tuple[Integers, Integers], draws: np.random.Generator
) -> None:
    kind, status = known
    size = kind.shape[0]
    shares = facts.histories["previous_application"]
    for name in ("WEEKDAY_APPR_PROCESS_START", "NAME_PAYMENT_TYPE", "NAME_TYPE_SUITE"):
        table[name] = choose(shares[name], size, draws)
    suite_missing = draws.random(size) < np.array([0.356, 0.969, 0.431, 0.765])[status]
    table["NAME_TYPE_SUITE"] = choose(shares["NAME_TYPE_SUITE"], size, draws).hidden(suite_missing)
    hour = choose(shares["HOUR_APPR_PROCESS_START"], size, draws)
    table["HOUR_APPR_PROCESS_START"] = np.array([float(label) for label in hour.labels])[hour.codes]
    table["FLAG_LAST_APPL_PER_CONTRACT"] = Coded((draws.random(size) < 0.0044).astype(np.int64), ("Y", "N"))
    table["NFLAG_LAST_APPL_IN_DAY"] = (draws.random(size) >= 0.0033).astype(np.float64)
    purpose = choose(shares["NAME_CASH_LOAN_PURPOSE"], size, draws)
    without = purpose.labels.index("XAP")
    cash_only = choose({name: share for name, share in shares["NAME_CASH_LOAN_PURPOSE"].items() if name != "XAP"}, size, draws)
    codes = np.where(kind == CASH, np.array([purpose.labels.index(label) for label in cash_only.labels])[cash_only.codes], without)
    table["NAME_CASH_LOAN_PURPOSE"] = Coded(codes, purpose.labels)
    seller = choose({name: share for name, share in shares["NAME_SELLER_INDUSTRY"].items() if name != "XNA"}, size, draws)
    table["NAME_SELLER_INDUSTRY"] = Coded(np.where(kind == CONSUMER, seller.codes, len(seller.labels)), (*seller.labels, "XNA"))
    area = np.rint(np.exp(4.3 + 1.9 * draws.standard_normal(size)))
    table["SELLERPLACE_AREA"] = np.where(kind == CONSUMER, np.minimum(area, 8000), np.where(draws.random(size) < 0.85, -1.0, 0.0))
    rated = (kind == CONSUMER) & (status == APPROVED) & (draws.random(size) < 0.0088)
    for name in ("RATE_INTEREST_PRIMARY", "RATE_INTEREST_PRIVILEGED"):
        listed = choose(shares[name], size, draws)
        table[name] = np.where(rated, np.array([float(label) for label in listed.labels])[listed.codes], np.nan)

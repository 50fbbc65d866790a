"""The earlier applications at this lender: decisions, amounts, terms and dates that add up to the client's figures."""

from dataclasses import dataclass

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.draws import Draws
from solvent.world.marginals import Flags, Floats, Integers, Table
from solvent.world.money import CENT_STEP, to_step, to_thousandth
from solvent.world.previous_texts import (
    APPROVED,
    CANCELED,
    CASH,
    CONSUMER,
    REFUSED,
    REVOLVING,
    UNUSED,
    add_process,
    draw_texts,
)
from solvent.world.published import Facts
from solvent.world.rows import Rows, rank_within, round_randomly, rows_of, sum_within

NO_DATE = 365243.0
"""The raw tables' date for «not yet» and «does not apply»."""

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
        return np.asarray((self.status == APPROVED) & (self.kind != REVOLVING) & (self.term > 0), dtype=np.bool_)


def make_previous(facts: Facts, figures: ClientFigures, draws: Draws) -> PreviousLoans:
    """Return the earlier applications of these clients without keys, newest first per client."""
    rows = rows_of(figures.count("previous_count").astype(np.int64))
    kind, status, card = _kinds_and_decisions(figures, rows, draws)
    decided = _decision_days(figures, rows, draws)
    texts = draw_texts(facts, (kind, status), draws)
    term = _terms(facts, figures, rows, kind, draws)
    yield_group = texts["NAME_YIELD_GROUP"]
    credit, asked, down = _amounts(figures, rows, (kind, status), draws)
    rate = np.array([_MONTHLY_RATE[label] for label in yield_group.labels])[yield_group.codes]
    annuity = _annuities(credit, term, rate)
    table: Table = {**texts, "DAYS_DECISION": decided}
    _add_amounts(table, (kind, status), (credit, asked, down, annuity, term.astype(np.float64)), draws)
    first_due, months_run = _add_dates(table, (kind, status, term), decided, draws)
    add_process(table, facts, (kind, status), draws)
    return PreviousLoans(table, rows, kind, status, term, months_run, first_due, annuity, credit, card)


def _kinds_and_decisions(figures: ClientFigures, rows: Rows, draws: Draws) -> tuple[Integers, Integers, Flags]:
    """Return contract kind and decision of each row, and which row is the client's card with statements."""
    count, size = figures.count("previous_count"), rows.owner.shape[0]
    cash = round_randomly(count * figures.count("previous_cash_share"), draws)
    has_card = figures.has("card_months") & (count > 0)
    revolving = np.maximum(round_randomly(count * figures.count("previous_revolving_share"), draws), has_card)
    order = rank_within(rows, draws.uniform(size))
    by_kind = np.where(order < revolving[rows.owner], REVOLVING, CONSUMER)
    kind = np.where((by_kind == CONSUMER) & (order < (revolving + cash)[rows.owner]), CASH, by_kind)
    oldest = rows.position == rows.count[rows.owner] - 1
    pays = figures.has("pos_months")[rows.owner] & (rows.count[rows.owner] > has_card[rows.owner])
    kind = np.where(oldest & pays & (kind == REVOLVING) & (rows.count[rows.owner] > 1), CONSUMER, kind)
    card = has_card[rows.owner] & (rank_within(rows, np.where(kind == REVOLVING, order, size + order)) == 0)
    kind = np.where(card, REVOLVING, kind)
    return kind, _decisions(figures, rows, (kind, card | (oldest & pays)), draws), card


def _decisions(figures: ClientFigures, rows: Rows, known: tuple[Integers, Flags], draws: Draws) -> Integers:
    """Return decisions: cash loans are cancelled most, consumer loans approved most; `sure` rows are approved."""
    kind, sure = known
    count = figures.count("previous_count")
    approved = round_randomly(count * figures.count("previous_approved_share"), draws)
    refused = np.minimum(round_randomly(count * figures.count("previous_refused_share"), draws), count - approved)
    ease = np.array([0.0, 1.6, 0.5])[kind] + draws.normal(kind.shape[0]) + 20.0 * sure
    place = rank_within(rows, -ease)
    by_rank = np.where(place < approved[rows.owner], APPROVED, CANCELED)
    by_rank = np.where((by_rank == CANCELED) & (place < (approved + refused)[rows.owner]), REFUSED, by_rank)
    status = np.where(sure, APPROVED, by_rank)
    unused = (status == CANCELED) & (kind == CONSUMER) & draws.chance(0.96, kind.shape[0])
    return np.where(unused, UNUSED, status)


def _decision_days(figures: ClientFigures, rows: Rows, draws: Draws) -> Floats:
    """Return DAYS_DECISION, newest first per client: the newest at the client's maximum, the others before it."""
    newest = figures["previous_days_decision_max"][rows.owner]
    day = -2922.0 + (newest + 2922.0) * draws.uniform(newest.shape[0]) ** 0.65
    day = np.where(rows.position == 0, newest, day)
    ordered = np.empty_like(day)
    ordered[np.lexsort((rows.position, rows.owner))] = day[np.lexsort((-day, rows.owner))]
    return np.clip(np.rint(ordered), -2922.0, -2.0)


def _terms(facts: Facts, figures: ClientFigures, rows: Rows, kind: Integers, draws: Draws) -> Integers:
    """Return CNT_PAYMENT: by kind of loan, longer for clients whose mean term is long; 0 for revolving loans."""
    listed = {
        int(term): share for term, share in facts.histories["previous_application"]["terms"].items() if term != "0"
    }
    values = np.array(sorted(listed))
    consumer = np.array([listed[v] * _CONSUMER_SHARE_OF_TERM.get(v, 1.0 if v < 12 else 0.0) for v in values])
    cash = np.array([listed[v] for v in values]) - consumer
    known = figures["previous_payment_count_mean"]
    leaning = np.nan_to_num((known - np.nanmean(known)) / np.nanstd(known)) if np.isfinite(known).any() else known
    latent = 0.45 * np.clip(leaning, -2, 2)[rows.owner] + 0.9 * draws.normal(kind.shape[0])
    share = 1 / (1 + np.exp(-1.702 * latent))
    term = np.where(
        kind == CASH,
        values[np.searchsorted(np.cumsum(cash / cash.sum())[:-1], share)],
        values[np.searchsorted(np.cumsum(consumer / consumer.sum())[:-1], share)],
    )
    return np.where(kind == REVOLVING, 0, term).astype(np.int64)


def _amounts(
    figures: ClientFigures, rows: Rows, known: tuple[Integers, Integers], draws: Draws
) -> tuple[Floats, Floats, Floats]:
    """Return credit, amount asked for and down payment; the client's mean credit is the one of its figures."""
    kind, status = known
    size = kind.shape[0]
    zero = (status == CANCELED) & draws.chance(0.97, size)
    weight = np.where(zero, 0.0, _TYPICAL_SIZE[kind] * np.exp(0.55 * draws.normal(size)))
    total = (figures["previous_credit_mean"] * figures.count("previous_count"))[rows.owner]
    credit = total * weight / np.maximum(sum_within(rows, weight)[rows.owner], 1e-9)
    step = np.where(draws.uniform(size) < np.where(kind == CONSUMER, 0.1, 0.6), 4500.0, 4.5)
    credit = np.maximum(to_step(credit, step), np.where(zero, 0.0, np.where(kind == CONSUMER, 9000.0, 22500.0)))
    share_down = np.where(draws.chance(0.48, size), 0.0, np.minimum(draws.exponential(0.13, size), 0.8))
    factor = np.where(kind == CASH, 1.0 + 0.2 * draws.chance(0.5, size) * draws.uniform(size), 1.0)
    asked = np.where(kind == CONSUMER, credit / np.maximum(1 - share_down, 0.2), credit / factor)
    asked = to_step(asked, CENT_STEP)
    down = np.where(kind == CONSUMER, to_step(asked * share_down, CENT_STEP), 0.0)
    return credit, asked, down


def _annuities(credit: Floats, term: Integers, rate: Floats) -> Floats:
    """Return the annuity of each credit; a revolving loan pays a twentieth of its limit."""
    months = np.maximum(term, 1)
    annuity = np.where(term > 0, credit * rate / (1 - (1 + rate) ** -months), credit / 20)
    return to_step(annuity, 0.045)


def _add_amounts(table: Table, known: tuple[Integers, Integers], amounts: tuple[Floats, ...], draws: Draws) -> None:
    kind, status = known
    credit, asked, down, annuity, term = amounts
    size = kind.shape[0]
    unpriced = draws.uniform(size) < np.array([0.0, 0.967, 0.151, 0.984])[status]
    no_down = (kind != CONSUMER) | (draws.uniform(size) < np.array([0.05, 0.9, 0.1, 0.0])[status])
    table["AMT_ANNUITY"] = np.where(unpriced, np.nan, to_thousandth(annuity))
    table["CNT_PAYMENT"] = np.where(unpriced, np.nan, term)
    table["AMT_APPLICATION"] = np.where(credit > 0, to_thousandth(asked), 0.0)
    table["AMT_CREDIT"] = credit
    no_goods = (credit == 0) | ((kind == REVOLVING) & draws.chance(0.5, size))
    table["AMT_GOODS_PRICE"] = np.where(no_goods, np.nan, to_thousandth(asked))
    table["AMT_DOWN_PAYMENT"] = np.where(no_down, np.nan, to_thousandth(down))
    table["RATE_DOWN_PAYMENT"] = np.where(no_down, np.nan, 1.0895 * down / np.maximum(asked + down, 1.0))
    table["NFLAG_INSURED_ON_APPROVAL"] = np.where(
        (status != APPROVED) | draws.chance(0.042, size), np.nan, draws.chance(0.327, size).astype(np.float64)
    )


def _add_dates(
    table: Table, known: tuple[Integers, Integers, Integers], decided: Floats, draws: Draws
) -> tuple[Floats, Integers]:
    """Set the five dates of approved loans; return the first due day and how many instalments the loan runs.

    Two thirds of the cash loans and a third of the others are repaid early (months per loan of the facts). A date
    after the application is the sentinel 365243.
    """
    kind, status, term = known
    size = kind.shape[0]
    first = np.rint(decided + 30 + 15 * draws.uniform(size))
    early = draws.uniform(size) < np.where(kind == CASH, 0.65, 0.3)
    share = np.where(
        early, np.where(kind == CASH, 0.1 + 0.5 * draws.uniform(size), 0.3 + 0.7 * draws.uniform(size)), 1.0
    )
    months_run = np.maximum(np.ceil(term * share), np.minimum(term, 1)).astype(np.int64)
    planned_last = first + 30 * (term - 1)
    last = first + 30 * (months_run - 1)
    over = last <= 0
    ended = last + np.rint(2 + draws.exponential(9.0, size))
    revolving = kind == REVOLVING
    drawn_first = np.where(
        revolving & draws.chance(0.75, size),
        np.minimum(decided + np.floor(draws.exponential(60, size)), -1),
        NO_DATE,
    )
    dates = {
        "DAYS_FIRST_DRAWING": drawn_first,
        "DAYS_FIRST_DUE": np.where(first < 0, first, NO_DATE),
        "DAYS_LAST_DUE_1ST_VERSION": np.where(revolving, NO_DATE, planned_last),
        "DAYS_LAST_DUE": np.where(revolving | ~over, NO_DATE, np.minimum(last, -1)),
        "DAYS_TERMINATION": np.where(revolving | (ended > 0), NO_DATE, np.minimum(ended, -1)),
    }
    absent = (status != APPROVED) | draws.chance(0.042, size)
    for name, values in dates.items():
        table[name] = np.where(absent, np.nan, values)
    return first, months_run

"""The earlier applications at this lender: decisions, amounts, terms and dates that add up to the client's figures."""

from dataclasses import dataclass

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Flags, Floats, Integers, Table
from solvent.world.drawing.rows import Rows
from solvent.world.loans.previous_amounts import RATE_OF_DOWN_PAYMENT, Offers, make_offers
from solvent.world.loans.previous_dates import add_dates
from solvent.world.loans.previous_plan import (
    APPROVED,
    CASH,
    CONSUMER,
    REFUSED,
    REVOLVING,
    UNUSED,
    Applications,
    plan_applications,
)
from solvent.world.loans.previous_texts import add_texts
from solvent.world.published import Facts

_NO_AMOUNT_DAYS, _NO_AMOUNT_ASKED = (-1100.0, -400.0, -300.0), (0.95, 0.3, 0.06)
"""Share of the card applications, by day, that state no amount (AMT_APPLICATION 0, no goods price): the old ones."""

_NO_DOWN_PAYMENT = np.array([0.0, 1.0, 0.02, 0.06])
"""Share of the consumer loans, by decision, without AMT_DOWN_PAYMENT."""

_CASH_DOWN_DAYS, _CASH_WITH_DOWN = (-2000.0, -1900.0, -1100.0, -1000.0), (0.9, 0.25, 0.2, 0.0)
"""Cash loans of long ago carry a down payment of 0, later ones none."""


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
    made = plan_applications(facts, figures, draws)
    offers = make_offers(facts, figures, made, draws)
    table: Table = {"DAYS_DECISION": made.day}
    add_texts(table, facts, made, offers, draws)
    _add_amounts(table, made, offers, draws)
    first_due, months_run = add_dates(table, made, offers.term, draws)
    insured = np.where(np.isnan(np.asarray(table["DAYS_FIRST_DUE"], dtype=np.float64)), np.nan, offers.insured * 1.0)
    table["NFLAG_INSURED_ON_APPROVAL"] = insured
    return PreviousLoans(
        table=table,
        rows=made.rows,
        kind=made.kind,
        status=made.status,
        term=offers.term,
        months_run=months_run,
        first_due=first_due,
        annuity=offers.annuity,
        credit=offers.credit,
        card=made.card,
    )


def _add_amounts(table: Table, made: Applications, offers: Offers, draws: Draws) -> None:
    """Set the amounts; without a price there are neither annuity nor term, and without goods mostly no amounts."""
    kind, status, priced = made.kind, made.status, offers.priced
    size = kind.shape[0]
    nothing_asked = (kind == REVOLVING) & (draws.uniform(size) < np.interp(made.day, _NO_AMOUNT_DAYS, _NO_AMOUNT_ASKED))
    asked = np.where((offers.credit == 0) | nothing_asked, 0.0, offers.asked)
    no_goods = (asked == 0) & ~((status == UNUSED) | ((status == REFUSED) & draws.chance(0.05, size)))
    with_down = draws.uniform(size) < np.interp(made.day, _CASH_DOWN_DAYS, _CASH_WITH_DOWN)
    of_other = ((kind != CASH) | ~with_down) & ~draws.chance(0.01, size) | (offers.credit == 0)
    no_down = np.where(kind == CONSUMER, draws.uniform(size) < _NO_DOWN_PAYMENT[status], of_other)
    rate = RATE_OF_DOWN_PAYMENT * offers.down / np.maximum(offers.credit + offers.down, 1.0)
    table["AMT_ANNUITY"] = np.where(priced, offers.annuity, np.nan)
    table["CNT_PAYMENT"] = np.where(priced, offers.term, np.nan)
    table["AMT_APPLICATION"] = asked
    table["AMT_CREDIT"] = offers.credit
    table["AMT_GOODS_PRICE"] = np.where(no_goods, np.nan, asked)
    table["AMT_DOWN_PAYMENT"] = np.where(no_down, np.nan, offers.down)
    table["RATE_DOWN_PAYMENT"] = np.where(no_down, np.nan, rate)

"""The three payment tables of a block of clients: POS_CASH_balance, installments_payments, credit_card_balance."""

from dataclasses import dataclass

import numpy as np

from solvent.world.clients import ClientFigures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Flags, Floats, Integers, Table, numbers
from solvent.world.loans.previous_loans import PreviousLoans
from solvent.world.payments.arrears import (
    KnownRows,
    choose_arrears,
    draw_entry_days,
    leave_small_debts,
    list_due,
    months_of_loans,
)
from solvent.world.payments.card_payments import make_card_payments
from solvent.world.payments.card_plans import GrantedCards, plan_cards
from solvent.world.payments.cards import make_statements
from solvent.world.payments.instalment_amounts import amounts_due
from solvent.world.payments.instalment_loans import InstalmentLoans, gather_loans
from solvent.world.payments.payments import Scheduled, make_payments
from solvent.world.payments.pos_months import add_days_past_due, make_pos_months
from solvent.world.payments.statement_calendar import StatementCalendar
from solvent.world.published import Facts

Listed = tuple[Table, Integers]
"""Rows with SK_ID_PREV counted from 0, and the client of each."""


@dataclass(frozen=True)
class LoanHistories:
    """The tables by raw name; `terminated` is DAYS_TERMINATION of previous_application, later after a small debt."""

    tables: dict[str, Listed]
    terminated: Floats


def make_loan_histories(
    facts: Facts, figures: ClientFigures, previous: PreviousLoans, draws: tuple[Draws, Draws]
) -> LoanHistories:
    """Return what happened to the loans and cards among `previous`; `draws` are the streams of loans and of cards."""
    of_loans, of_cards = draws
    calendar = StatementCalendar.draw(previous.rows.count.shape[0], of_loans)
    statements, by_card = _card_tables(facts, figures, previous, calendar, of_cards)
    loans, debt = leave_small_debts(figures, gather_loans(previous, of_loans), calendar, of_loans)
    pos, paid = _loan_tables(figures, (loans, debt), calendar, by_card, of_loans)
    terminated = numbers(previous.table, "DAYS_TERMINATION").copy()
    listed = loans.key < loans.listed
    terminated[loans.key[listed]] = loans.ended[listed]
    tables = {
        "POS_CASH_balance": pos,
        "installments_payments": _joined(paid, by_card),
        "credit_card_balance": statements,
    }
    return LoanHistories(tables, terminated)


def _card_tables(
    facts: Facts, figures: ClientFigures, previous: PreviousLoans, calendar: StatementCalendar, draws: Draws
) -> tuple[Listed, Listed]:
    """Return the statements of the cards, and the payments on them."""
    cards = _granted_cards(figures, previous)
    plans = plan_cards(figures, cards, calendar, facts.client, draws)
    statements = make_statements(plans, draws)
    paid, card = make_card_payments(figures, plans, statements, calendar, draws)
    of_row = plans.rows.owner
    return (
        ({**statements, "SK_ID_PREV": cards.key[of_row]}, plans.client[of_row]),
        ({**paid, "SK_ID_PREV": cards.key[card]}, plans.client[card]),
    )


def _granted_cards(figures: ClientFigures, previous: PreviousLoans) -> GrantedCards:
    """Return the card of each client that has one; keys of unlisted ones lie beyond those of unlisted loans."""
    clients, listed = previous.rows.count.shape[0], np.flatnonzero(previous.card)
    owner = previous.rows.owner[listed]
    key = previous.rows.owner.shape[0] + clients + np.arange(clients, dtype=np.int64)
    decided, limit = np.full(clients, np.nan), np.full(clients, np.nan)
    key[owner] = listed
    decided[owner] = numbers(previous.table, "DAYS_DECISION")[listed]
    limit[owner] = previous.credit[listed]
    client = np.flatnonzero(figures.has("card_months"))
    return GrantedCards(client, key[client], decided[client], limit[client])


def _loan_tables(
    figures: ClientFigures,
    known: tuple[InstalmentLoans, Flags],
    calendar: StatementCalendar,
    by_card: Listed,
    draws: Draws,
) -> tuple[Listed, Listed]:
    """Return the monthly balances of the instalment loans, and the payments on them."""
    loans, debt = known
    pos, loan = make_pos_months(loans, months_of_loans(loans, calendar), calendar, debt, draws)
    client = loans.client[loan]
    month = numbers(pos, "MONTHS_BALANCE").astype(np.int64)
    since_last_due = calendar.last_day_of(month, client) - loans.last_due[loan]
    counted = _count_rows((client, debt[loan] & (since_last_due > 25)), by_card, calendar.phase.shape[0])
    due = list_due(loans, calendar, draws)
    arrears = choose_arrears(figures, due, counted, draws)
    add_days_past_due(pos, (loan, debt[loan], since_last_due), (due, arrears), calendar, draws)
    entry = draw_entry_days(figures, due, counted, arrears, draws)
    scheduled = Scheduled(*amounts_due(loans, due, draws), entry, counted.card_amount)
    paid, instalment = make_payments(figures, due, arrears, scheduled, draws)
    paid_loan = due.loan[instalment]
    return (
        ({**pos, "SK_ID_PREV": loans.key[loan]}, client),
        ({**paid, "SK_ID_PREV": loans.key[paid_loan]}, loans.client[paid_loan]),
    )


def _count_rows(balances: tuple[Integers, Flags], by_card: Listed, clients: int) -> KnownRows:
    table, client = by_card
    delay = numbers(table, "DAYS_ENTRY_PAYMENT") - numbers(table, "DAYS_INSTALMENT")

    def per_client(of: Integers, weights: Floats | Flags | None = None) -> Floats:
        return np.asarray(np.bincount(of, weights=weights, minlength=clients), dtype=np.float64)

    return KnownRows(
        balances=per_client(balances[0]),
        debt_months=per_client(*balances),
        card_payments=per_client(client),
        card_late=per_client(client, delay > 0),
        card_delay=per_client(client, delay),
        card_amount=per_client(client, numbers(table, "AMT_INSTALMENT")),
    )


def _joined(first: Listed, second: Listed) -> Listed:
    """Return the rows of both tables in the order of their clients and loans; both hold numbers only."""
    client = np.concatenate([first[1], second[1]])
    names = first[0].keys()
    joined = {name: np.concatenate([np.asarray(first[0][name]), np.asarray(second[0][name])]) for name in names}
    order = np.lexsort((joined["SK_ID_PREV"], client))
    return {name: values[order] for name, values in joined.items()}, client[order]

"""The history of each client in a few figures, counted from its rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from solvent.world.drawing.marginals import Coded, Flags, Floats, Integers

YEAR_DAYS, YEAR_MONTHS, QUARTER_MONTHS = 365, 12, 3


class RawRows(Protocol):
    """The raw tables of n clients, column by column."""

    @property
    def clients(self) -> int:
        """How many clients there are."""
        ...

    def has(self, table: str) -> bool:
        """Return whether the table is there."""
        ...

    def owner(self, table: str) -> Integers:
        """Return the position of the client of each row, int64 (rows,), 0 to `clients` - 1."""
        ...

    def numbers(self, table: str, name: str) -> Floats:
        """Return a number column, float64 (rows,), NaN where it is empty."""
        ...

    def texts(self, table: str, name: str) -> Coded:
        """Return a text column."""
        ...


@dataclass(frozen=True)
class ClientRows:
    """Rows of one table by the position of their client; statistics are float64 (clients,), NaN without a value."""

    owner: Integers
    clients: int

    def count(self, where: Flags | None = None) -> Floats:
        """Count rows; a client with none has NaN."""
        counted = np.bincount(self.owner if where is None else self.owner[where], minlength=self.clients)
        return np.where(counted > 0, counted, np.nan)

    def total(self, values: Floats) -> Floats:
        """Sum the values that are not missing; NaN for a client without rows, 0 for one without values."""
        summed = np.bincount(self.owner, weights=np.nan_to_num(values), minlength=self.clients)
        return np.where(np.isnan(self.count()), np.nan, summed)

    def mean(self, values: Floats) -> Floats:
        """Average the values that are not missing."""
        shown = ~np.isnan(values)
        return np.bincount(self.owner[shown], weights=values[shown], minlength=self.clients) / self.count(shown)

    def largest(self, values: Floats) -> Floats:
        """Take the largest value that is not missing."""
        shown = ~np.isnan(values)
        found = np.full(self.clients, -np.inf)
        np.maximum.at(found, self.owner[shown], values[shown])
        return np.where(np.isinf(found), np.nan, found)

    def share(self, flags: Flags) -> Floats:
        """Return the share of rows with the flag."""
        return self.mean(flags.astype(np.float64))


def published_aggregates(source: RawRows) -> dict[str, Floats]:
    """Return each aggregate of `measured.json` of each client by name, float64 (clients,), NaN where there is none.

    A table without a file contributes nothing. Raises WorldError if a file cannot be read.
    """
    return _aggregate(source, _PUBLISHED)


def recent_aggregates(source: RawRows) -> dict[str, Floats]:
    """Return what published solutions read from the rows beyond the published aggregates, float64 (clients,) each.

    Source: the starred and dotted features of the public solutions: debt over credit, what happened in the last year,
    the latest decisions, the largest payment.
    """
    return _aggregate(source, _RECENT)


def _aggregate(source: RawRows, by_table: "Mapping[str, Aggregate]") -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for table, aggregate in by_table.items():
        if source.has(table):
            found.update(aggregate(source, ClientRows(source.owner(table), source.clients)))
    return found


def _bureau(source: RawRows, rows: ClientRows) -> Mapping[str, Floats]:
    number = {
        name: source.numbers("bureau", name)
        for name in ("DAYS_CREDIT", "AMT_CREDIT_SUM", "AMT_CREDIT_SUM_DEBT", "AMT_CREDIT_SUM_OVERDUE")
    }
    return {
        "bureau_count": rows.count(),
        "bureau_active_count": rows.count(source.texts("bureau", "CREDIT_ACTIVE").equals("Active")),
        "bureau_days_credit_mean": rows.mean(number["DAYS_CREDIT"]),
        "bureau_days_credit_max": rows.largest(number["DAYS_CREDIT"]),
        "bureau_credit_sum": rows.total(number["AMT_CREDIT_SUM"]),
        "bureau_debt_sum": rows.total(number["AMT_CREDIT_SUM_DEBT"]),
        "bureau_max_overdue": rows.largest(source.numbers("bureau", "AMT_CREDIT_MAX_OVERDUE")),
        "bureau_overdue_sum": rows.total(number["AMT_CREDIT_SUM_OVERDUE"]),
        "bureau_credit_card_count": rows.count(source.texts("bureau", "CREDIT_TYPE").equals("Credit card")),
    }


def _bureau_months(source: RawRows, rows: ClientRows) -> Mapping[str, Floats]:
    late = source.texts("bureau_balance", "STATUS").equals("1", "2", "3", "4", "5")
    return {"bureau_balance_months": rows.count(), "bureau_balance_late_share": rows.share(late)}


def _previous(source: RawRows, rows: ClientRows) -> Mapping[str, Floats]:
    table = "previous_application"
    status, contract = (source.texts(table, f"NAME_CONTRACT_{name}") for name in ("STATUS", "TYPE"))
    return {
        "previous_count": rows.count(),
        "previous_refused_share": rows.share(status.equals("Refused")),
        "previous_approved_share": rows.share(status.equals("Approved")),
        "previous_days_decision_max": rows.largest(source.numbers(table, "DAYS_DECISION")),
        "previous_credit_mean": rows.mean(source.numbers(table, "AMT_CREDIT")),
        "previous_annuity_mean": rows.mean(source.numbers(table, "AMT_ANNUITY")),
        "previous_payment_count_mean": rows.mean(source.numbers(table, "CNT_PAYMENT")),
        "previous_cash_share": rows.share(contract.equals("Cash loans")),
        "previous_revolving_share": rows.share(contract.equals("Revolving loans")),
    }


def _pos_months(source: RawRows, rows: ClientRows) -> Mapping[str, Floats]:
    table = "POS_CASH_balance"
    return {
        "pos_months": rows.count(),
        "pos_late_share": rows.share(source.numbers(table, "SK_DPD") > 0),
        "pos_late_def_share": rows.share(source.numbers(table, "SK_DPD_DEF") > 0),
        "pos_future_instalments_mean": rows.mean(source.numbers(table, "CNT_INSTALMENT_FUTURE")),
    }


def _statements(source: RawRows, rows: ClientRows) -> Mapping[str, Floats]:
    table = "credit_card_balance"
    limit = source.numbers(table, "AMT_CREDIT_LIMIT_ACTUAL")
    used = source.numbers(table, "AMT_BALANCE") / np.where(limit > 0, limit, np.nan)
    return {
        "card_months": rows.count(),
        "card_utilisation_mean": rows.mean(used),
        "card_limit_max": rows.largest(limit),
        "card_atm_drawings_mean": rows.mean(source.numbers(table, "CNT_DRAWINGS_ATM_CURRENT")),
        "card_late_share": rows.share(source.numbers(table, "SK_DPD") > 0),
    }


def _instalments(source: RawRows, rows: ClientRows) -> Mapping[str, Floats]:
    table = "installments_payments"
    delay = source.numbers(table, "DAYS_ENTRY_PAYMENT") - source.numbers(table, "DAYS_INSTALMENT")
    owed = rows.total(source.numbers(table, "AMT_INSTALMENT"))
    return {
        "instalment_count": rows.count(),
        "instalment_delay_days_mean": rows.mean(delay),
        "instalment_late_share": rows.share(delay > 0),
        "instalment_paid_share": rows.total(source.numbers(table, "AMT_PAYMENT")) / np.where(owed > 0, owed, np.nan),
    }


def _debt(source: RawRows, rows: ClientRows) -> Mapping[str, Floats]:
    credit = rows.total(source.numbers("bureau", "AMT_CREDIT_SUM"))
    debt = rows.total(source.numbers("bureau", "AMT_CREDIT_SUM_DEBT"))
    recent = source.numbers("bureau", "DAYS_CREDIT") >= -YEAR_DAYS
    return {
        "bureau_debt_ratio": debt / np.where(credit > 0, credit, np.nan),
        "bureau_recent_share": rows.share(recent),
    }


def _recent_months(source: RawRows, rows: ClientRows) -> Mapping[str, Floats]:
    late = source.texts("bureau_balance", "STATUS").equals("1", "2", "3", "4", "5")
    recent = source.numbers("bureau_balance", "MONTHS_BALANCE") >= -YEAR_MONTHS
    return {"bureau_balance_late_share_12m": rows.mean(np.where(recent, late, np.nan))}


def _latest_decisions(source: RawRows, rows: ClientRows) -> Mapping[str, Floats]:
    table = "previous_application"
    decided = source.numbers(table, "DAYS_DECISION")
    refused = source.texts(table, "NAME_CONTRACT_STATUS").equals("Refused").astype(np.float64)
    latest = decided == rows.largest(decided)[rows.owner]
    return {
        "previous_refused_share_12m": rows.mean(np.where(decided >= -YEAR_DAYS, refused, np.nan)),
        "previous_refused_last": rows.mean(np.where(latest, refused, np.nan)),
    }


def _recent_pos(source: RawRows, rows: ClientRows) -> Mapping[str, Floats]:
    table = "POS_CASH_balance"
    month = source.numbers(table, "MONTHS_BALANCE")
    late = source.numbers(table, "SK_DPD") > 0
    term, left = source.numbers(table, "CNT_INSTALMENT"), source.numbers(table, "CNT_INSTALMENT_FUTURE")
    latest = month == rows.largest(month)[rows.owner]
    return {
        "pos_late_share_12m": rows.mean(np.where(month >= -YEAR_MONTHS, late, np.nan)),
        "pos_remaining_ratio_last": rows.mean(np.where(latest & (term > 0), left / np.maximum(term, 1.0), np.nan)),
    }


def _recent_statements(source: RawRows, rows: ClientRows) -> Mapping[str, Floats]:
    table = "credit_card_balance"
    limit = source.numbers(table, "AMT_CREDIT_LIMIT_ACTUAL")
    used = source.numbers(table, "AMT_BALANCE") / np.where(limit > 0, limit, np.nan)
    month = source.numbers(table, "MONTHS_BALANCE")
    recent = month > (rows.largest(month) - QUARTER_MONTHS)[rows.owner]
    return {"card_utilisation_last": rows.mean(np.where(recent, used, np.nan))}


def _recent_instalments(source: RawRows, rows: ClientRows) -> Mapping[str, Floats]:
    table = "installments_payments"
    due, entry = source.numbers(table, "DAYS_INSTALMENT"), source.numbers(table, "DAYS_ENTRY_PAYMENT")
    owed, paid = source.numbers(table, "AMT_INSTALMENT"), source.numbers(table, "AMT_PAYMENT")
    delay = entry - due
    return {
        "instalment_late_share_12m": rows.mean(np.where(due >= -YEAR_DAYS, delay > 0, np.nan)),
        "instalment_late_days_max": rows.largest(np.maximum(delay, 0.0)),
        "instalment_part_payment_share": rows.mean(np.where(np.isnan(paid), np.nan, paid < owed)),
        "instalment_entry_days_max": rows.largest(entry),
        "instalment_payment_max": rows.largest(paid),
    }


Aggregate = Callable[[RawRows, ClientRows], Mapping[str, Floats]]

_PUBLISHED: Mapping[str, Aggregate] = {
    "bureau": _bureau,
    "bureau_balance": _bureau_months,
    "previous_application": _previous,
    "POS_CASH_balance": _pos_months,
    "credit_card_balance": _statements,
    "installments_payments": _instalments,
}
_RECENT: Mapping[str, Aggregate] = {
    "bureau": _debt,
    "bureau_balance": _recent_months,
    "previous_application": _latest_decisions,
    "POS_CASH_balance": _recent_pos,
    "credit_card_balance": _recent_statements,
    "installments_payments": _recent_instalments,
}

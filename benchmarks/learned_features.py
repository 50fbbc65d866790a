"""Features that are learned from other clients: nested scores of history rows, neighbours, term and interest rate.

Used by `ablation.py`. Each learner is fitted on some clients and describes any others; `describe_out_of_fold` sees to
it that no client is described by what was fitted on its own outcome.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import lightgbm
import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from solvent.tables.reading import RawTables, translated_errors
from solvent.training.splits import hash_clients

NEIGHBOURS = 500
FEWEST_ROWS_PER_NEIGHBOUR = 20
"""Of fewer than 10,000 clients only the nearest twentieth counts: 500 of 1,000 would be everybody."""
MOST_ROWS = 400_000
FEWEST_CLIENTS = 100
INNER_FOLDS = 3
STATISTICS = ("mean", "max", "last", "std")
ROUNDS = 150
SETTINGS = {
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.5,
    "lambda_l2": 10.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}

ROW_QUERIES = {
    "previous": """
        SELECT SK_ID_CURR, DAYS_DECISION, AMT_APPLICATION, AMT_CREDIT, AMT_ANNUITY, AMT_DOWN_PAYMENT, CNT_PAYMENT,
            AMT_APPLICATION / nullif(AMT_CREDIT, 0) AS applied, AMT_CREDIT / nullif(AMT_ANNUITY, 0) AS term,
            AMT_CREDIT / nullif(AMT_GOODS_PRICE, 0) AS goods, nullif(DAYS_FIRST_DRAWING, 365243) AS drawing,
            nullif(DAYS_LAST_DUE_1ST_VERSION, 365243) AS due, nullif(DAYS_LAST_DUE, 365243) AS paid,
            (AMT_ANNUITY * CNT_PAYMENT / nullif(AMT_CREDIT, 0) - 1) / nullif(CNT_PAYMENT, 0) AS interest,
            SELLERPLACE_AREA, NFLAG_INSURED_ON_APPROVAL, NAME_CONTRACT_STATUS, CODE_REJECT_REASON, NAME_CLIENT_TYPE,
            NAME_YIELD_GROUP, PRODUCT_COMBINATION, CHANNEL_TYPE, NAME_CASH_LOAN_PURPOSE, NAME_GOODS_CATEGORY
        FROM previous_application WHERE DAYS_DECISION <= 0 ORDER BY SK_ID_CURR, DAYS_DECISION, SK_ID_PREV""",
    "bureau": """
        SELECT SK_ID_CURR, DAYS_CREDIT, CREDIT_DAY_OVERDUE, DAYS_CREDIT_ENDDATE, DAYS_ENDDATE_FACT,
            AMT_CREDIT_MAX_OVERDUE, CNT_CREDIT_PROLONG, AMT_CREDIT_SUM, AMT_CREDIT_SUM_DEBT, AMT_CREDIT_SUM_LIMIT,
            AMT_CREDIT_SUM_OVERDUE, DAYS_CREDIT_UPDATE, AMT_ANNUITY,
            AMT_CREDIT_SUM_DEBT / nullif(AMT_CREDIT_SUM, 0) AS debt, DAYS_CREDIT_ENDDATE - DAYS_CREDIT AS duration,
            CREDIT_ACTIVE, CREDIT_TYPE
        FROM bureau WHERE DAYS_CREDIT <= 0 ORDER BY SK_ID_CURR, DAYS_CREDIT, SK_ID_BUREAU""",
    "instalments": """
        SELECT SK_ID_CURR, DAYS_INSTALMENT, NUM_INSTALMENT_NUMBER, NUM_INSTALMENT_VERSION, AMT_INSTALMENT, AMT_PAYMENT,
            DAYS_ENTRY_PAYMENT - DAYS_INSTALMENT AS delay, AMT_PAYMENT / nullif(AMT_INSTALMENT, 0) AS paid,
            AMT_INSTALMENT - AMT_PAYMENT AS missing
        FROM installments_payments WHERE DAYS_INSTALMENT <= 0
        ORDER BY SK_ID_CURR, DAYS_INSTALMENT, SK_ID_PREV, NUM_INSTALMENT_NUMBER, AMT_PAYMENT""",
    "pos": """
        SELECT SK_ID_CURR, MONTHS_BALANCE, CNT_INSTALMENT, CNT_INSTALMENT_FUTURE, SK_DPD, SK_DPD_DEF,
            CNT_INSTALMENT_FUTURE / nullif(CNT_INSTALMENT, 0) AS remaining, NAME_CONTRACT_STATUS
        FROM POS_CASH_balance WHERE MONTHS_BALANCE <= 0 ORDER BY SK_ID_CURR, MONTHS_BALANCE, SK_ID_PREV""",
    "card": """
        SELECT SK_ID_CURR, MONTHS_BALANCE, AMT_BALANCE, AMT_CREDIT_LIMIT_ACTUAL, AMT_DRAWINGS_ATM_CURRENT,
            AMT_DRAWINGS_CURRENT, AMT_INST_MIN_REGULARITY, AMT_PAYMENT_CURRENT, CNT_DRAWINGS_CURRENT,
            CNT_DRAWINGS_ATM_CURRENT, SK_DPD, SK_DPD_DEF, AMT_BALANCE / nullif(AMT_CREDIT_LIMIT_ACTUAL, 0) AS used,
            AMT_PAYMENT_CURRENT / nullif(AMT_INST_MIN_REGULARITY, 0) AS paid, NAME_CONTRACT_STATUS
        FROM credit_card_balance WHERE MONTHS_BALANCE <= 0 ORDER BY SK_ID_CURR, MONTHS_BALANCE, SK_ID_PREV""",
}
"""The rows of each history, oldest first within a client, by the row formulas of the catalogue."""

_TERMS = """
    SELECT SK_ID_CURR, AMT_CREDIT, AMT_ANNUITY, AMT_CREDIT / AMT_ANNUITY AS ratio, CNT_PAYMENT
    FROM previous_application WHERE AMT_CREDIT > 0 AND AMT_ANNUITY > 0 AND CNT_PAYMENT > 0 AND DAYS_DECISION <= 0
    ORDER BY SK_ID_CURR, DAYS_DECISION, SK_ID_PREV"""
_APPLICATIONS = """
    SELECT SK_ID_CURR, AMT_CREDIT, AMT_ANNUITY, AMT_CREDIT / nullif(AMT_ANNUITY, 0) AS ratio,
        EXT_SOURCE_1, EXT_SOURCE_2, EXT_SOURCE_3
    FROM application ORDER BY SK_ID_CURR"""

Floats = npt.NDArray[np.float64]
Clients = npt.NDArray[np.int64]
Describe = Callable[[Clients], Floats]


@dataclass(frozen=True)
class Rows:
    """Rows by ascending client: `values` float64 of shape (rows, columns), NaN where missing, categories as codes."""

    clients: Clients
    values: Floats
    categories: tuple[int, ...]

    def of(self, clients: Clients) -> "Rows":
        """The rows of these clients."""
        chosen = np.isin(self.clients, clients)
        return Rows(self.clients[chosen], self.values[chosen], self.categories)


class Learner(Protocol):
    """A group of learned features."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of its columns."""

    def fit(self, clients: Clients, target: Floats, /) -> Describe:
        """Learn from clients with their outcomes; the result gives columns of shape (clients, names)."""


def read_rows(tables: RawTables, query: str) -> Rows:
    """Read the rows of a query whose first column is the client."""
    with translated_errors():
        columns = tables.connection.execute(query).fetchnumpy()
    clients = np.asarray(columns.pop("SK_ID_CURR"), dtype=np.int64)
    categories = tuple(place for place, column in enumerate(columns.values()) if column.dtype.kind == "O")
    return Rows(clients, np.column_stack([_to_numbers(column) for column in columns.values()]), categories)


def _to_numbers(column: npt.NDArray[np.generic]) -> Floats:
    if column.dtype.kind != "O":
        return np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan)
    texts = np.array(["" if text is None else text for text in np.ma.filled(column, None)], dtype=np.str_)
    return np.unique(texts, return_inverse=True)[1].astype(np.float64)


@dataclass(frozen=True)
class NestedScore:
    """A booster of single rows, each with its client's outcome; its scores summed up per client (NOX, ONO, GOD)."""

    table: str
    rows: Rows
    seed: int

    @property
    def names(self) -> tuple[str, ...]:
        """The statistics of a client's scores; missing without rows, `std` with fewer than two."""
        return tuple(f"{self.table}_score_{name}" for name in STATISTICS)

    def fit(self, clients: Clients, target: Floats) -> Describe:
        """Fit on the rows of these clients, on `MOST_ROWS` of them if there are more."""
        rows = self.rows.of(clients)
        chosen = np.arange(len(rows.clients))
        if len(chosen) > MOST_ROWS:
            chosen = np.sort(np.random.default_rng(self.seed).choice(len(chosen), MOST_ROWS, replace=False))
        outcomes = target[np.searchsorted(clients, rows.clients[chosen])]
        booster = _grow(rows.values[chosen], outcomes, "binary", categories=rows.categories, seed=self.seed)
        return lambda others: self._describe(booster, others)

    def _describe(self, booster: lightgbm.Booster, clients: Clients) -> Floats:
        rows = self.rows.of(clients)
        described = np.full((len(clients), len(STATISTICS)), np.nan)
        if not len(rows.clients):
            return described
        scores = np.asarray(booster.predict(rows.values, raw_score=True), dtype=np.float64)
        present, starts, counts = np.unique(rows.clients, return_index=True, return_counts=True)
        mean = np.add.reduceat(scores, starts) / counts
        spread = np.add.reduceat((scores - np.repeat(mean, counts)) ** 2, starts)
        std = np.sqrt(np.divide(spread, counts - 1, out=np.full(len(counts), np.nan), where=counts > 1))
        columns = (mean, np.maximum.reduceat(scores, starts), scores[starts + counts - 1], std)
        described[np.searchsorted(clients, present)] = np.column_stack(columns)
        return described


@dataclass(frozen=True)
class NeighbourRate:
    """Default rate of the 500 nearest by EXT_SOURCE_1 to 3 and credit over annuity (first place, "kNN500").

    Missing values are 0, then each column is standardised on the clients that were learned from.
    """

    applications: Rows
    names: tuple[str, ...] = ("neighbour_default_rate",)

    def fit(self, clients: Clients, target: Floats) -> Describe:
        """Keep the places and outcomes of these clients."""
        places = np.nan_to_num(self.applications.of(clients).values[:, 2:])
        centre, spread = places.mean(axis=0), places.std(axis=0)
        scale = np.where(spread > 0, spread, 1.0)
        tree = KDTree((places - centre) / scale)
        nearest = max(1, min(NEIGHBOURS, len(clients) // FEWEST_ROWS_PER_NEIGHBOUR))

        def describe(others: Clients) -> Floats:
            looked_up = (np.nan_to_num(self.applications.of(others).values[:, 2:]) - centre) / scale
            found = tree.query(looked_up, k=np.arange(1, nearest + 1), workers=1)[1]
            return np.asarray(target[found].mean(axis=1, keepdims=True))

        return describe


@dataclass(frozen=True)
class ImpliedInterest:
    """The term that earlier loans of such an amount and annuity had, and the interest that it implies (W10)."""

    earlier: Rows
    applications: Rows
    seed: int
    names: tuple[str, ...] = ("predicted_term", "implied_interest_share", "implied_interest_rate")

    def fit(self, clients: Clients, target: Floats) -> Describe:  # noqa: ARG002 - the outcome has no say
        """Fit the number of payments of these clients' earlier loans."""
        rows = self.earlier.of(clients).values
        booster = _grow(rows[:, :3], rows[:, 3], "regression", categories=(), seed=self.seed)

        def describe(others: Clients) -> Floats:
            amounts = self.applications.of(others).values
            term = np.asarray(booster.predict(amounts[:, :3]), dtype=np.float64)
            return np.column_stack([term, *imply_interest(amounts[:, 0], amounts[:, 1], term)])

        return describe


def imply_interest(credit: Floats, annuity: Floats, term: Floats) -> tuple[Floats, Floats]:
    """Interest over credit, and the yearly rate: 24 interest / (credit (term + 1)) (10th place, "Interest A")."""
    share = (term * annuity - credit) / credit
    return share, 24 * share / (term + 1)


def describe_out_of_fold(
    learner: Learner, clients: Clients, target: Floats, *, others: Clients, seed: int
) -> tuple[Floats, Floats]:
    """Describe clients by learners that did not see them, and others as serving would: by the mean of those learners.

    Args:
        learner: what to fit, once for each of `INNER_FOLDS` folds.
        clients: ascending.
        target: their outcomes.
        others: ascending; none of the clients.
        seed: of the folds.
    """
    fold = hash_clients(clients, seed=seed + 2) % np.uint64(INNER_FOLDS)
    inside = np.empty((len(clients), len(learner.names)))
    outside = np.zeros((len(others), len(learner.names)))
    for number in range(INNER_FOLDS):
        held_out = fold == number
        describe = learner.fit(clients[~held_out], target[~held_out])
        inside[held_out] = describe(clients[held_out])
        outside += describe(others) / INNER_FOLDS
    return inside, outside


def open_learners(tables: RawTables, clients: Clients, *, seed: int) -> Mapping[str, Learner]:
    """Every group of learned features, by its name; a nested score wants rows of `FEWEST_CLIENTS` of the clients."""
    applications = read_rows(tables, _APPLICATIONS)
    rows = {name: read_rows(tables, query).of(clients) for name, query in ROW_QUERIES.items()}
    nested = {
        f"nested score, {name}": NestedScore(name, own, seed)
        for name, own in rows.items()
        if len(np.unique(own.clients)) >= FEWEST_CLIENTS
    }
    return {
        **nested,
        "default rate of neighbours": NeighbourRate(applications),
        "term and interest rate": ImpliedInterest(read_rows(tables, _TERMS), applications, seed),
    }


def _grow(
    values: Floats, outcomes: Floats, objective: str, *, categories: tuple[int, ...], seed: int
) -> lightgbm.Booster:
    parameters = {**SETTINGS, "objective": objective, "seed": seed}
    rows = lightgbm.Dataset(values, outcomes, categorical_feature=list(categories), params=parameters)
    return lightgbm.train(parameters, rows, num_boost_round=ROUNDS)

"""Who defaults: the true probability of a client, read from what its tables show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from solvent.world.aggregates import RawRows, published_aggregates, recent_aggregates
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.exact import multiply
from solvent.world.drawing.marginals import Coded, Column, Flags, Floats, Integers, Table, numbers, ratio, texts
from solvent.world.drawing.normal import normal_cdf
from solvent.world.drawing.sentinels import MISSING, NO_DATE

SOURCES = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3")


@dataclass(frozen=True)
class ClientTables:
    """The raw tables of `clients` clients in memory: history rows with the position of their client."""

    clients: int
    histories: Mapping[str, tuple[Table, Integers]]

    def has(self, table: str) -> bool:
        """Return whether the table is there."""
        return table in self.histories

    def owner(self, table: str) -> Integers:
        """Return the position of the client of each row, int64 (rows,)."""
        return self.histories[table][1]

    def numbers(self, table: str, name: str) -> Floats:
        """Return a number column, float64 (rows,)."""
        return numbers(self.histories[table][0], name)

    def texts(self, table: str, name: str) -> Coded:
        """Return a text column."""
        return texts(self.histories[table][0], name)


def visible_columns(application: Table, histories: RawRows) -> dict[str, Column]:
    """Return what the truth can read of each client: application columns and aggregates of its history rows."""
    columns: dict[str, Column] = {**application, **published_aggregates(histories), **recent_aggregates(histories)}
    return {**columns, **_ratios(columns)}


def _ratios(columns: dict[str, Column]) -> dict[str, Floats]:
    """Return what published solutions compute from the application first of all."""
    employed = numbers(columns, "DAYS_EMPLOYED")
    sources = np.column_stack([numbers(columns, name) for name in SOURCES])
    least = np.where(np.isnan(sources), np.inf, sources).min(axis=1)
    return {
        "application_credit_goods_ratio": ratio(columns, "AMT_CREDIT", "AMT_GOODS_PRICE"),
        "application_credit_annuity_ratio": ratio(columns, "AMT_CREDIT", "AMT_ANNUITY"),
        "application_annuity_income_ratio": ratio(columns, "AMT_ANNUITY", "AMT_INCOME_TOTAL"),
        "application_employed_birth_ratio": np.where(employed == NO_DATE, np.nan, employed)
        / numbers(columns, "DAYS_BIRTH"),
        "application_ext_source_min": np.where(np.isinf(least), np.nan, least),
        "instalment_annuity_ratio": ratio(columns, "AMT_ANNUITY", "instalment_payment_max"),
    }


@dataclass(frozen=True)
class Term:
    """One standardised value of the truth: a column's normal score, or whether the column is missing.

    `knots` are the column's numbers and `scores` their normal scores, straight between them; for a text column `labels`
    has the score of each category. A missing flag has neither: it is `scores[0]` where the value is there, `scores[1]`
    where it is missing. NaN where the column is missing, but for flags.
    """

    name: str
    scores: Floats
    knots: Floats | None = None
    labels: Mapping[str, float] | None = None

    @property
    def column(self) -> str:
        """The column that the term reads."""
        return self.name.removesuffix(MISSING)

    def read(self, columns: Mapping[str, Column]) -> Floats:
        """Return the term of each client, float64 (n,)."""
        column = columns[self.column]
        if isinstance(column, Coded):
            if self.labels is None:
                return self.scores[(column.codes < 0).astype(np.int64)]
            known = np.array([self.labels.get(label, 0.0) for label in column.labels] or [0.0])
            return np.where(column.codes < 0, np.nan, known[column.codes])
        values = np.asarray(column, dtype=np.float64)
        if self.knots is None:
            return self.scores[np.isnan(values).astype(np.int64)]
        return np.interp(values, self.knots, self.scores)


@dataclass(frozen=True)
class OutcomeModel:
    """Probit of default on k visible terms, fitted by `tools/fit_truth.py` and shipped as `facts/truth.json`.

    `expected` (c, k) says what the c terms that are hardly ever missing, at the positions `core`, tell of each term: it
    stands in where a term is missing, and is 0 for the core terms themselves. Default has the probability that a
    standard normal exceeds (threshold - weights . terms) / residual.
    """

    terms: tuple[Term, ...]
    weights: Floats
    core: tuple[int, ...]
    expected: Floats
    threshold: float
    residual: float

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Build the model from `facts/truth.json`."""
        terms = tuple(
            Term(
                name,
                np.asarray(entry.get("scores", []), dtype=np.float64),
                np.asarray(entry["knots"], dtype=np.float64) if "knots" in entry else None,
                entry.get("labels"),
            )
            for name, entry in content["terms"].items()
        )
        names = [term.name for term in terms]
        expected = np.zeros((len(content["core"]), len(terms)))
        for name, row in content["expected"].items():
            expected[:, names.index(name)] = row
        return cls(
            terms=terms,
            weights=np.array([entry["weight"] for entry in content["terms"].values()]),
            core=tuple(names.index(name) for name in content["core"]),
            expected=expected,
            threshold=float(content["threshold"]),
            residual=float(content["residual"]),
        )

    def probability(self, columns: Mapping[str, Column]) -> Floats:
        """Return the true probability of default of each client, float64 (n,), strictly between 0 and 1.

        `columns` are those of `visible_columns`.
        """
        index = multiply(fill_missing(read_terms(self.terms, columns), self.core, self.expected), self.weights)
        return normal_cdf((index - self.threshold) / self.residual)


def read_terms(terms: tuple[Term, ...], columns: Mapping[str, Column]) -> Floats:
    """Return the terms of each client, float64 (n, k), NaN where a value is missing."""
    return np.column_stack([term.read(columns) for term in terms])


def fill_missing(values: Floats, core: tuple[int, ...], expected: Floats) -> Floats:
    """Return the terms (n, k) with what the core terms tell in place of a missing one.

    A core term can be missing too, once in some 100,000 clients (DAYS_LAST_PHONE_CHANGE): it tells its mean, 0.
    """
    told = multiply(np.ascontiguousarray(np.nan_to_num(values[:, core])), expected)
    return np.where(np.isnan(values), told, values)


def draw_outcomes(probability: Floats, draws: Draws) -> Flags:
    """Draw who defaults, a flag per client, each with its own probability."""
    return draws.chance(probability, probability.shape[0])

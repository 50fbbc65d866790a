"""Fits the true probability of default to the published correlations with TARGET: src/solvent/world/facts/truth.json.

    python tools/fit_truth.py [--clients 30000]

To be run when the tables of the simulated lender change. Clients are drawn, terms of the truth are read from their
tables, and weights are found so that the terms correlate with default as published, as far as that is more than noise.
What is chosen by hand stands in `PRIOR_DEVIATION`, `GAINS` and `BEYOND`;
docs/decisions/0009-the-truth-reads-the-tables.md says why. Printed: the ceiling, and the variance of the index (the
weighted sum of terms) by where weights come from.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from solvent.world.blocks import BLOCK_CLIENTS, TEST_SHARE, Lender, build_lender, draw_clients, streams_of
from solvent.world.drawing.exact import multiply
from solvent.world.drawing.marginals import Coded, Column, Floats, binary_marginal, visible_deviation
from solvent.world.drawing.normal import normal_cdf
from solvent.world.drawing.sentinels import MISSING
from solvent.world.fidelity.correlations import ordered_by_default_rate
from solvent.world.fidelity.distances import normal_scores
from solvent.world.fidelity.measured import Correlations, Measured, load_measured
from solvent.world.making import ceiling_auc
from solvent.world.outcomes import OutcomeModel, Term, fill_missing, read_terms

OUT = Path(__file__).parents[1] / "src/solvent/world/facts/truth.json"
SEED = 20_180_519
KNOTS = 40
FREQUENT = 0.002
"""A value of at least this share has its own knot."""

CERTAIN_ERRORS = 2.0
"""A published term carries a weight if its correlation with TARGET is at least this many standard errors."""

NOISE_ERRORS = 1.0
"""The correlation of such a term keeps 1 - (this many standard errors / itself)^2 of its size, as in the copula."""

PRIOR_DEVIATION = 0.046
"""Deviation that a weight is expected to have: the ridge of a term is its squared standard error over the square."""

RISING = frozenset({"late", "overdue", "delay", "utilisation"})
"""A term with one of these words in its name says how badly a client pays; none may lower the risk."""

BEYOND = {
    "application_credit_goods_ratio": 1.0,
    "application_credit_annuity_ratio": 1.0,
    "application_annuity_income_ratio": 0.5,
    "application_employed_birth_ratio": -1.0,
    "application_ext_source_min": -1.0,
    "bureau_debt_ratio": 1.0,
    "bureau_recent_share": 0.5,
    "bureau_balance_late_share_12m": 0.5,
    "previous_refused_share_12m": 1.0,
    "previous_refused_last": 0.5,
    "pos_late_share_12m": 1.0,
    "pos_remaining_ratio_last": 0.5,
    "card_utilisation_last": 1.0,
    "instalment_late_share_12m": 1.0,
    "instalment_late_days_max": 0.5,
    "instalment_part_payment_share": 0.5,
    "instalment_entry_days_max": 0.5,
    "instalment_annuity_ratio": 0.5,
}
"""Relative weights of terms whose correlation with TARGET is not published, up for a higher risk."""

GAINS = {"application": 0.13, "bureau": 0.17, "previous": 0.115, "pos": 0.045, "card": 0.1, "instalment": 0.105}
"""Scale of the terms beyond the published ones, per table."""

LEFT_OUT = ("TARGET", "FLAG_MOBIL")
REPEATED = ("_MODE", "_MEDI")
"""A housing column stands three times in the table; the truth reads its average, and the texts that come once."""


def group_of(name: str) -> str:
    """Return the table group of a term: application, bureau, previous, pos, card or instalment."""
    return name.split("_", maxsplit=1)[0] if name[0].islower() else "application"


def term_names(measured: Measured) -> list[str]:
    """Return the names of all terms: published columns and aggregates, their missing flags, and those beyond."""
    published = measured.correlations().names
    columns = measured.content["application"]["columns"]
    kept = []
    for name in published:
        column = name.removesuffix(MISSING)
        numeric_twin = column.endswith(REPEATED) and not columns[column].get("text") and column != "TOTALAREA_MODE"
        if column not in LEFT_OUT and not numeric_twin:
            kept.append(name)
    return [*kept, *BEYOND]


def fit_term(name: str, column: Column, measured: Measured) -> Term:
    """Fit the normal scores of a column on the drawn clients; a flag is standardised."""
    if name.endswith(MISSING):
        missing = column.codes < 0 if isinstance(column, Coded) else np.isnan(np.asarray(column, dtype=np.float64))
        share = float(np.mean(missing))
        deviation = max(float(np.sqrt(share * (1 - share))), 1e-3)
        return Term(name, np.round(np.array([-share, 1 - share]) / deviation, 4))
    if isinstance(column, Coded):
        part = measured.content["application"]
        rates = part["columns"][name].get("default_rate", {})
        ranks = ordered_by_default_rate(column, rates, part["default_rate"])
        scores = normal_scores(ranks)
        at = {label: np.flatnonzero(column.equals(label)) for label in column.labels}
        return Term(
            name, np.empty(0), labels={one: round(float(scores[rows[0]]), 4) for one, rows in at.items() if rows.size}
        )
    return _number_term(name, np.asarray(column, dtype=np.float64))


def _number_term(name: str, values: Floats) -> Term:
    shown = np.sort(values[~np.isnan(values)])
    distinct, counts = np.unique(shown, return_counts=True)
    spread = shown[np.linspace(0, shown.size - 1, KNOTS).astype(np.int64)]
    knots = np.unique(np.concatenate([spread, distinct[counts > FREQUENT * shown.size]]))
    scores = normal_scores(shown)[np.searchsorted(shown, knots)]
    return Term(name, np.round(scores, 4), knots=np.array([float(f"{knot:.7g}") for knot in knots.tolist()]))


def draw_reference(lender: Lender, clients: int) -> list[Mapping[str, Column]]:
    """Draw blocks of clients and return what the truth can read of each block."""
    drawn: list[Mapping[str, Column]] = []
    for index in range(clients // BLOCK_CLIENTS):
        streams = streams_of(SEED, index)
        latents = lender.copula.draw(streams["latents"], BLOCK_CLIENTS)
        is_test = streams["split"].chance(TEST_SHARE, BLOCK_CLIENTS)
        drawn.append(draw_clients(lender, latents, streams, complete=is_test).visible)
        if index % 5 == 4:
            print(f"  {(index + 1) * BLOCK_CLIENTS:,} clients drawn", flush=True)
    return drawn


def stack(blocks: list[Mapping[str, Column]], name: str) -> Column:
    """Return a column over all blocks."""
    texts = [column for block in blocks if isinstance(column := block[name], Coded)]
    if not texts:
        return np.concatenate([np.asarray(block[name], dtype=np.float64) for block in blocks])
    labels = tuple(dict.fromkeys(label for column in texts for label in column.labels))
    codes = [np.append([labels.index(label) for label in column.labels], -1)[column.codes] for column in texts]
    return Coded(np.concatenate(codes).astype(np.int64), labels)


def fit(columns: Mapping[str, Column], measured: Measured, default_rate: float) -> OutcomeModel:
    """Fit terms, weights and threshold."""
    names = [name for name in term_names(measured) if name.removesuffix(MISSING) in columns]
    terms = tuple(fit_term(name, columns[name.removesuffix(MISSING)], measured) for name in names)
    values = read_terms(terms, columns)
    core = tuple(at for at, name in enumerate(names) if name[0].isupper() and not np.isnan(values[:, at]).any())
    expected = np.round(_regress(values, core), 4)
    filled = fill_missing(values, core, expected)
    published, deviation = measured.correlations(), visible_deviation(binary_marginal(default_rate))
    wanted, error = wanted_of(published, names)
    weights = find_weights(values, filled, names, wanted=wanted / deviation, error=error / deviation)
    index = multiply(filled, weights)
    residual = round(max(1 - float(np.var(index)), 0.1) ** 0.5, 6)
    draft = OutcomeModel(terms, weights, core, expected, 0.0, residual)
    return replace(draft, threshold=_threshold(index, residual, default_rate))


def _regress(values: Floats, core: tuple[int, ...]) -> Floats:
    known = values[:, core]
    expected = np.zeros((len(core), values.shape[1]))
    for at in range(values.shape[1]):
        shown = ~np.isnan(values[:, at])
        if not shown.all():
            gram = known[shown].T @ known[shown] + 50 * np.eye(len(core))
            expected[:, at] = np.linalg.solve(gram, known[shown].T @ values[shown, at])
    return expected


def wanted_of(published: Correlations, names: list[str]) -> tuple[Floats, Floats]:
    """Return the correlation with TARGET that each term should have and its standard error, float64 (k,) each.

    The published one, shrunk; NaN for a term that is not published or lies within `CERTAIN_ERRORS` of nothing.
    """
    target = published.values[published.names.index("TARGET")]
    at = {name: position for position, name in enumerate(published.names)}
    wanted = np.array([target[at[name]] if name in at else np.nan for name in names])
    error = np.array([published.rows[at[name]] ** -0.5 if name in at else np.nan for name in names])
    certain = np.abs(wanted) >= CERTAIN_ERRORS * error
    wanted = np.where(certain, wanted, np.nan)
    return wanted * (1 - (NOISE_ERRORS * error / wanted) ** 2), error


def find_weights(values: Floats, filled: Floats, names: list[str], *, wanted: Floats, error: Floats) -> Floats:
    """Return weights (k,) with which each wanted term correlates with the index as wanted, up to the ridge.

    A term of `RISING` that would lower the risk gets none.
    """
    shown = ~np.isnan(values)
    counts = shown.sum(axis=0)
    clean = np.where(shown, values, 0.0)
    mean = clean.sum(axis=0) / counts
    deviation = np.sqrt(np.maximum((clean**2).sum(axis=0) / counts - mean**2, 1e-6))
    cross = (clean.T @ filled - mean[:, None] * (shown.T.astype(float) @ filled)) / counts[:, None] / deviation[:, None]
    weights = np.array([BEYOND.get(name, 0.0) * GAINS.get(group_of(name), 0.0) for name in names])
    rising = np.array([is_rising(name) for name in names])
    left, free = wanted - cross @ weights, ~np.isnan(wanted)
    found = np.zeros(len(names))
    while True:
        ridge = np.diag((error[free] / PRIOR_DEVIATION) ** 2)
        found[free] = np.linalg.solve(cross[np.ix_(free, free)] + ridge, left[free])
        wrong = rising & (found < 0)
        if not wrong.any():
            return np.round(weights + found, 5)
        free, found[wrong] = free & ~wrong, 0.0


def is_rising(name: str) -> bool:
    """Return whether a term says how badly a client pays; a missing flag does not."""
    return not name.endswith(MISSING) and not RISING.isdisjoint(name.split("_"))


def variances(model: OutcomeModel, filled: Floats, published: Correlations) -> dict[str, float]:
    """Return the variance of the index, and of its parts by where their weights come from."""
    names = [term.name for term in model.terms]
    by_hand = np.array([name in BEYOND for name in names])
    uncertain = np.isnan(wanted_of(published, names)[0]) & ~by_hand
    parts = {
        "index": np.ones(len(names), dtype=np.bool_),
        "terms published, two standard errors or more": ~by_hand & ~uncertain,
        "terms published, below two standard errors": uncertain,
        "terms set by hand": by_hand,
    }
    return {part: float(np.var(filled @ np.where(within, model.weights, 0.0))) for part, within in parts.items()}


def _threshold(index: Floats, residual: float, default_rate: float) -> float:
    lower, upper = -10.0, 10.0
    for _ in range(60):
        middle = (lower + upper) / 2
        if np.mean(normal_cdf((index - middle) / residual)) > default_rate:
            lower = middle
        else:
            upper = middle
    return round((lower + upper) / 2, 6)


def to_json(model: OutcomeModel) -> dict[str, Any]:
    """Return the model as the JSON that `OutcomeModel.from_json` reads."""
    terms: dict[str, Any] = {}
    for term, weight in zip(model.terms, model.weights.tolist(), strict=True):
        entry: dict[str, Any] = {"weight": weight}
        if term.labels is not None:
            entry["labels"] = dict(term.labels)
        else:
            entry["scores"] = term.scores.tolist()
        if term.knots is not None:
            entry["knots"] = term.knots.tolist()
        terms[term.name] = entry
    names = [term.name for term in model.terms]
    told = {name: model.expected[:, at].tolist() for at, name in enumerate(names) if model.expected[:, at].any()}
    core = [names[at] for at in model.core]
    return {"terms": terms, "core": core, "expected": told, "threshold": model.threshold, "residual": model.residual}


def main() -> None:
    """Draw, fit, write and say what the truth is like."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=30_000, help="a multiple of 1,000")
    arguments = parser.parse_args()

    lender, measured = build_lender(), load_measured()
    blocks = draw_reference(lender, arguments.clients)
    columns = {name: stack(blocks, name) for name in blocks[0]}
    model = fit(columns, measured, lender.facts.default_rate)
    OUT.write_text(json.dumps(to_json(model), separators=(",", ":")) + "\n", encoding="utf-8")
    probability = model.probability(columns)
    filled = fill_missing(read_terms(model.terms, columns), model.core, model.expected)
    print(f"{len(model.terms)} terms, mean {probability.mean():.4f}, ceiling {ceiling_auc(probability):.4f}, in {OUT}")
    for part, variance in variances(model, filled, measured.correlations()).items():
        print(f"variance of {part}: {variance:.3f}")


if __name__ == "__main__":
    main()

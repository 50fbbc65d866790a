"""Can a classifier tell simulated rows from real ones? Applications, and the history of each client per table.

    python benchmarks/told_from_real.py --world DIR --real DIR [--draws 3] [--seed 0]

LightGBM, 5-fold cross-validated AUC, as many simulated rows as real ones; .5 is indistinguishable. Histories are told
by aggregates per client (count; mean, least, largest and deviation of numbers; shares of categories; missing shares)
among clients with rows in the table. The clients of `clients_with_instalments.csv` are enriched in defaults: they are
left out, but for the instalments, where the simulated clients are drawn with their share of defaults. Real histories
are those of labelled clients, so the simulated ones are too. `control` is the same classifier on two halves of the real
rows.

Shares and factors inside the tables were partly measured on the same sample (`tools/measure_sample.py`, and the figures
of `loans` and `payments` that name it): the AUC is an in-sample figure, and other real rows may be told more easily.
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.csv

from solvent.training.delong import measure_auc
from solvent.world.aggregates import ClientRows
from solvent.world.drawing.marginals import Coded, Floats, Integers
from solvent.world.fidelity.folder import APPLICATION, RawFolder, labelled
from solvent.world.published import Facts, load_facts

# As in solvent.training.fitting: threads that wait by spinning slow a busy machine down ten times.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import lightgbm

GOALS = {APPLICATION: 0.70}
HISTORY_GOAL = 0.75
INSTALMENTS = "installments_payments"
HISTORIES = (
    *("bureau", "bureau_balance", "previous_application", "POS_CASH_balance", "credit_card_balance"),
    INSTALMENTS,
)
KEYS = ("SK_ID_CURR", "SK_ID_PREV", "SK_ID_BUREAU", "TARGET")
FOLDS = 5
ROUNDS = 150
PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.06,
    "num_leaves": 15,
    "min_data_in_leaf": 15,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "num_threads": 2,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
}
TELLTALES = 8


@dataclass(frozen=True)
class Rows:
    """Rows to tell apart: `values` float64 (n, k) by `names`, NaN where missing; `defaulted` NaN where unknown."""

    names: tuple[str, ...]
    values: Floats
    defaulted: Floats

    def take(self, rows: npt.NDArray[np.int64]) -> "Rows":
        """Return these rows."""
        return Rows(self.names, self.values[rows], self.defaulted[rows])


@dataclass(frozen=True)
class Told:
    """How well one side is told from the other, and the columns that do it, with their share of the gain."""

    auc: float
    telltales: tuple[tuple[str, float], ...]


def read_applications(folder: RawFolder, facts: Facts, labels: dict[str, list[str]]) -> Rows:
    """Return the raw columns; a category is its position in `labels`, to which new ones are added."""
    columns = {}
    for name, _ in facts.columns[APPLICATION]:
        if name not in KEYS:
            column = folder.column(APPLICATION, name)
            columns[name] = _coded(column, labels.setdefault(name, [])) if isinstance(column, Coded) else column
    return Rows(tuple(columns), np.column_stack(list(columns.values())), folder.numbers(APPLICATION, "TARGET"))


def _coded(column: Coded, known: list[str]) -> Floats:
    known.extend(label for label in column.labels if label not in known)
    place = np.array([known.index(label) for label in column.labels] or [0], dtype=np.float64)
    return np.where(column.codes < 0, np.nan, place[column.codes])


def read_history(folder: RawFolder, table: str, facts: Facts) -> Rows:
    """Return generic aggregates of the clients that have rows in the table."""
    rows = ClientRows(folder.owner(table), folder.clients)
    columns = {"count": rows.count()}
    for name, _ in facts.columns[table]:
        if name in KEYS:
            continue
        column = folder.column(table, name)
        if isinstance(column, Coded):
            columns[f"{name} missing"] = rows.share(column.codes < 0)
            columns |= {f"{name} = {label}": rows.share(column.equals(label)) for label in sorted(column.labels)}
        else:
            columns |= {f"{name} {what}": values for what, values in _statistics(rows, np.asarray(column, np.float64))}
    target = np.full(folder.clients, np.nan)
    target[folder.rows_of_applications()] = folder.numbers(APPLICATION, "TARGET")
    there = np.flatnonzero(~np.isnan(columns["count"]))
    return Rows(tuple(columns), np.column_stack(list(columns.values())), target).take(there)


def _statistics(rows: ClientRows, values: Floats) -> Iterator[tuple[str, Floats]]:
    mean = rows.mean(values)
    yield "mean", mean
    yield "max", rows.largest(values)
    yield "min", -rows.largest(-values)
    yield "std", np.sqrt(rows.mean((values - mean[rows.owner]) ** 2))
    yield "missing", rows.share(np.isnan(values))


def align(left: Rows, right: Rows) -> tuple[Rows, Rows]:
    """Give both sides the columns of either; a share of a category that one side never shows is 0 there."""
    names = tuple(dict.fromkeys((*left.names, *right.names)))
    return _with(left, names), _with(right, names)


def _with(rows: Rows, names: tuple[str, ...]) -> Rows:
    at = {name: position for position, name in enumerate(rows.names)}
    columns = [rows.values[:, at[name]] if name in at else np.zeros(len(rows.values)) for name in names]
    return Rows(names, np.column_stack(columns), rows.defaulted)


def tell_apart(left: Rows, right: Rows, *, seed: int) -> Told:
    """Cross-validate the classifier of left (0) against right (1), which have the same columns."""
    values = np.concatenate([left.values, right.values])
    side = np.repeat([0.0, 1.0], [len(left.values), len(right.values)])
    fold = np.random.default_rng(seed).permutation(len(side)) % FOLDS
    scores, gains = np.empty(len(side)), np.zeros(len(left.names))
    for number in range(FOLDS):
        held = fold == number
        rows = lightgbm.Dataset(values[~held], side[~held])
        booster = lightgbm.train({**PARAMETERS, "seed": seed}, rows, num_boost_round=ROUNDS)
        scores[held] = booster.predict(values[held])
        gains += booster.feature_importance("gain")
    order = np.argsort(-gains)[:TELLTALES]
    telltales = tuple((left.names[at], float(gains[at] / max(gains.sum(), 1e-9))) for at in order)
    return Told(auc_of(scores, side), telltales)


def auc_of(scores: Floats, side: Floats) -> float:
    """Return the chance that a row of side 1 outscores one of side 0, both (n,); equal scores count a half."""
    return measure_auc(scores, side).value


def draw_like(simulated: Rows, real: Rows, *, seed: int) -> Rows:
    """Draw as many simulated rows as real ones, without replacement."""
    generator = np.random.default_rng(seed)
    return simulated.take(generator.permutation(len(simulated.values))[: len(real.values)])


def draw_with_default_share(simulated: Rows, real: Rows, *, seed: int) -> Rows:
    """Draw as many simulated rows as real ones with the real number of defaults; rows of unknown outcome stay out."""
    generator = np.random.default_rng(seed)
    chosen = []
    for outcome in (0.0, 1.0):
        rows = np.flatnonzero(simulated.defaulted == outcome)
        chosen.append(generator.permutation(rows)[: int(np.sum(real.defaulted == outcome))])
    return simulated.take(np.concatenate(chosen))


def _enriched(real: Path) -> Integers:
    listed = pyarrow.csv.read_csv(real / "clients_with_instalments.csv")
    return np.asarray(listed["SK_ID_CURR"], dtype=np.int64)


def _pairs(world: Path, real: Path) -> Iterator[tuple[str, Rows, Rows]]:
    facts, labels = load_facts(), dict[str, list[str]]()
    enriched, everybody = _enriched(real), RawFolder(real, facts).client_keys
    plain = RawFolder(real, facts, clients=np.setdiff1d(everybody, enriched))
    simulated, labelled_world = RawFolder(world, facts), labelled(world, facts)
    yield APPLICATION, read_applications(plain, facts, labels), read_applications(simulated, facts, labels)
    for table in HISTORIES:
        source = RawFolder(real, facts, clients=enriched) if table == INSTALMENTS else plain
        yield table, read_history(source, table, facts), read_history(labelled_world, table, facts)


def main() -> None:
    """Tell every table apart and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path, required=True, help="folder of a simulated world")
    parser.add_argument("--real", type=Path, required=True, help="folder of the real sample")
    parser.add_argument("--draws", type=int, default=3, help="how many draws of simulated rows to average over")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    print(f"{'table':24}{'rows':>7}{'AUC':>8}{'goal':>7}{'control':>9}   what tells (share of gain)")
    for table, one, other in _pairs(arguments.world, arguments.real):
        real, simulated = align(one, other)
        draw = draw_with_default_share if table == INSTALMENTS else draw_like
        seeds = range(arguments.seed, arguments.seed + arguments.draws)
        told = [tell_apart(real, draw(simulated, real, seed=seed), seed=seed) for seed in seeds]
        halves = []
        for seed in seeds:
            mixed = np.random.default_rng(seed).permutation(len(real.values))
            left, right = (real.take(half) for half in np.array_split(mixed, 2))
            halves.append(tell_apart(left, right, seed=seed).auc)
        auc, goal = float(np.mean([one.auc for one in told])), GOALS.get(table, HISTORY_GOAL)
        shown = ", ".join(f"{name} {share:.0%}" for name, share in told[0].telltales)
        print(f"{table:24}{len(real.values):7d}{auc:8.3f}{goal:7.2f}{np.mean(halves):9.3f}   {shown}", flush=True)
    print("in-sample: parts of the world were measured on the same real rows")


if __name__ == "__main__":
    main()

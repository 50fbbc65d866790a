"""History rows that belong to owners: how many each has, and what a row's place among them is."""

from dataclasses import dataclass

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Flags, Floats, Integers
from solvent.world.drawing.sentinels import MISSING_LABEL


@dataclass(frozen=True, slots=True)
class Rows:
    """m rows in owner order: `owner` int64 (m,), `position` int64 (m,) from 0 within the owner, `count` per owner."""

    owner: Integers
    position: Integers
    count: Integers


def rows_of(counts: Integers) -> Rows:
    """Return the rows of owners that have these many."""
    counts = counts.astype(np.int64)
    owner = np.repeat(np.arange(counts.shape[0], dtype=np.int64), counts)
    starts = np.cumsum(counts) - counts
    return Rows(owner, np.arange(owner.shape[0], dtype=np.int64) - starts[owner], counts)


def rank_within(rows: Rows, key: Floats) -> Integers:
    """Return the rank of each row's key among the rows of its owner, int64 (m,), 0 for the smallest."""
    ranks = np.empty(key.shape[0], dtype=np.int64)
    ranks[np.lexsort((key, rows.owner))] = rows.position
    return ranks


def sum_within(rows: Rows, values: Floats) -> Floats:
    """Return the sum of values per owner, float64 (owners,)."""
    return np.bincount(rows.owner, weights=values, minlength=rows.count.shape[0]).astype(np.float64)


def round_randomly(values: Floats, draws: Draws) -> Integers:
    """Round each value up or down so that the expectation stays."""
    return np.floor(values + draws.uniform(values.shape[0])).astype(np.int64)


def choose(shares: dict[str, float], size: int, draws: Draws) -> Coded:
    """Draw a text column of this size with the given shares; the label `__missing__` becomes missing."""
    return choose_at(shares, draws.uniform(size))


def choose_at(shares: dict[str, float], place: Floats) -> Coded:
    """Return the labels at these places, between 0 and 1, of the cumulated shares; `__missing__` becomes missing."""
    labels = tuple(label for label in shares if label != MISSING_LABEL)
    edges = np.cumsum([shares[label] for label in labels])
    total = sum(shares.values())
    codes = np.searchsorted(edges / total, place, side="right").astype(np.int64)
    return Coded(np.where(codes >= len(labels), -1, codes), labels)


def choose_by(group: Coded, shares: dict[str, dict[str, float]], place: Floats) -> Coded:
    """Return the labels at these places, between 0 and 1, of the cumulated shares of the row's group."""
    labels = tuple(dict.fromkeys(label for part in shares.values() for label in part if label != MISSING_LABEL))
    codes = np.full(group.codes.shape[0], -1, dtype=np.int64)
    for name, part in shares.items():
        rows: Flags = group.equals(name)
        drawn = choose_at(part, place[rows])
        position = np.array([labels.index(label) for label in drawn.labels] + [-1], dtype=np.int64)
        codes[rows] = position[drawn.codes]
    return Coded(codes, labels)

"""TreeSHAP for one row at a time, from tables made once per model: about a fifth of the time that LightGBM takes.

The path-dependent Shapley values of a tree ensemble (Lundberg et al. 2020, algorithm 2) are those of one game per leaf:
a coalition S of features gets `value * product over its path's features of (f in S ? o_f : z_f)`, where o_f is 1 if the
row goes the leaf's way at every split on f, else 0, and z_f is the product of the shares of training rows that went
that way. By Owen's multilinear extension (Owen 1972) the contribution of feature i is

    value * (o_i - z_i) * integral from 0 to 1 of product over j != i of (z_j + t * (o_j - z_j)) dt,

a polynomial of degree d - 1 for d features, which Gauss and Legendre's rule with d / 2 nodes integrates exactly. All
that the row decides is which way it goes at each split. So leaves are gathered in groups that hang on at most 8 splits,
and the sum of their games is tabulated for every pattern of 8 decisions; deeper leaves are integrated when needed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from solvent.scoring.trees import Splits, Tree, children, read_trees

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

WIDTH = 8
"""Splits, and so features, of a group: its pattern is one byte, a row of its table one cache line."""
MAX_TABLE_BYTES = 64 * 2**20
"""460 trees of 24 leaves take 28 MB."""
MAX_DEEP_LEAVES = 2_000
"""A thousand of them take about as long as all groups."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A leaf and its way: splits (as `Splits` numbers them), whether the way goes left there, features, shares."""

    value: float
    splits: tuple[int, ...]
    is_left: tuple[bool, ...]
    features: tuple[int, ...]
    shares: tuple[float, ...]

    def by_feature(self) -> dict[int, list[int]]:
        """Positions on the way at which each feature is asked."""
        positions: dict[int, list[int]] = {}
        for position, feature in enumerate(self.features):
            positions.setdefault(feature, []).append(position)
        return positions

    def expected(self) -> list[float]:
        """For each of its features the product of its shares: z in the formula."""
        return [float(np.prod([self.shares[one] for one in where])) for where in self.by_feature().values()]


class TreeContributions:
    """Contributions of each feature to the raw score of one row; it holds no state between calls.

    Raises:
        ValueError: the tables would be too large, or the model has a form that they do not cover.
    """

    def __init__(self, model_text: str, *, features: int) -> None:
        trees = list(read_trees(model_text))
        self._features = features
        self._splits = Splits(trees)
        leaves = list(_find_leaves(trees))
        if any(share <= 0.0 for leaf in leaves for share in leaf.shares):
            raise ValueError("a leaf without rows")
        deep = [leaf for leaf in leaves if len(leaf.splits) > WIDTH]
        groups = _gather([leaf for leaf in leaves if len(leaf.splits) <= WIDTH])
        rows = sum(2 ** len(_splits_of(group)) for group in groups)
        if rows * WIDTH * 8 > MAX_TABLE_BYTES or len(deep) > MAX_DEEP_LEAVES:
            raise ValueError("the tables would be too large")
        self._tables = _GroupTables(groups, rows=rows, blank_split=self._splits.feature.size, blank_feature=features)
        self._deep = _DeepLeaves(deep, blank_feature=features) if deep else None

    def explain(self, row: Floats) -> Floats:
        """Contributions in log-odds of one row of shape (features,), without the expected value; same shape."""
        left = self._splits.go_left(row)
        contributions = self._tables.add_up(left)
        if self._deep is not None:
            contributions += self._deep.add_up(left)
        return contributions[: self._features]


def _find_leaves(trees: Sequence[Tree]) -> Iterator[_Leaf]:
    first = 0
    for tree in trees:
        stack: list[tuple[int, tuple[tuple[int, bool, int, float], ...]]] = [(0, ())]
        while stack:
            place, way = stack.pop()
            if place < 0:
                splits, is_left, features, shares = zip(*way, strict=True)
                yield _Leaf(tree.leaf_value[-1 - place], splits, is_left, features, shares)
                continue
            for following, goes_left, share in children(tree, place):
                stack.append((following, (*way, (first + place, goes_left, tree.feature[place], share))))
        first += len(tree.feature)


def _splits_of(group: Sequence[_Leaf]) -> list[int]:
    return sorted({split for leaf in group for split in leaf.splits})


def _gather(leaves: Sequence[_Leaf]) -> list[list[_Leaf]]:
    """Put neighbours together as long as they hang on few splits."""
    groups: list[list[_Leaf]] = []
    splits: set[int] = set()
    for leaf in leaves:
        together = splits | set(leaf.splits)
        if not groups or len(together) > WIDTH or splits.isdisjoint(leaf.splits):
            groups.append([])
            together = set(leaf.splits)
        groups[-1].append(leaf)
        splits = together
    return groups


class _GroupTables:
    """For each group and each pattern of its splits the contributions of its features."""

    def __init__(self, groups: Sequence[Sequence[_Leaf]], *, rows: int, blank_split: int, blank_feature: int) -> None:
        self._splits: Positions = np.full((len(groups), WIDTH), blank_split)
        self._first_row: Positions = np.zeros(len(groups), dtype=np.intp)
        self._table: Floats = np.zeros((rows, WIDTH))
        self._slots: Positions = np.full((len(groups), WIDTH), blank_feature)
        self._size = blank_feature + 1
        row = 0
        for number, group in enumerate(groups):
            splits = _splits_of(group)
            features = sorted({feature for leaf in group for feature in leaf.features})
            self._splits[number, : len(splits)] = splits
            self._slots[number, : len(features)] = features
            self._first_row[number] = row
            for leaf in group:
                self._add_leaf(leaf, splits, features, row)
            row += 2 ** len(splits)

    def _add_leaf(self, leaf: _Leaf, splits: Sequence[int], features: Sequence[int], row: int) -> None:
        by_feature = leaf.by_feature()
        bits = [1 << splits.index(split) for split in leaf.splits]
        asked = np.array([sum(bits[one] for one in where) for where in by_feature.values()])
        wanted = np.array([sum(bits[one] for one in where if leaf.is_left[one]) for where in by_feature.values()])
        patterns = np.arange(2 ** len(splits))[:, None]
        goes_along = ((patterns & asked) == wanted) @ (1 << np.arange(len(by_feature)))
        columns = [features.index(feature) for feature in by_feature]
        games = _play(leaf.value, np.array(leaf.expected()))
        self._table[row : row + len(patterns), columns] += games[goes_along]

    def add_up(self, left: npt.NDArray[np.bool_]) -> Floats:
        """Contributions by feature, the last of them always 0."""
        patterns = np.packbits(left[self._splits], axis=1, bitorder="little")[:, 0]
        weights = self._table[self._first_row + patterns]
        return _add_by_slot(weights, self._slots, self._size)


def _play(value: float, expected: Floats) -> Floats:
    """Contributions in a leaf's game: shape (2 ** features, features), by the pattern of features that go along."""
    bits = np.arange(expected.size)[:, None]
    along = (np.arange(2**expected.size) >> bits & 1).astype(np.float64)
    return value * _integrate(along, expected[:, None]).T


def _integrate(along: Floats, expected: Floats) -> Floats:
    """The formula of this module without the leaf's value: arguments and result of shape (features, games)."""
    nodes, weights = _gauss_legendre((len(along) + 1) // 2)
    gained = along - expected
    integral = np.zeros(along.shape)
    for node, weight in zip(nodes, weights, strict=True):
        factors = expected + node * gained
        integral += weight * factors.prod(axis=0) / factors
    return gained * integral


@cache
def _gauss_legendre(count: int) -> tuple[Floats, Floats]:
    """Nodes and weights on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1.0) / 2.0, weights / 2.0


def _add_by_slot(weights: Floats, slots: Positions, size: int) -> Floats:
    return np.asarray(np.bincount(slots.ravel(), weights.ravel(), minlength=size), dtype=np.float64)


class _DeepLeaves:
    """Leaves on longer ways than a table can hold."""

    def __init__(self, leaves: Sequence[_Leaf], *, blank_feature: int) -> None:
        shape = (max(len(leaf.by_feature()) for leaf in leaves), len(leaves))
        self._expected: Floats = np.ones(shape)
        self._slots: Positions = np.full(shape, blank_feature)
        self._size = blank_feature + 1
        self._values: Floats = np.array([leaf.value for leaf in leaves])
        splits: list[int] = []
        wanted: list[bool] = []
        starts: list[int] = []
        places: list[int] = []
        for number, leaf in enumerate(leaves):
            by_feature = leaf.by_feature()
            self._expected[: len(by_feature), number] = leaf.expected()
            self._slots[: len(by_feature), number] = list(by_feature)
            for line, where in enumerate(by_feature.values()):
                starts.append(len(splits))
                places.append(line * shape[1] + number)
                splits.extend(leaf.splits[one] for one in where)
                wanted.extend(leaf.is_left[one] for one in where)
        self._splits: Positions = np.array(splits)
        self._wanted = np.array(wanted)
        self._starts: Positions = np.array(starts)
        self._places: Positions = np.array(places)

    def add_up(self, left: npt.NDArray[np.bool_]) -> Floats:
        """Contributions by feature, the last of them always 0."""
        along = np.ones(self._expected.shape)
        along.ravel()[self._places] = np.logical_and.reduceat(left[self._splits] == self._wanted, self._starts)
        weights = self._values * _integrate(along, self._expected)
        return _add_by_slot(weights, self._slots, self._size)

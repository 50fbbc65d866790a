"""The trees of a LightGBM model, read from its text: what each node asks, and how often training rows came by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]

_ZERO = float(np.float32(1e-35))
"""LightGBM's kZeroThreshold: up to here a number counts as zero."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree with at least one split: arrays over its splits, and over its leaves.

    `left`, `right`: the next split, or -1 - the leaf. `kind`: LightGBM's decision type (bit 0: a category; bit 1:
    missing goes left; bits 2 and 3: missing is nothing, zero or NaN). `categories`: those that go left, by split.
    """

    feature: Sequence[int]
    threshold: Sequence[float]
    kind: Sequence[int]
    left: Sequence[int]
    right: Sequence[int]
    rows: Sequence[float]
    leaf_rows: Sequence[float]
    leaf_value: Sequence[float]
    categories: Mapping[int, Sequence[int]]


def read_trees(model_text: str) -> Iterator[Tree]:
    """Read the trees of a text that LightGBM has accepted, those without a split left out.

    Raises:
        KeyError, ValueError: a tree has another form than that of LightGBM 4, or linear leaves.
    """
    head, *blocks = model_text.partition("end of trees")[0].split("\nTree=")
    if "num_tree_per_iteration=1\n" not in head:
        raise ValueError("more than one tree per round")
    for block in blocks:
        stored = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if stored.get("is_linear", "0") != "0":
            raise ValueError("linear leaves")
        if int(stored["num_leaves"]) > 1:
            yield _read_tree(stored)


def _read_tree(stored: Mapping[str, str]) -> Tree:
    def integers(name: str) -> list[int]:
        return [int(item) for item in stored[name].split()]

    def numbers(name: str) -> list[float]:
        return [float(item) for item in stored[name].split()]

    kind, threshold = integers("decision_type"), numbers("threshold")
    categories: dict[int, list[int]] = {}
    for split in (split for split, one in enumerate(kind) if one & 1):
        bounds, words = integers("cat_boundaries"), integers("cat_threshold")
        own = words[bounds[int(threshold[split])] : bounds[int(threshold[split]) + 1]]
        categories[split] = [code for code in range(32 * len(own)) if own[code // 32] >> (code % 32) & 1]
    return Tree(
        feature=integers("split_feature"),
        threshold=threshold,
        kind=kind,
        left=integers("left_child"),
        right=integers("right_child"),
        rows=numbers("internal_count"),
        leaf_rows=numbers("leaf_count"),
        leaf_value=numbers("leaf_value"),
        categories=categories,
    )


class Splits:
    """All splits of many trees, tree by tree; decides for one row at once which way it goes at each of them."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        kind = np.array([one for tree in trees for one in tree.kind], dtype=np.int64)
        missing_is = kind >> 2
        default_left = (kind & 2) > 0
        self.feature = np.array([one for tree in trees for one in tree.feature], dtype=np.intp)
        self._threshold = np.array([one for tree in trees for one in tree.threshold])
        # Where NaN is no value of its own it counts as zero.
        self._nan_goes_left = np.where(missing_is == 0, self._threshold >= 0.0, default_left)
        self._zeros = np.flatnonzero((missing_is == 1) & (kind & 1 == 0))
        self._zero_goes_left = default_left[self._zeros]
        self._categorical = np.flatnonzero(kind & 1)
        self._in_left = _tabulate([tree.categories[split] for tree in trees for split in sorted(tree.categories)])

    def go_left(self, row: npt.NDArray[np.float64]) -> Flags:
        """Decide like LightGBM (`Tree::NumericalDecision`, `Tree::CategoricalDecision`).

        Args:
            row: float64 of shape (features,), NaN where missing.

        Returns:
            shape (splits + 1,): whether the row goes left; the last is always False.
        """
        # LightGBM leaves numbers this small out of the row that it walks with.
        row = np.where(np.abs(row) <= _ZERO, 0.0, row)
        values = row[self.feature]
        left = np.zeros(values.size + 1, dtype=np.bool_)
        decided = left[:-1]
        np.less_equal(values, self._threshold, out=decided)
        decided |= np.isnan(row)[self.feature] & self._nan_goes_left
        if self._zeros.size:
            zero = values[self._zeros] == 0.0
            decided[self._zeros[zero]] = self._zero_goes_left[zero]
        if self._categorical.size:
            codes = values[self._categorical]
            known = (codes > -1.0) & (codes < self._in_left.shape[1])
            codes = np.where(known, codes, 0.0).astype(np.intp)
            decided[self._categorical] = known & self._in_left[np.arange(codes.size), codes]
        return left


def _tabulate(categories: Sequence[Sequence[int]]) -> Flags:
    width = max((codes[-1] + 1 for codes in categories if codes), default=1)
    table = np.zeros((len(categories), width), dtype=np.bool_)
    for split, codes in enumerate(categories):
        table[split, list(codes)] = True
    return table


def children(tree: Tree, split: int) -> tuple[tuple[int, bool, float], ...]:
    """The two ways on from a split: what comes next, whether that is left, and the share of rows that went there."""
    ways: list[tuple[int, bool, float]] = []
    for is_left, following in ((True, tree.left[split]), (False, tree.right[split])):
        rows: Any = tree.rows[following] if following >= 0 else tree.leaf_rows[-1 - following]
        ways.append((following, is_left, rows / tree.rows[split]))
    return tuple(ways)

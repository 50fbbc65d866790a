"""The distribution of one column on its own: from a standard normal latent to raw values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from solvent.world.drawing.normal import FARTHEST, interval_means, normal_density, normal_quantile

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Coded:
    """A text column of n rows: `codes` int64 (n,) index `labels`; -1 is missing."""

    codes: Integers
    labels: tuple[str, ...]

    def equals(self, *labels: str) -> Flags:
        """Return a flag per row: its text is one of `labels`."""
        wanted = [position for position, label in enumerate(self.labels) if label in labels]
        return np.isin(self.codes, wanted)

    def hidden(self, where: Flags) -> Self:
        """Return the column with the rows of `where` missing."""
        return type(self)(np.where(where, -1, self.codes), self.labels)


Column = Floats | Integers | Coded
Table = dict[str, Column]


def numbers(table: Table, name: str) -> Floats:
    """Return a number column of the table, float64 (n,).

    Raises:
        TypeError: the column holds text.
    """
    column = table[name]
    if isinstance(column, Coded):
        raise TypeError(f"{name} is a text column")
    return np.asarray(column, dtype=np.float64)


def ratio(table: Table, upper: str, lower: str) -> Floats:
    """Return one number column over another, float64 (n,), NaN where the lower one is not above 0."""
    below = numbers(table, lower)
    return numbers(table, upper) / np.where(below > 0, below, np.nan)


def texts(table: Table, name: str) -> Coded:
    """Return a text column of the table.

    Raises:
        TypeError: the column holds numbers.
    """
    column = table[name]
    if not isinstance(column, Coded):
        raise TypeError(f"{name} is a number column")
    return column


@dataclass(frozen=True, slots=True)
class Marginal:
    """One column's distribution.

    `edges` are z values. For a discrete column, value k lies between edges k and k + 1. For a continuous one `values`
    are the quantiles at the edges, with linear steps between them; two edges with one value are a spike.
    """

    edges: Floats
    values: tuple[Any, ...]
    discrete: bool
    integer: bool
    missing: float

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Build the distribution from one entry of `marginals.json`."""
        missing = float(facts["missing"])
        if "values" in facts:
            return cls(share_edges(facts["shares"]), tuple(facts["values"]), True, False, missing)  # noqa: FBT003
        return cls(normal_quantile(facts["p"]), tuple(facts["x"]), False, bool(facts["integer"]), missing)  # noqa: FBT003

    def codes(self, latent: Floats) -> Integers:
        """Return the position in `values` of each row of a discrete column, int64 (n,)."""
        return np.searchsorted(self.edges[1:-1], latent).astype(np.int64)

    def draw(self, latent: Floats) -> Floats:
        """Return the number that each latent stands for, float64 (n,)."""
        if self.discrete:
            return np.asarray(self.values, dtype=np.float64)[self.codes(latent)]
        drawn = np.interp(latent, self.edges, np.asarray(self.values, dtype=np.float64))
        return np.rint(drawn) if self.integer else drawn

    def texts(self, latent: Floats) -> Coded:
        """Return the category that each latent stands for."""
        return Coded(self.codes(latent), tuple(str(value) for value in self.values))

    def ties(self) -> tuple[Floats, Floats]:
        """Return lower and upper z of the intervals in which every latent shows the same value."""
        if self.discrete:
            return self.edges[:-1], self.edges[1:]
        same = np.diff(np.asarray(self.values, dtype=np.float64)) == 0
        return self.edges[:-1][same], self.edges[1:][same]

    @property
    def tie_mass(self) -> Floats:
        """Share of each interval of `ties`, float64 (k,)."""
        return interval_means(*self.ties())[1]

    @property
    def visible_mass(self) -> Floats:
        """Share of each value of a discrete column, float64 (k,)."""
        return interval_means(self.edges[:-1], self.edges[1:])[1]

    def visible(self, latent: Floats) -> Floats:
        """Return what a reader of the column can know of the latent: inside a tie, the mean of the tie."""
        lower, upper = self.ties()
        if not lower.size:
            return latent
        means, _ = interval_means(lower, upper)
        at = np.clip(np.searchsorted(lower, latent, side="right") - 1, 0, lower.size - 1)
        inside = (latent >= lower[at]) & (latent <= upper[at])
        return np.where(inside, means[at], latent)


def share_edges(shares: list[float]) -> Floats:
    """Return the k + 1 z edges that cut a standard normal into intervals of these k shares."""
    cumulated = np.concatenate([[0.0], np.cumsum(shares)])
    edges = normal_quantile(cumulated / cumulated[-1])
    edges[0], edges[-1] = -2 * FARTHEST, 2 * FARTHEST
    return edges


def binary_marginal(share: float) -> Marginal:
    """Return the distribution of a flag that is 1 for this share, for the high latents."""
    return Marginal(share_edges([1 - share, share]), (0, 1), True, False, 0.0)  # noqa: FBT003


def visible_deviation(marginal: Marginal) -> float:
    """Return the standard deviation of the visible part of a standard normal latent, between 0 and 1.

    It is also the correlation of latent and visible part, so a correlation measured on visible parts divided by it
    (for a flag: times sqrt(p (1 - p)) / density(quantile(p))) is the one of the latents.
    """
    lower, upper = marginal.ties()
    if not lower.size:
        return 1.0
    means, mass = interval_means(lower, upper)
    cut_lower, cut_upper = np.maximum(lower, -2 * FARTHEST), np.minimum(upper, 2 * FARTHEST)
    density_lower, density_upper = normal_density(cut_lower), normal_density(cut_upper)
    second_moment = mass + cut_lower * density_lower - cut_upper * density_upper
    return float(np.sqrt(max(1.0 - float(np.sum(second_moment - mass * means**2)), 1e-6)))

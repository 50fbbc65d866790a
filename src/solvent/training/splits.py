"""Divides clients into disjoint parts, one for each thing that is learnt or measured."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from solvent.features.matrix import FeatureMatrix

SHARES = {"fit": 0.38, "stopping": 0.07, "calibration": 0.24, "threshold": 0.16, "test": 0.15}
"""Share of the clients of each class in each part.

Calibration and threshold take 40 %, and cost the model little: trees grow on two thirds of those rows to score the
other third, and on all of them in the end.
"""
FOLDS = 3

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Splits:
    """The labelled clients in five parts that share nobody, as positions in one matrix.

    `fit`: features and settings are chosen on it, and every model grows on it. `stopping`: ends the growth.
    `calibration`: turns scores into probabilities. `threshold`: chooses the threshold. `test`: nothing is fitted or
    chosen on it, every reported figure comes from it. `folds`: of each client the number of the fold in which the rows
    of calibration and threshold are scored by a model that did not grow on them, -1 in the other parts.
    """

    matrix: FeatureMatrix
    fit: Positions
    stopping: Positions
    calibration: Positions
    threshold: Positions
    test: Positions
    folds: npt.NDArray[np.int8]

    @property
    def grown(self) -> Positions:
        """All but the test rows, in the order of the matrix."""
        return np.sort(np.concatenate([self.fit, self.stopping, self.calibration, self.threshold]))

    @property
    def crossed(self) -> Positions:
        """The rows of calibration and threshold, in the order of the matrix."""
        return np.flatnonzero(self.folds >= 0)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Rows and defaults of each part."""
        parts = {name: getattr(self, name) for name in SHARES}
        return {
            name: {"rows": len(part), "defaults": int(self.matrix.target[part].sum())} for name, part in parts.items()
        }

    def rows(self, part: Positions) -> FeatureMatrix:
        """The rows at these positions."""
        return self.matrix.rows(part)

    def fold_rows(self, fold: int) -> tuple[Positions, Positions]:
        """What the trees of a fold grow on, and what they score: positions, ascending."""
        scored = self.folds == fold
        others = (self.folds >= 0) & ~scored
        return np.sort(np.concatenate([self.fit, np.flatnonzero(others)])), np.flatnonzero(scored)

    def keep(self, names: tuple[str, ...]) -> "Splits":
        """The same clients in the same parts, with these features only."""
        parts = {one.name: getattr(self, one.name) for one in fields(self)}
        return Splits(**{**parts, "matrix": self.matrix.keep(names)})


def split_clients(matrix: FeatureMatrix, *, seed: int) -> Splits:
    """Divide labelled clients by `SHARES`, in each class of the target alike; a matrix holds one row per client.

    Clients of a class are ranked by a hash of their id and the seed and cut at the shares, so the order of the rows
    has no say; when clients are added, only those near a cut change their part.
    """
    everyone = np.arange(len(matrix))
    cuts = np.cumsum(list(SHARES.values()))[:-1]
    part = np.searchsorted(cuts, _rank_in_class(matrix, everyone, seed=seed))
    parts = {name: np.flatnonzero(part == number) for number, name in enumerate(SHARES)}
    folds = np.full(len(matrix), -1, dtype=np.int8)
    for name in ("calibration", "threshold"):
        ranks = _rank_in_class(matrix, parts[name], seed=seed + 1)
        folds[parts[name]] = np.minimum(ranks * FOLDS, FOLDS - 1).astype(np.int8)
    return Splits(matrix, folds=folds, **parts)


def hash_clients(client_ids: npt.NDArray[np.int64], *, seed: int) -> npt.NDArray[np.uint64]:
    """Hash each client with the finaliser of SplitMix64 (Steele, Lea, Flood 2014): no two clients share a hash."""
    state = client_ids.astype(np.uint64) + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 % 2**64)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: npt.NDArray[np.uint64] = state ^ (state >> np.uint64(31))
    return mixed


def draw_share(client_ids: npt.NDArray[np.int64], share: float, *, seed: int) -> npt.NDArray[np.bool_]:
    """Mark about this share of clients, by a hash of their id and the seed; a larger share marks them too."""
    return np.asarray(hash_clients(client_ids, seed=seed) < np.uint64(share * 2.0**64))


def _rank_in_class(matrix: FeatureMatrix, rows: Positions, *, seed: int) -> npt.NDArray[np.float64]:
    """The place of each of these rows in its class, in (0, 1), by the hash of the client."""
    ranks = np.empty(len(rows))
    target, hashes = matrix.target[rows], hash_clients(matrix.client_ids[rows], seed=seed)
    for label in np.unique(target):
        members = np.flatnonzero(target == label)
        ranks[members[np.argsort(hashes[members])]] = (np.arange(len(members)) + 0.5) / len(members)
    return ranks

"""Divides clients into disjoint parts, one for each thing that is learnt or measured."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from solvent.features.matrix import FeatureMatrix

SHARES = {"fit": 0.51, "stopping": 0.09, "calibration": 0.15, "threshold": 0.10, "test": 0.15}
"""Share of the clients of each class in each part: 60 % for the booster, of which a part decides when to stop."""


@dataclass(frozen=True)
class Splits:
    """The labelled clients in five parts that share nobody.

    `fit`: the trees grow on it. `stopping`: ends their growth. `calibration`: turns scores into probabilities.
    `threshold`: chooses the threshold. `test`: nothing is chosen on it, every reported figure comes from it.
    """

    fit: FeatureMatrix
    stopping: FeatureMatrix
    calibration: FeatureMatrix
    threshold: FeatureMatrix
    test: FeatureMatrix

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Rows and defaults of each part."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: {"rows": len(part), "defaults": int(part.target.sum())} for name, part in parts.items()}


def split_clients(matrix: FeatureMatrix, *, seed: int) -> Splits:
    """Divide labelled clients by `SHARES`, in each class of the target alike.

    Clients of a class are ranked by a hash of their id and the seed and cut at the shares, so the order of the rows
    has no say; when clients are added, only those near a cut change their part.
    """
    ranks = np.empty(len(matrix))
    hashes = hash_clients(matrix.client_ids, seed=seed)
    for label in np.unique(matrix.target):
        members = np.flatnonzero(matrix.target == label)
        ranks[members[np.argsort(hashes[members])]] = (np.arange(len(members)) + 0.5) / len(members)
    cuts = np.cumsum(list(SHARES.values()))[:-1]
    part = np.searchsorted(cuts, ranks)
    return Splits(*(matrix.rows(part == number) for number in range(len(SHARES))))


def hash_clients(client_ids: npt.NDArray[np.int64], *, seed: int) -> npt.NDArray[np.uint64]:
    """Hash each client with the finaliser of SplitMix64 (Steele, Lea, Flood 2014): no two clients share a hash."""
    state = client_ids.astype(np.uint64) + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 % 2**64)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: npt.NDArray[np.uint64] = state ^ (state >> np.uint64(31))
    return mixed

"""The profile of a bundle, read back: the bins that monitoring counts decisions in, and what they held in training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from solvent.bundle.files import PROFILE_FILE, Bundle
from solvent.bundle.reference import PROBABILITY, SCORE
from solvent.errors import BundleError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bins:
    """Bins of one feature or score.

    `edges`: ascending, float64 (bins - 1,); bin i holds what lies above edge i-1 and up to edge i. `shares`: of the
    reference, float64 (bins + 1,), those of the bins and last that of missing values. `categories`: the values behind
    the codes of a category feature, empty for a number.
    """

    edges: Floats
    shares: Floats
    categories: tuple[str, ...] = ()

    @property
    def missing(self) -> float:
        """Share of missing values in the reference."""
        return float(self.shares[-1])

    def count(self, values: npt.NDArray[np.floating[Any]]) -> Integers:
        """Count values of shape (rows,) in the bins, missing ones last: int64 (bins + 1,)."""
        counts = np.bincount(np.searchsorted(self.edges, values), minlength=len(self.edges) + 2).astype(np.int64)
        missing = int(np.isnan(values).sum())
        counts[-2] -= missing  # searchsorted puts NaN behind every edge, with the last bin
        counts[-1] = missing
        return counts


@dataclass(frozen=True)
class Profile:
    """What normal is: `rows` that no tree was grown on.

    `features` in the order of the program, `importances` their shares of the model's gain, float64 (features,).
    `thin_files`: share of clients without any history.
    """

    rows: int
    thin_files: float
    features: Mapping[str, Bins]
    importances: Floats
    score: Bins
    probability: Bins


def read_profile(bundle: Bundle) -> Profile:
    """Read the profile of a checked bundle.

    Raises:
        BundleError: the bundle has none, or one of an older version.
    """
    try:
        return parse_profile(bundle.profile, bundle.program.names)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(
            f"{PROFILE_FILE} of {bundle.version} does not say what is normal: train the bundle again to watch it"
        ) from error


def parse_profile(document: Mapping[str, Any], names: Sequence[str]) -> Profile:
    """Read what `bundle.reference.build_profile` made, for these features; raises KeyError, TypeError or ValueError."""
    stored = document["features"]
    return Profile(
        rows=int(document["rows"]),
        thin_files=float(document["thin_files"]),
        features={name: _read_bins(stored[name]) for name in names},
        importances=np.array([stored[name]["importance"] for name in names], dtype=np.float64),
        score=_read_bins(document[SCORE]),
        probability=_read_bins(document[PROBABILITY]),
    )


def _read_bins(stored: Mapping[str, Any]) -> Bins:
    categories = tuple(stored.get("categories", ()))
    edges = np.arange(len(categories) - 1) if categories else stored["edges"]
    return Bins(
        edges=np.asarray(edges, dtype=np.float64),
        shares=np.array([*stored["shares"], stored["missing"]], dtype=np.float64),
        categories=categories,
    )

"""The features of many clients in memory."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvent.features.program import Program
from solvent.features.pruning import keep_features


@dataclass(frozen=True)
class FeatureMatrix:
    """One row of features per client.

    `client_ids`: int64 of shape (clients,), ascending. `values`: float32 of shape (clients, features) in the order of
    the program, NaN where missing, categories as codes. `target`: float32 of shape (clients,), 1 for a default, 0 for
    none, NaN where unknown.
    """

    client_ids: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    target: npt.NDArray[np.float32]
    program: Program

    def __len__(self) -> int:
        return len(self.client_ids)

    def rows(self, keep: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "FeatureMatrix":
        """The rows that a mask or an array of positions selects."""
        return FeatureMatrix(self.client_ids[keep], self.values[keep], self.target[keep], self.program)

    def keep(self, names: Collection[str]) -> "FeatureMatrix":
        """The same rows with these features only, in the order of the program."""
        columns = [position for position, name in enumerate(self.program.names) if name in set(names)]
        program = keep_features(self.program, names)
        return FeatureMatrix(self.client_ids, self.values[:, columns], self.target, program)

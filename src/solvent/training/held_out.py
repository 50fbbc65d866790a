"""How a model scored rows that no part of it was fitted or chosen on: what two models are compared by."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from solvent.errors import TrainingError
from solvent.training.applicants import PROTECTED, UNKNOWN, Applicants, Labels
from solvent.training.measures import ScoredOutcomes

_NUMBERS = ("scores", "probabilities", "defaulted")


@dataclass(frozen=True)
class HeldOut:
    """Held-out rows of one model, one per client, by ascending id.

    `refused`: what its policy does with each, bool of shape (rows,). `labels`: the protected attributes of each row,
    "" where unknown. The file is personal data: it lies in the model store, beside the bundle and never in it.
    """

    client_ids: npt.NDArray[np.int64]
    outcomes: ScoredOutcomes
    refused: npt.NDArray[np.bool_]
    labels: Mapping[str, Labels]

    def __len__(self) -> int:
        return len(self.client_ids)

    def shared_with(self, other: "HeldOut") -> tuple["HeldOut", "HeldOut"]:
        """The rows of both models on the same clients with the same outcome, in one order."""
        _, here, there = np.intersect1d(self.client_ids, other.client_ids, assume_unique=True, return_indices=True)
        agree = self.outcomes.defaulted[here] == other.outcomes.defaulted[there]
        return self.take(here[agree]), other.take(there[agree])

    def to_parquet(self) -> bytes:
        """Render the rows."""
        columns: dict[str, npt.NDArray[np.generic]] = {"client_id": self.client_ids, "refused": self.refused}
        columns |= {name: getattr(self.outcomes, name) for name in _NUMBERS} | dict(self.labels)
        buffer = io.BytesIO()
        pyarrow.parquet.write_table(pa.table(dict(columns)), buffer, compression="zstd")
        return buffer.getvalue()

    @staticmethod
    def from_parquet(content: bytes) -> "HeldOut":
        """Read what `to_parquet` wrote; raises TrainingError."""
        try:
            table = pyarrow.parquet.read_table(io.BytesIO(content))
            columns = {name: table[name].to_numpy() for name in table.column_names}
            outcomes = ScoredOutcomes(*(columns[name] for name in _NUMBERS))
            labels = {name: columns[name].astype(np.str_) for name in PROTECTED}
            return HeldOut(columns["client_id"], outcomes, columns["refused"], labels)
        except (pa.ArrowException, KeyError) as error:
            raise TrainingError("held-out rows are damaged: train the model again") from error

    def take(self, rows: npt.NDArray[np.intp]) -> "HeldOut":
        """The rows at these positions."""
        labels = {name: values[rows] for name, values in self.labels.items()}
        return HeldOut(self.client_ids[rows], self.outcomes.take(rows), self.refused[rows], labels)


def hold_out(
    client_ids: npt.NDArray[np.int64], outcomes: ScoredOutcomes, *, threshold: float, applicants: Applicants | None
) -> HeldOut:
    """Collect held-out rows; without applicants every protected attribute is unknown."""
    order = np.argsort(client_ids)
    nothing = np.full(len(client_ids), UNKNOWN, dtype=np.str_)
    labels = {name: nothing if applicants is None else applicants.labels[name] for name in PROTECTED}
    return HeldOut(client_ids, outcomes, outcomes.probabilities >= threshold, labels).take(order)

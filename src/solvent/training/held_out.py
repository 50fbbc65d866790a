"""How a model scored rows that no part of it was fitted or chosen on: what two models are compared by."""

import hmac
import io
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from solvent.errors import TrainingError
from solvent.training.applicants import PROTECTED, UNKNOWN, Applicants, Labels
from solvent.training.measures import ScoredOutcomes

_NUMBERS = ("scores", "probabilities", "defaulted")

Pseudonym = Callable[[int], str]
"""Gives a client a name of 64 hexadecimal digits, by which only the holder of a key can tell who is meant."""


@dataclass(frozen=True)
class HeldOut:
    """Held-out rows of one model, one per client, by ascending id.

    `refused`: what its policy does with each, bool of shape (rows,). `labels`: the protected attributes of each row,
    "" where unknown. The file lies in the model store, beside the bundle and never in it, and its rows stand under
    pseudonyms: personal data nevertheless, for whoever holds the key (GDPR, recital 26).
    """

    client_ids: npt.NDArray[np.int64]
    outcomes: ScoredOutcomes
    refused: npt.NDArray[np.bool_]
    labels: Mapping[str, Labels]

    def __len__(self) -> int:
        return len(self.client_ids)

    def shared_with(self, other: "HeldOut") -> tuple["HeldOut", "HeldOut"]:
        """The rows of both models on the same clients with the same outcome, in one order.

        A number with another known sex or age band here than there is no client of both. Where most common numbers are
        such, two sets of tables gave the same numbers to different people, and no row is returned.
        """
        _, here, there = np.intersect1d(self.client_ids, other.client_ids, assume_unique=True, return_indices=True)
        ours, theirs = self.take(here), other.take(there)
        same = _same_people(ours, theirs)
        alike = same & (ours.outcomes.defaulted == theirs.outcomes.defaulted)
        are_one_population = 2 * np.count_nonzero(same) >= len(same)
        rows = np.flatnonzero(alike) if are_one_population else np.empty(0, dtype=np.intp)
        return ours.take(rows), theirs.take(rows)

    def under(self, pseudonym: Pseudonym) -> "HeldOut":
        """The rows with the first 64 bits of each client's pseudonym in the place of its number, sorted by them."""
        names = np.array([int(pseudonym(int(client))[:16], 16) for client in self.client_ids], dtype=np.uint64)
        keyed = replace(self, client_ids=names.view(np.int64))
        return keyed.take(np.argsort(keyed.client_ids))

    def to_parquet(self) -> bytes:
        """Render the rows."""
        columns: dict[str, npt.NDArray[np.generic]] = {"pseudonym": self.client_ids, "refused": self.refused}
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
            return HeldOut(columns["pseudonym"], outcomes, columns["refused"], labels)
        except (pa.ArrowException, KeyError) as error:
            raise TrainingError("held-out rows are damaged: train the model again") from error

    def take(self, rows: npt.NDArray[np.intp]) -> "HeldOut":
        """The rows at these positions."""
        labels = {name: values[rows] for name, values in self.labels.items()}
        return HeldOut(self.client_ids[rows], self.outcomes.take(rows), self.refused[rows], labels)


def _same_people(one: HeldOut, other: HeldOut) -> npt.NDArray[np.bool_]:
    """Whether nothing that both know of a client's protected attributes differs, bool of shape (rows,)."""
    same = np.ones(len(one), dtype=np.bool_)
    for name in PROTECTED:
        ours, theirs = one.labels[name], other.labels[name]
        same &= (ours == theirs) | (ours == UNKNOWN) | (theirs == UNKNOWN)
    return same


def draw_pseudonyms() -> Pseudonym:
    """Names under a key that nobody keeps: rows under them can be told apart, and never be tied to a client again."""
    key = secrets.token_bytes(32)
    return lambda client: hmac.digest(key, str(client).encode(), "sha256").hex()


def hold_out(
    client_ids: npt.NDArray[np.int64], outcomes: ScoredOutcomes, *, threshold: float, applicants: Applicants | None
) -> HeldOut:
    """Collect held-out rows; without applicants every protected attribute is unknown."""
    order = np.argsort(client_ids)
    nothing = np.full(len(client_ids), UNKNOWN, dtype=np.str_)
    labels = {name: nothing if applicants is None else applicants.labels[name] for name in PROTECTED}
    return HeldOut(client_ids, outcomes, outcomes.probabilities >= threshold, labels).take(order)

"""Counts decisions in the bins of the reference, a batch at a time, so that memory does not grow with their number."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from solvent.bundle.profile import Bins, Integers, Profile
from solvent.bundle.reference import ScoredRows, find_thin_files
from solvent.domain.observations import VectorBatch
from solvent.errors import MonitoringError
from solvent.features.program import Program


@dataclass(frozen=True)
class BinnedDecisions:
    """Decisions, counted in the bins of a profile.

    `features`: int64 (bins + 1,) for each feature in the order of the program, missing values last; `score` and
    `probability` alike. `thin_files`: decisions on clients without any history.
    """

    decisions: int
    thin_files: int
    features: tuple[Integers, ...]
    score: Integers
    probability: Integers


def unpack(batch: VectorBatch, program: Program) -> ScoredRows:
    """Make arrays of a batch of the log; raises MonitoringError if its vectors are not those of the program."""
    features = np.frombuffer(batch.features, "<f4")
    if features.size != batch.rows * len(program.features):
        raise MonitoringError("recorded vectors do not fit the bundle's features: give the bundle that decided")
    return ScoredRows(
        features.reshape(batch.rows, len(program.features)),
        np.frombuffer(batch.scores, "<f8"),
        np.frombuffer(batch.probabilities, "<f8"),
    )


def count_decisions(parts: Iterable[ScoredRows], profile: Profile, program: Program) -> BinnedDecisions:
    """Count all parts; the parts are read once and not kept."""
    bins = (*profile.features.values(), profile.score, profile.probability)
    totals = [np.zeros(len(one.shares), dtype=np.int64) for one in bins]
    decisions = thin_files = 0
    for part in parts:
        decisions += len(part)
        thin_files += int(find_thin_files(program, part.values).sum())
        columns = (*np.ascontiguousarray(part.values.T), part.scores, part.probabilities)
        totals = [total + one.count(column) for total, one, column in zip(totals, bins, columns, strict=True)]
    return BinnedDecisions(decisions, thin_files, tuple(totals[:-2]), totals[-2], totals[-1])


def expected_counts(profile: Profile) -> BinnedDecisions:
    """Return the reference of a bundle as counts."""
    return BinnedDecisions(
        decisions=profile.rows,
        thin_files=round(profile.thin_files * profile.rows),
        features=tuple(_expected(bins, profile) for bins in profile.features.values()),
        score=_expected(profile.score, profile),
        probability=_expected(profile.probability, profile),
    )


def _expected(bins: Bins, profile: Profile) -> Integers:
    return np.rint(bins.shares * profile.rows).astype(np.int64)


class Sample:
    """A seeded uniform sample of at most `size` decisions of a stream of unknown length.

    Each decision draws a number, and those with the smallest numbers stay (Knuth, TAOCP 2, section 3.4.2).
    """

    def __init__(self, size: int, *, seed: int) -> None:
        self._size = size
        self._random = np.random.default_rng(seed)
        self._keys = np.empty(0)
        self._kept: ScoredRows | None = None

    def watch(self, parts: Iterable[ScoredRows]) -> Iterator[ScoredRows]:
        """Pass the parts on, and keep some of their rows."""
        for part in parts:
            self._add(part)
            yield part

    @property
    def rows(self) -> ScoredRows | None:
        """What was kept, None if nothing came by."""
        return self._kept

    def _add(self, part: ScoredRows) -> None:
        keys = np.concatenate([self._keys, self._random.random(len(part))])
        joined = part if self._kept is None else self._kept.joined(part)
        chosen = np.argsort(keys, kind="stable")[: self._size]
        self._keys, self._kept = keys[chosen], joined.rows(chosen)

"""Decisions with their outcomes as columns, and of which of them figures can speak."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from solvent.domain.measurements import Window
from solvent.domain.outcomes import MIN_COVERAGE, DecidedOutcomes, DefaultDefinition

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int16]
Flags = npt.NDArray[np.bool_]


class Population(StrEnum):
    """Of which decisions the figures speak."""

    ALL = "all decisions"
    APPROVED = "approved decisions alone"


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions with what is known of them, as columns of shape (rows,): months and flags as in `DecidedOutcomes`."""

    months: Integers
    probabilities: Floats
    flags: Integers

    @classmethod
    def of(cls, outcomes: DecidedOutcomes) -> "Decisions":
        return cls(
            np.frombuffer(outcomes.months, "<i2"),
            np.frombuffer(outcomes.probabilities, "<f8"),
            np.frombuffer(outcomes.flags, "<i2"),
        )

    def __len__(self) -> int:
        return len(self.flags)

    def has(self, flag: int) -> Flags:
        found: Flags = (self.flags & flag) != 0
        return found

    def select(self, where: Flags) -> "Decisions":
        return Decisions(self.months[where], self.probabilities[where], self.flags[where])

    @property
    def approved(self) -> Flags:
        return self.has(DecidedOutcomes.APPROVED)

    @property
    def known(self) -> Flags:
        return self.has(DecidedOutcomes.KNOWN)

    @property
    def month(self) -> int:
        return int(self.months[0])

    @property
    def window(self) -> Window:
        start, end = self.month, self.month + 1
        return Window(*(datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC) for number in (start, end)))


def find_population(parts: Sequence[Decisions], definition: DefaultDefinition, as_of: datetime) -> Population:
    """Whether outcomes exist for refused clients, too: of matured decisions nearly as often as for approved ones.

    As long as nothing is known of matured decisions, whether anything at all is said of refused clients.
    """
    matured = [part for part in parts if definition.has_matured(part.window.end, as_of)]
    approved = _share_known([part.select(part.approved) for part in matured])
    refused = _share_known([part.select(~part.approved) for part in matured])
    if approved and refused is not None:
        return Population.ALL if refused >= MIN_COVERAGE * approved else Population.APPROVED
    others = [part.select(~part.approved) for part in parts]
    is_anything_said = any(bool((part.flags > DecidedOutcomes.APPROVED).any()) for part in others)
    return Population.ALL if is_anything_said or not any(map(len, others)) else Population.APPROVED


def _share_known(parts: Sequence[Decisions]) -> float | None:
    rows = sum(map(len, parts))
    return sum(int(part.known.sum()) for part in parts) / rows if rows else None

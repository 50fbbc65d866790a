"""What the report of a retraining says besides: where its rows come from, and how the champion does on them."""

from dataclasses import dataclass
from datetime import datetime

from solvent.training.challenge import Challenge


@dataclass(frozen=True, slots=True)
class Population:
    """Where labelled rows come from.

    `refused` of the `decisions` were refused and have an outcome nevertheless. Where there are none, the model learns
    from accepted applicants only: what it says of applicants like the refused ones is extrapolated. `thin_months`, as
    YYYY-MM, have matured and are left out, because too many of their outcomes are missing.
    """

    source: str
    decisions: int
    refused: int
    first_decided_at: datetime
    last_decided_at: datetime
    thin_months: tuple[str, ...] = ()

    @property
    def is_accepted_only(self) -> bool:
        """Whether no refused applicant has an outcome."""
        return self.refused == 0


@dataclass(frozen=True, slots=True)
class ChampionComparison:
    """The champion of that day, by its bundle version, beside the new model on the new model's held-out rows."""

    champion: str
    figures: Challenge

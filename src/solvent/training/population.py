"""What the report of a retraining says besides: where its rows come from, and how the champion does on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from solvent.domain.outcomes import MIN_COVERAGE
from solvent.training.challenge import Challenge


@dataclass(frozen=True, slots=True)
class Population:
    """Where labelled rows come from.

    `refused` of the `decisions` were refused and have an outcome nevertheless. Where there are none, the model learns
    from accepted applicants only: what it says of applicants like the refused ones is extrapolated. `window_decisions`
    and `window_refused` count the clients of the same months with and without an outcome. `thin_months`, as YYYY-MM,
    have matured and are left out, because too many of their outcomes are missing.
    """

    source: str
    decisions: int
    refused: int
    first_decided_at: datetime
    last_decided_at: datetime
    window_decisions: int
    window_refused: int
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


def find_selection(population: Mapping[str, Any] | None) -> str | None:
    """Say why labelled rows do not stand for all applicants, or None where they do.

    They do where no champion chose them (no population), and where the outcomes of refused applicants are known as
    those of a month must be, `MIN_COVERAGE` of them: rows that a model chose flatter it (reject inference: Hand and
    Henley 1993, "Can reject inference ever work?", IMA J. Management Mathematics 5).

    Args:
        population: as `evaluation.json` holds it.
    """
    if population is None:
        return None
    known, refused = population["refused"], population.get("window_refused")
    if refused is None:
        return f"its {population['decisions']:,} decisions were chosen by a champion, refused ones were not counted"
    if known >= MIN_COVERAGE * refused:
        return None
    return f"of the {refused:,} applicants that were refused in the same months, the outcome of {known:,} is known"

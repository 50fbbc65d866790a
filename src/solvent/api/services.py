"""What the HTTP edge needs from the rest of the house."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from solvent.domain.ports import Clock
from solvent.scoring.service import ScoringService


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of the application, and the largest bodies that it reads, in bytes."""

    service: ScoringService
    clock: Clock
    new_id: Callable[[], UUID]
    max_body_bytes: int
    max_batch_body_bytes: int

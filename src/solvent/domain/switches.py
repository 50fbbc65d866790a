"""Changes of the model in force."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SwitchKind(StrEnum):
    """Why a model came into force."""

    START = "start"
    RELOAD = "reload"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class ModelSwitch:
    """A change of the model in force; with a `refusal` the bundle was not taken and nothing changed."""

    kind: SwitchKind
    requested_by: str
    previous_version: str | None
    model_version: str | None
    bundle_digest: str | None
    refusal: str | None = None
    switched_at: datetime | None = None

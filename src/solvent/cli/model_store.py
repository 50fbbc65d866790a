"""Opens the registry of models as the settings say: what keeps its changes apart depends on the database."""
# ruff: noqa: PLC0415 - importing mlflow takes 2 s

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from solvent.settings import Settings
    from solvent.training.tracking import ModelRegistry

_POSTGRES = "postgresql"


def open_registry(settings: "Settings") -> "ModelRegistry":
    """The registry of a deployment; raises TrainingError if its store cannot be used."""
    from solvent.training.tracking import ModelRegistry

    uri = settings.tracking_uri
    if not uri.startswith(_POSTGRES):
        return ModelRegistry(uri)
    from solvent.decision_log.database.exclusive import hold_named

    address = uri.partition("://")[2]
    return ModelRegistry(
        f"{_POSTGRES}+psycopg://{address}",
        artifacts=(settings.home / "mlflow" / "artifacts").resolve().as_uri(),
        exclusive=partial(hold_named, f"{_POSTGRES}://{address}", "model registry"),
    )

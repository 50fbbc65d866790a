"""Models made of what the log kept of them, in memory for every visitor."""

from functools import lru_cache

from solvent.bootstrap import restore_model
from solvent.decision_log.database.roles import AS_OFFICER
from solvent.decision_log.figures.questions import open_reader
from solvent.decision_log.registers.model_switches import find_version_in_force
from solvent.decision_log.registers.models import list_models
from solvent.scoring.model import Model

MOST_KEPT = 2
"""Each takes some ten MB, and one to three seconds to make: most of that are the tables of its contributions."""


@lru_cache(maxsize=MOST_KEPT)
def load_recorded_model(url: str, version: str) -> Model:
    """A model of the log, ready to decide; raises DecisionLogError and BundleError."""
    with open_reader(url, session=AS_OFFICER) as connection:
        return restore_model(connection, version)


def load_model_in_force(url: str) -> None:
    """Keep the model whose decisions will be opened first; does nothing where the log knows none.

    Raises:
        DecisionLogError: the log cannot be read.
        BundleError: what it kept does not make a model.
    """
    with open_reader(url) as connection:
        known = [model.model_version for model in list_models(connection)]
        version = find_version_in_force(connection)
    if known:
        load_recorded_model(url, version if version in known else known[-1])

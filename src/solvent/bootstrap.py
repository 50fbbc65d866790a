"""Builds the objects of a process from its settings; nothing else constructs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from solvent import __version__
from solvent.bundle.files import read_bundle
from solvent.decision_log.connections import connect_sync
from solvent.decision_log.embedded import start_embedded
from solvent.decision_log.partitions import ensure_partitions
from solvent.decision_log.revisions import upgrade
from solvent.decision_log.self_check import check_server_settings
from solvent.decision_log.writer import PostgresDecisionLog
from solvent.domain.clock import utc_now
from solvent.domain.ports import DecisionLog
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id
from solvent.scoring.service import ScoringService
from solvent.settings import Settings


@contextmanager
def open_database(settings: Settings) -> Iterator[str]:
    """Give the URL of the database: the one that is set, or the embedded server while the context lasts."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with start_embedded(settings.database_directory) as server:
        yield server.url


def prepare_database(url: str) -> None:
    """Bring the schema to the newest revision, make the partitions of the coming months, check the server's settings.

    Raises:
        DecisionLogError: a setting of the server would lose decisions, or the database cannot be reached.
    """
    upgrade(url)
    ensure_partitions(url, utc_now())
    with connect_sync(url, application_name="solvent-start") as connection:
        check_server_settings(connection)


def load_model(bundle: Path) -> Model:
    """Read and check a bundle and make it ready to decide; raises BundleError."""
    return Model(read_bundle(bundle))


def open_log(url: str) -> PostgresDecisionLog:
    """The decision log of one process; open it inside its event loop."""
    return PostgresDecisionLog(url, clock=utc_now)


def build_service(model: Model, log: DecisionLog) -> ScoringService:
    """The scoring service of one process."""
    return ScoringService(model, log, clock=utc_now, new_id=new_request_id, api_version=__version__)

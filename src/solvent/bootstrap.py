"""Builds the objects of a process from its settings; nothing else constructs them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog

from solvent import __version__
from solvent.bundle.files import Bundle, read_bundle
from solvent.bundle.quality import check_quality
from solvent.bundle.recorded import restore_bundle
from solvent.decision_log.audit.sealing import Sealer
from solvent.decision_log.audit.signing import Signer, make_signer, read_public_key, read_signer
from solvent.decision_log.database.connections import SyncConnection, connect_sync, connected_for
from solvent.decision_log.database.embedded import EmbeddedServer, start_embedded
from solvent.decision_log.database.revisions import check_revision, upgrade
from solvent.decision_log.database.same_server import SameServer
from solvent.decision_log.database.self_check import check_server_settings
from solvent.decision_log.keeping.housekeeping import Housekeeper
from solvent.decision_log.keeping.partitions import ensure_partitions
from solvent.decision_log.keeping.restoration import check_nothing_is_to_be_erased_again
from solvent.decision_log.keeping.retention import RetentionRules
from solvent.decision_log.registers.models import list_models, read_files
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.clock import utc_now
from solvent.domain.ports import DecisionLog
from solvent.errors import DecisionLogError
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id
from solvent.scoring.service import ScoringService
from solvent.settings import Environment, Settings

WATCH_SECONDS = 1.0
"""How often the embedded server is looked at."""

log = structlog.get_logger(__name__)


@contextmanager
def open_database(settings: Settings) -> Iterator[str]:
    """Give the URL of the database: the one that is set, or the embedded server while the context lasts."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with start_embedded(settings.database_directory) as server, _kept_running(server):
        yield server.url


@contextmanager
def _kept_running(server: EmbeddedServer) -> Iterator[None]:
    """Start the embedded server again within seconds if it is ended by hand."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(WATCH_SECONDS):
            try:
                if server.revive():
                    log.warning("embedded_database_revived")
            except DecisionLogError:
                log.error("embedded_database_not_revived")  # noqa: TRY400 - tried again, and its log file tells why

    thread = threading.Thread(target=watch, name="embedded database", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


CHECK_SECONDS = 8.0
"""Time to look at a database before it is used."""


def prepare_database(url: str) -> None:
    """Bring the schema to the newest revision, make the partitions of the coming months, check the server's settings.

    Raises:
        DecisionLogError: the database cannot be reached.
        UnsafeLogError: a setting of the server, or a right, would let decisions get lost or changed.
    """
    upgrade(url)
    ensure_partitions(url, utc_now())
    with connect_sync(url, application_name="solvent-start") as connection:
        check_server_settings(connection)


def prepare_serving(url: str, settings: Settings) -> None:
    """Do what a process needs before it decides: in production only check, since its login may change nothing.

    Raises:
        DecisionLogError: as `prepare_database`; in production also a database that is not at the newest revision.
        UnsafeLogError: as `prepare_database`, or a database that is older than an erasure; in production also a login
            that could change decisions.
    """
    if settings.environment is Environment.LOCAL:
        prepare_database(url)
    check_serving(url, settings)


def prepare_watching(url: str, settings: Settings) -> None:
    """Do what monitors and reports need first: in production only check, since their login may change no schema.

    Raises:
        DecisionLogError: the database is away; in production also if it is not at the newest revision.
        UnsafeLogError: a setting of the server would let decisions get lost.
    """
    if settings.environment is Environment.LOCAL:
        prepare_database(url)
    else:
        check_revision(url)


def check_serving(url: str, settings: Settings) -> None:
    """Return if decisions may be recorded in this database; changes nothing, and ends within some seconds.

    Raises:
        DecisionLogError: see `prepare_serving`.
        UnsafeLogError: see `prepare_serving`.
    """
    with connected_for(url, CHECK_SECONDS, application_name="solvent-start") as connection:
        check_server_settings(connection, with_login=settings.environment is not Environment.LOCAL)
        check_nothing_is_to_be_erased_again(connection, settings.ledger_folder)


def bundle_reader(settings: Settings) -> Callable[[Path], Bundle]:
    """What reads bundles here: where a key is trusted, it takes only what that key has signed.

    Raises:
        UnsafeLogError: the file of the key holds none.
    """
    if settings.bundle_public_key is None:
        return read_bundle
    return partial(read_bundle, is_signed=read_public_key(settings.bundle_public_key).has_signed)


def load_model(bundle: Path, settings: Settings | None = None) -> Model:
    """Read and check a bundle and make it ready to decide; with settings also its signature.

    Raises:
        BundleError: a file is not what training wrote, a step of the program cannot run, or the model is no better
            than chance on its test clients.
    """
    read = read_bundle if settings is None else bundle_reader(settings)
    found = read(bundle)
    check_quality(found)
    return Model(found)


def open_log(url: str, settings: Settings | None = None) -> PostgresDecisionLog:
    """The decision log of one process; open it inside its event loop.

    With settings it also signs checkpoints and tidies up, as every process that decides must.

    Raises:
        UnsafeLogError: the signing key is missing or not safe.
    """
    if settings is None:
        return PostgresDecisionLog(url, clock=utc_now)
    server = SameServer(partial(check_serving, url, settings))
    signer = open_signer(settings)
    sealer = Sealer(url, signer=signer, folder=settings.ledger_folder, clock=utc_now, server=server)
    housekeeper = Housekeeper(url, claims_kept=retention_rules(settings).claims, clock=utc_now)
    return PostgresDecisionLog(url, clock=utc_now, companions=(sealer, housekeeper), server=server)


def restore_model(connection: SyncConnection, version: str) -> Model:
    """Make a model ready to decide from what the log kept of it.

    Raises:
        DecisionLogError: the log does not know the version, or a file was altered.
        BundleError: the files do not make a bundle.
    """
    found = next((model for model in list_models(connection) if model.model_version == version), None)
    if found is None:
        raise DecisionLogError(f"the log holds no model of version {version}: run `solvent ledger verify`")
    return Model(restore_bundle(found.manifest, read_files(connection, found)))


def retention_rules(settings: Settings) -> RetentionRules:
    """How long rows are kept, as the settings say."""
    return RetentionRules(
        decisions=timedelta(days=settings.decisions_kept_days),
        failures=timedelta(days=settings.failures_kept_days),
        telemetry=timedelta(days=settings.telemetry_kept_days),
        claims=timedelta(hours=settings.claims_kept_hours),
    )


def open_signer(settings: Settings) -> Signer:
    """The signing key of the deployment; on one machine for one person it is made at the first start.

    Raises:
        UnsafeLogError: the key is missing or not safe.
    """
    if settings.environment is Environment.LOCAL and settings.audit_key_file is None:
        return make_signer(settings.signing_key_file)
    return read_signer(settings.signing_key_file)


def build_service(model: Model, log: DecisionLog) -> ScoringService:
    """The scoring service of one process."""
    return ScoringService(model, log, clock=utc_now, new_id=new_request_id, api_version=__version__)

"""What tests of several rooms share: one embedded PostgreSQL per run, a fresh database per test, a small model."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import structlog
from hypothesis import settings

from solvent.decision_log.database import revisions
from solvent.decision_log.database.embedded import EmbeddedServer, start_embedded
from solvent.decision_log.writing.writer import PostgresDecisionLog
from troubled_log import TroubledLog

if TYPE_CHECKING:
    from solvent.scoring.model import Model

settings.register_profile("repeatable", derandomize=True)
settings.register_profile("thorough", max_examples=1000, derandomize=False)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Undo what a test did to logging: it may write to a stream that closes with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[EmbeddedServer]:
    """A running PostgreSQL that keeps its data in a short temporary folder."""
    with TemporaryDirectory(prefix="solvent-pg-") as directory, start_embedded(Path(directory)) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(embedded_server: EmbeddedServer) -> Iterator[str]:
    """Name of a migrated database without rows, to copy from."""
    with _database(embedded_server.url, template="template0") as url:
        revisions.upgrade(url)
        yield _name(url)


@pytest.fixture
def database_url(embedded_server: EmbeddedServer, migrated_template: str) -> Iterator[str]:
    """A migrated database without rows, for one test alone."""
    with _database(embedded_server.url, template=migrated_template) as url:
        yield url


@pytest.fixture
def unmigrated_url(embedded_server: EmbeddedServer) -> Iterator[str]:
    """A database without tables, for one test alone."""
    with _database(embedded_server.url, template="template0") as url:
        yield url


@pytest.fixture
def rows(database_url: str) -> Callable[[str], list[tuple[Any, ...]]]:
    """Reads the database of the test over a connection of its own, so that it sees committed rows only."""

    def read(query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(database_url, options="-c timezone=UTC") as connection:
            return connection.execute(query.encode()).fetchall()

    return read


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a bundle with a really trained small model; see `tiny_model`."""
    from tiny_model import write_tiny_bundle  # noqa: PLC0415 - LightGBM takes over a second to import

    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def model(tiny_bundle: Path) -> "Model":
    """The small model, ready to decide."""
    from solvent.bootstrap import load_model  # noqa: PLC0415 - it imports LightGBM too

    return load_model(tiny_bundle)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store without a model; making its tables takes 2 s, so tests copy it."""
    from solvent.training.tracking import ModelRegistry  # noqa: PLC0415 - importing mlflow takes 2 s

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    ModelRegistry(f"sqlite:///{path}")
    return path


@pytest.fixture
def uri(empty_store: Path, tmp_path: Path) -> str:
    """Address of a store without a model, for one test alone."""
    folder = tmp_path / "my models"
    folder.mkdir()
    (folder / "mlflow.db").write_bytes(empty_store.read_bytes())
    return f"sqlite:///{folder}/mlflow.db"


@pytest.fixture
def log() -> TroubledLog:
    """A decision log in memory."""
    return TroubledLog()


@pytest.fixture
async def api(model: "Model", log: TroubledLog, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API on that model and that log, with limits of 8 kB for one body and 16 kB for a batch."""
    from solvent.api.app import create_app  # noqa: PLC0415
    from solvent.api.services import Services  # noqa: PLC0415
    from solvent.bootstrap import build_service  # noqa: PLC0415
    from solvent.domain.clock import utc_now  # noqa: PLC0415
    from solvent.scoring.process import new_request_id  # noqa: PLC0415

    service = build_service(model, log)
    await service.start()
    app = create_app(Services(service, utc_now, new_request_id, max_body_bytes=8_000, max_batch_body_bytes=16_000))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://solvent.test") as client:
        yield client


@pytest.fixture
def anyio_backend() -> str:
    """Tests marked anyio run on asyncio."""
    return "asyncio"


@pytest.fixture
async def postgres_log(database_url: str, anyio_backend: str) -> AsyncIterator[PostgresDecisionLog]:
    """An open decision log on the database of the test."""
    async with PostgresDecisionLog(database_url) as log:
        yield log


@contextmanager
def _database(server_url: str, *, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        yield server_url.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _name(url: str) -> str:
    return url.rpartition("/")[2].partition("?")[0]

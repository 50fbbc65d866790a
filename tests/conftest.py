"""What tests of several rooms share: one embedded PostgreSQL per run, and a fresh migrated database per test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
import pytest

from solvent.decision_log import revisions
from solvent.decision_log.embedded import EmbeddedServer, start_embedded


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


@contextmanager
def _database(server_url: str, *, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield server_url.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _name(url: str) -> str:
    return url.rpartition("/")[2].partition("?")[0]

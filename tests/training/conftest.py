"""A model store for each test that wants one."""

from pathlib import Path

import pytest


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

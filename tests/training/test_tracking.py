"""The registry: the first model is champion, later ones challenge, and every change of champion is recorded."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from compared_models import result, scored
from small_portfolio import QUICK, make_portfolio
from store_examples import aliases, make_registry, pseudonym

from solvent.bundle.files import read_bundle
from solvent.errors import TrainingError
from solvent.training.report import TrainingResult
from solvent.training.run import TrainingRequest, train_on
from solvent.training.run_values import list_metrics
from solvent.training.tracking import ModelRegistry, log_training

pytestmark = pytest.mark.slow

ROWS = scored(clients=400)


def trained(directory: Path, *, note: str = "") -> TrainingResult:
    """A training whose note gives its bundle a version of its own."""
    return result(directory, ROWS, note=note)


def with_models(uri: str, directory: Path, count: int) -> ModelRegistry:
    registry = make_registry(uri)
    for number in range(1, count + 1):
        registry.log(trained(directory / f"bundle{number}", note=str(number)), who="anna", pseudonym=pseudonym)
    return registry


def test_the_first_model_becomes_champion_and_later_ones_challenge(uri: str, tmp_path: Path) -> None:
    registry = with_models(uri, tmp_path, 3)
    assert aliases(registry) == {3: ("challenger",), 2: (), 1: ("champion",)}
    assert [(entry.action, entry.who, entry.from_version, entry.to_version) for entry in registry.read_audit()] == [
        ("register", "anna", None, 1)
    ]


def test_a_version_says_which_bundle_it_is_and_where(uri: str, tmp_path: Path) -> None:
    training = trained(tmp_path / "bundle")
    assert log_training(training, uri) == 1
    (model,) = ModelRegistry(uri).list_models()
    assert model.bundle_version == training.manifest.version
    assert model.auc == training.report.test.auc.value
    assert abs(model.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert Path(model.bundle_directory).is_relative_to(tmp_path / "my models" / "artifacts")
    assert read_bundle(Path(model.bundle_directory)).digest == training.manifest.digest


def test_a_training_that_names_a_store_is_kept_there(uri: str, tmp_path: Path) -> None:
    request = TrainingRequest(data=tmp_path, out=tmp_path / "bundle", settings=QUICK, tracking_uri=uri)
    result = train_on(make_portfolio(), request, data_fingerprint="d")
    (model,) = ModelRegistry(uri).list_models()
    assert result.registered_version == model.version == 1
    assert model.bundle_version == result.manifest.version


def test_the_run_holds_metrics_parameters_and_plots(uri: str, tmp_path: Path) -> None:
    with_models(uri, tmp_path, 1)
    with closing(sqlite3.connect(tmp_path / "my models" / "mlflow.db")) as store:
        metrics = dict(store.execute("SELECT key, value FROM metrics").fetchall())
        parameters = dict(store.execute("SELECT key, value FROM params").fetchall())
        runs = store.execute("SELECT status FROM runs").fetchall()
    assert metrics == list_metrics(trained(tmp_path / "again").report)
    assert parameters["data_fingerprint"] == "d"
    assert parameters["num_leaves"] == "6"
    assert runs == [("FINISHED",)]
    assert len(list((tmp_path / "my models" / "artifacts").glob("*/artifacts/plots/*.png"))) == 6


def test_an_empty_store_has_no_models_and_no_past(uri: str) -> None:
    registry = ModelRegistry(uri)
    assert registry.list_models() == ()
    assert registry.read_audit() == ()
    assert registry.find_champion() is None


def test_a_training_that_cannot_be_kept_leaves_a_failed_run_and_no_model(uri: str, tmp_path: Path) -> None:
    (tmp_path / "my models" / "artifacts").write_text("a file where the folder belongs")
    with pytest.raises(TrainingError, match="model store cannot be used"):
        log_training(trained(tmp_path / "bundle"), uri)
    with closing(sqlite3.connect(tmp_path / "my models" / "mlflow.db")) as store:
        assert store.execute("SELECT status FROM runs").fetchall() == [("FAILED",)]
    assert ModelRegistry(uri).list_models() == ()


@pytest.mark.parametrize("address", ["sqlite:////proc/nowhere/mlflow.db", "file:///nowhere/mlruns"])
def test_refuses_a_store_that_it_cannot_use(address: str) -> None:
    with pytest.raises(TrainingError, match="give sqlite:///PATH or the address of a PostgreSQL that answers"):
        ModelRegistry(address)


def test_refuses_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("a letter to the bank, much longer than the head of a database file" * 20)
    with pytest.raises(TrainingError, match="model store cannot be used"):
        ModelRegistry(f"sqlite:///{tmp_path}/mlflow.db")

"""The registry: the first model is champion, later ones challenge, and every change of champion is recorded."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from example_report import HELD_OUT, OUTCOMES, REPORT
from small_portfolio import PROGRAM, QUICK, make_portfolio

from solvent.bundle.files import BundleContents, read_bundle, write_bundle
from solvent.errors import TrainingError
from solvent.training.report import TrainingResult
from solvent.training.run import TrainingRequest, train_on
from solvent.training.run_values import list_metrics
from solvent.training.tracking import ChampionChange, ModelRegistry, log_training

pytestmark = pytest.mark.slow

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
HEAD = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=5\nobjective=binary sigmoid:1\n"


def trained(directory: Path, *, note: str = "") -> TrainingResult:
    """A bundle whose model card holds the note, so that each has its own version."""
    contents = BundleContents(
        program=PROGRAM,
        model_text=f"{HEAD}feature_names={' '.join(PROGRAM.names)}\n\nTree=0\nnum_leaves=1\n",
        calibration=REPORT.calibration.calibration,
        policy=REPORT.chosen.policy,
        reference=b"PAR1",
        profile={},
        evaluation=REPORT.to_document(),
        model_card=f"# Model card {note}",
        top_features=REPORT.top_features,
        training_rows=1,
        data_fingerprint="d",
        code_version="0.1.0",
        lightgbm_version="4.7.0",
        created_at=NOON,
    )
    return TrainingResult(directory, write_bundle(directory, contents), REPORT, OUTCOMES, HELD_OUT)


def ticking() -> Callable[[], datetime]:
    """A clock that moves on by a minute at each look."""
    times = (NOON + timedelta(minutes=count) for count in range(10_000))
    return lambda: next(times)


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store without a model; making its tables takes 2 s, so tests copy it."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    ModelRegistry(f"sqlite:///{path}")
    return path


@pytest.fixture
def uri(empty_store: Path, tmp_path: Path) -> str:
    folder = tmp_path / "my models"
    folder.mkdir()
    (folder / "mlflow.db").write_bytes(empty_store.read_bytes())
    return f"sqlite:///{folder}/mlflow.db"


def aliases(registry: ModelRegistry) -> dict[int, tuple[str, ...]]:
    return {model.version: model.aliases for model in registry.list_models()}


def with_models(uri: str, directory: Path, count: int) -> ModelRegistry:
    registry = ModelRegistry(uri, clock=ticking())
    for number in range(1, count + 1):
        registry.log(trained(directory / f"bundle{number}", note=str(number)), who="anna")
    return registry


def test_the_first_model_becomes_champion_and_later_ones_challenge(uri: str, tmp_path: Path) -> None:
    registry = with_models(uri, tmp_path, 3)
    assert aliases(registry) == {3: ("challenger",), 2: (), 1: ("champion",)}
    assert [(entry.action, entry.who, entry.from_version, entry.to_version) for entry in registry.read_audit()] == [
        ("register", "anna", None, 1)
    ]


def test_a_version_says_which_bundle_it_is_and_where(uri: str, tmp_path: Path) -> None:
    result = trained(tmp_path / "bundle")
    assert log_training(result, uri) == 1
    (model,) = ModelRegistry(uri).list_models()
    assert model.bundle_version == result.manifest.version
    assert model.auc == 0.785
    assert abs(model.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert Path(model.bundle_directory).is_relative_to(tmp_path / "my models" / "artifacts")
    assert read_bundle(Path(model.bundle_directory)).digest == result.manifest.digest


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
    assert metrics == list_metrics(REPORT)
    assert parameters["data_fingerprint"] == "d"
    assert parameters["num_leaves"] == "24"
    assert runs == [("FINISHED",)]
    assert len(list((tmp_path / "my models" / "artifacts").glob("*/artifacts/plots/*.png"))) == 5


def test_a_promotion_moves_the_champion_and_is_recorded(uri: str, tmp_path: Path) -> None:
    registry = with_models(uri, tmp_path, 2)
    change = registry.promote(2, who="ben", why="lower cost on the test split")
    assert aliases(registry) == {2: ("champion",), 1: ()}
    assert change == ChampionChange("promote", "ben", "lower cost on the test split", change.when, 1, 2)
    assert ModelRegistry(uri).read_audit()[1:] == (change,)
    assert change.when.tzinfo is not None


def test_rollbacks_go_back_one_champion_at_a_time(uri: str, tmp_path: Path) -> None:
    registry = with_models(uri, tmp_path, 3)
    registry.promote(2, who="ben", why="better")
    registry.promote(3, who="ben", why="better still")
    assert registry.rollback(who="carl", why="alert on drift").to_version == 2
    assert aliases(registry) == {3: (), 2: ("champion",), 1: ()}
    assert registry.rollback(who="carl", why="alert again").to_version == 1
    assert [(entry.action, entry.from_version, entry.to_version) for entry in registry.read_audit()] == [
        ("register", None, 1),
        ("promote", 1, 2),
        ("promote", 2, 3),
        ("rollback", 3, 2),
        ("rollback", 2, 1),
    ]
    with pytest.raises(TrainingError, match="no version was champion before this one"):
        registry.rollback(who="carl", why="once more")


def test_refuses_a_change_without_version_name_or_reason(uri: str, tmp_path: Path) -> None:
    registry = with_models(uri, tmp_path, 2)
    with pytest.raises(TrainingError, match="there is no version 9: see `solvent model list`"):
        registry.promote(9, who="ben", why="better")
    with pytest.raises(TrainingError, match="version 1 is champion already"):
        registry.promote(1, who="ben", why="better")
    for who, why in ((" ", "better"), ("ben", "")):
        with pytest.raises(TrainingError, match="needs a name and a reason"):
            registry.promote(2, who=who, why=why)
    assert aliases(registry) == {2: ("challenger",), 1: ("champion",)}
    assert len(registry.read_audit()) == 1


def test_an_empty_store_has_no_models_and_no_past(uri: str) -> None:
    registry = ModelRegistry(uri)
    assert registry.list_models() == ()
    assert registry.read_audit() == ()
    with pytest.raises(TrainingError, match="no version was champion"):
        registry.rollback(who="ben", why="x")


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

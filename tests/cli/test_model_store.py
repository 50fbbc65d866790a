"""The registry in PostgreSQL: its changes wait for each other across processes."""

import threading
import time
from pathlib import Path

import pytest

from solvent.cli.model_store import open_registry
from solvent.decision_log.database.exclusive import hold_named
from solvent.errors import DecisionLogError
from solvent.settings import Settings

pytestmark = pytest.mark.postgres


def test_a_named_lock_is_held_by_one_session_and_let_go(database_url: str) -> None:
    entered: list[float] = []

    def enter() -> None:
        with hold_named(database_url, "registry"):
            entered.append(time.monotonic())

    with hold_named(database_url, "registry"), hold_named(database_url, "something else"):
        waiting = threading.Thread(target=enter)
        waiting.start()
        time.sleep(0.3)
        left = time.monotonic()
        assert entered == []
    waiting.join(timeout=10)
    assert entered[0] >= left


def test_a_lock_that_stays_held_is_an_error(database_url: str) -> None:
    with (
        hold_named(database_url, "registry"),
        pytest.raises(DecisionLogError, match="another command holds the lock of registry"),
        hold_named(database_url, "registry", wait_seconds=1),
    ):
        pass


@pytest.mark.slow
def test_models_are_kept_in_postgresql_if_its_address_is_set(unmigrated_url: str, tmp_path: Path) -> None:
    registry = open_registry(Settings(home=tmp_path, mlflow_tracking_uri=unmigrated_url))
    assert registry.list_models() == ()
    with (
        registry.alone(),
        pytest.raises(DecisionLogError),
        hold_named(unmigrated_url, "model registry", wait_seconds=1),
    ):
        pass

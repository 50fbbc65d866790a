"""A small simulated lender and a model really trained on it, made once for the tests of this folder."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def small_lender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `world` (4,000 clients), `bundle`, and `mlflow.db` with the run that made it."""
    from solvent.training.run import TrainingRequest, train  # noqa: PLC0415 - it loads slowly
    from solvent.world.making import WorldRequest, make_world  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("lender")
    make_world(folder / "world", WorldRequest(4_000, 7, "parquet"), progress=_say_nothing)
    request = TrainingRequest(folder / "world", folder / "bundle", 7, tracking_uri=f"sqlite:///{folder}/mlflow.db")
    train(request, progress=_say_nothing)
    return folder


def _say_nothing(_what: str, _share: float) -> None:
    """Progress that nobody looks at."""
